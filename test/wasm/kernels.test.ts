/** Kernels in WebAssembly at sizes that no tile divides, with every nest that a kernel may have, against float64. */
import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import * as X from '../../codegen/expr'
import type { Plan } from '../../codegen/plan'
import { schedule } from '../../codegen/schedule'
import { keyOf, type Nest } from '../../codegen/schedules/nest'
import * as N from '../../codegen/schedules/node'
import { type ScheduledRegion, scheduleFor } from '../../codegen/schedules/schedule'
import { type PrintOptions, print, wasm } from '../../codegen/targets/wasm/print'
import { showModule } from '../../codegen/targets/wasm/text'
import { interpret } from '../../runtime/equations/interpret'
import * as Key from '../../runtime/random/key'
import { engine } from '../../runtime/wasm/engine'
import * as Dim from '../../spec/dim'
import { golden } from '../golden/golden'
import { right } from '../support/right'

type Inputs = Readonly<Record<string, readonly number[]>>

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

const programOf = (inputs: Inputs, over: readonly X.Index[], value: X.Expr) => {
  const e = byHand({
    name: 'kernel',
    inputs: Object.entries(inputs).map(([name, dims]) => ({ name, role: 'data' as const, dims })),
    equations: [{ defines: 'y', over, value }],
    outputs: ['y']
  })
  const arrays = Object.fromEntries(
    Object.entries(inputs).map(([name, dims], at) => [
      name,
      Float32Array.from(Key.normal(Key.fold(Key.key(11), at), product(dims)))
    ])
  )
  const exact = Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, Float64Array.from(a)]))
  return { plan: right(schedule(wasm, {})(e)), arrays, want: interpret(e, {}, exact)['y'] ?? new Float64Array() }
}

type Given = ReturnType<typeof programOf>

const run = async ({ plan, arrays }: Given, options: PrintOptions = {}, fused = true): Promise<Float32Array> => {
  const made = await engine(print(plan, options), fused)
  for (const [name, array] of Object.entries(arrays)) made.write(name, array)
  const answer = await made.run(['y'])
  await made.destroy()
  return answer['y'] ?? new Float32Array()
}

/** The largest error, in units of the largest number of the result. */
const errorOf = (got: Float32Array, want: Float64Array): number => {
  const scale = want.reduce((most, x) => Math.max(most, Math.abs(x)), 1)
  return want.reduce((most, x, at) => {
    const apart = Math.abs(x - (got[at] ?? Number.NaN)) / scale
    return Number.isNaN(apart) ? Number.POSITIVE_INFINITY : Math.max(most, apart)
  }, 0)
}

/** `y[i,j] = sum_c A B + bias[j]`, either operand transposed. */
const product2 = (m: number, n: number, depth: number, left: boolean, rightT: boolean): Given => {
  const [i, j, c] = [X.index('i', m), X.index('j', n), X.index('c', depth)]
  const [A, B] = [X.tensor('A'), X.tensor('B')]
  const value = X.sum([c], left ? A(c, i) : A(i, c), rightT ? B(j, c) : B(c, j))
  const inputs = { A: left ? [depth, m] : [m, depth], B: rightT ? [n, depth] : [depth, n], bias: [n] }
  return programOf(inputs, [i, j], X.add(value, X.tensor('bias')(j)))
}

const odd = [1, 2, 3, 4, 5, 7, 9, 16, 17, 33]

test('products of all sizes, transposed and not', async (t) => {
  const wrong: string[] = []
  for (const m of odd) {
    for (const n of odd) {
      const depth = odd[(3 * m + n) % odd.length] ?? 1
      for (const [left, rightT] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true]
      ] as const) {
        const given = product2(m, n, depth, left, rightT)
        const error = errorOf(await run(given), given.want)
        if (!(error < 1e-5)) wrong.push(`${m} x ${depth} x ${n} ${left} ${rightT}: ${error}`)
      }
    }
  }
  t.deepEqual(wrong, [], `${4 * odd.length ** 2} products`)
  t.end()
})

const nests: Readonly<Record<string, (n: Nest) => Partial<Nest>>> = {
  'one row': () => ({ height: 1 }),
  'three rows of one vector': () => ({ height: 3, columns: 1 }),
  'no panels': () => ({ panels: [] }),
  'chunks of five': () => ({ chunk: 5, height: 2 }),
  'chunks of one block': () => ({ chunk: 3, height: 3 }),
  'six vectors': () => ({ height: 1, columns: 6 }),
  'sums in lanes': () => ({ columns: 1, height: 2, panels: [], reductions: [{ lanes: 'c' }] }),
  'no lanes': () => ({
    lanes: null,
    columns: 1,
    rows: 'j',
    height: 3,
    panels: [],
    chunk: null,
    reductions: [{ lanes: null }]
  }),
  'no lanes but in the sum': () => ({
    lanes: null,
    columns: 1,
    rows: 'j',
    height: 3,
    panels: [],
    chunk: null,
    reductions: [{ lanes: 'c' }]
  })
}

test('every nest computes the same', async (t) => {
  const given = product2(23, 29, 19, false, true)
  // Single numbers have no fused operation, so that only separate ones have the same bits with and without lanes.
  const plain = await run(given, {}, false)
  for (const [name, change] of Object.entries(nests)) {
    const own = scheduleFor(given.plan, (r: ScheduledRegion) => ({ ...r.nest, ...change(r.nest) }))
    const got = await run(given, { schedule: own })
    t.ok(errorOf(got, given.want) < 1e-5, `${name}: ${errorOf(got, given.want)}`)
    if (own.kernels[0]?.regions[0]?.nest.reductions[0]?.lanes === null) {
      t.deepEqual(await run(given, { schedule: own }, false), plain, `${name}: bit for bit`)
    }
  }
  t.end()
})

test('rows copied first, in chunks and whole', async (t) => {
  const given = product2(23, 29, 19, true, false)
  const plain = await run(given)
  for (const chunk of [null, 5, 8, 17]) {
    const own = scheduleFor(given.plan, ({ region, nest }) => {
      const [read] = N.reads(region.value).filter((r) => r.array === 'A')
      return { ...nest, chunk, rowPanels: read === undefined ? [] : [keyOf(read)] }
    })
    t.equal(own.kernels[0]?.regions[0]?.nest.rowPanels.length, 1, 'there is something to copy')
    t.deepEqual(await run(given, { schedule: own }), plain, `chunks of ${chunk ?? 'all'}: bit for bit`)
  }
  t.end()
})

test('conditions, packed positions and functions, along the lanes and across them', async (t) => {
  const wrong: string[] = []
  for (const size of [3, 4, 7, 13]) {
    const [i, j, k] = [X.index('i', 5), X.index('j', size), X.index('k', 6)]
    const [x, A, w] = [X.tensor('x'), X.tensor('A'), X.tensor('w')]
    const inputs = { x: [Math.max(size, 7)], A: [5, size], w: [6] }
    const two = Dim.of(2)
    const values: Readonly<Record<string, X.Expr>> = {
      band: X.below(X.plus(i, 1), j, A(i, j), X.below(j, i, 3, x(j))),
      diagonal: X.equal(i, j, A(i, j), X.exp(A(i, j))),
      'out of bounds where it does not hold': X.below(X.plus(j, 1), Dim.of(size), A(i, X.plus(j, 1)), -1),
      'the same along a diagonal': X.below(X.plus(X.plus(j, i), 1), Dim.of(size), A(i, X.plus(X.plus(j, i), 1)), -1),
      triangle: X.sum([k], X.below(k, X.plus(i, 1), X.multiply(w(k), A(i, j)))),
      'triangle along the lanes': X.sum([k], X.below(k, j, X.multiply(w(k), A(i, j)), 0.5)),
      packed: X.add(x(X.quotient(X.plus(j, i), two)), A(i, X.remainder(X.plus(X.timesBy(i, 3), j), Dim.of(size)))),
      'reversed and strided': X.multiply(w(X.minus(5, 0)), x(X.plus(X.timesBy(j, -1), size - 1))),
      largest: X.largest(X.max([k], X.multiply(w(k), x(j))), X.sqrt(X.multiply(A(i, j), A(i, j)))),
      functions: X.divide(X.tanh(X.multiply(3, A(i, j))), X.add(1.5, X.erf(x(j)))),
      'a sum of sums': X.sum([k], w(k), X.sum([X.index('l', 9)], A(i, j), 0.5)),
      'minus and minus': X.add(X.negate(A(i, j)), X.multiply(-1, x(j)), X.negate(X.negate(x(j))))
    }
    for (const [name, value] of Object.entries(values)) {
      const used = Object.fromEntries(Object.entries(inputs).filter(([label]) => X.tensors(value).includes(label)))
      const given = programOf(used, [i, j], value)
      const error = errorOf(await run(given), given.want)
      if (!(error < 3e-6)) wrong.push(`${name}, ${size} lanes: ${error}`)
    }
  }
  t.deepEqual(wrong, [], 'all agree')
  t.end()
})

test('NaN and infinities pass through', async (t) => {
  const [i, c] = [X.index('i', 6), X.index('c', 9)]
  const value = X.add(X.sum([c], X.tensor('A')(i, c), X.tensor('x')(c)), X.exp(X.tensor('b')(i)))
  const given = programOf({ A: [6, 9], x: [9], b: [6] }, [i], value)
  const [A, b] = [given.arrays['A'] ?? new Float32Array(), given.arrays['b'] ?? new Float32Array()]
  A[9 + 4] = Number.NaN
  A[3 * 9 + 8] = Number.POSITIVE_INFINITY
  b[5] = Number.NaN
  const got = await run(given)
  t.deepEqual(
    [...got].map((x) => (Number.isNaN(x) ? 'NaN' : Number.isFinite(x) ? 'finite' : 'infinite')),
    ['finite', 'NaN', 'finite', 'infinite', 'finite', 'NaN']
  )
  t.end()
})

test('a product and an activation in print', (t) => {
  golden(t, 'kernels/product-wasm', showModule(print(product2(9, 33, 16, false, true).plan).module))
  const [i, x] = [X.index('i', 13), X.tensor('x')]
  golden(t, 'kernels/tanh-wasm', showModule(print(programOf({ x: [13] }, [i], X.tanh(x(i))).plan).module))
  t.end()
})

/** The plan of many small launches, for memory. */
const small: Plan = product2(9, 9, 9, false, false).plan

test('memory is what was predicted, and calls do not grow it', async (t) => {
  const program = print(small)
  const bytes = program.module.memory.pages * 65536
  t.ok(bytes - 65536 < program.memoryBytes && program.memoryBytes <= bytes, `${program.memoryBytes} of ${bytes} bytes`)
  const made = await engine(program)
  for (const input of small.inputs) made.write(input.name, new Float32Array(product(input.dims)).fill(0.5))
  const used = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().external
  for (let call = 0; call < 1000; call++) await made.run(['y'])
  const before = used()
  for (let call = 0; call < 10_000; call++) await made.run(['y'])
  t.ok(used() - before < 16 * 2 ** 20, `10,000 calls left ${((used() - before) / 2 ** 20).toFixed(1)} MiB to collect`)
  await made.destroy()
  t.end()
})
