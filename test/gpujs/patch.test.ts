/** The patch of gpu.js's WebAssembly generator: when it is taken, that it computes what gpu.js computes, and what it saves. */
import fc from 'fast-check'
import test from 'tape'
import { loadLibrary } from '../../runtime/gpujs/library'
import { open } from '../../runtime/gpujs/runtime'
import { type Affine, affine, type Extents, factsOf, range } from '../../runtime/gpujs/webasm/affine'
import { type Node, part } from '../../runtime/gpujs/webasm/ast'
import { patchedKernel } from '../../runtime/gpujs/webasm/kernel'
import { patchedNode } from '../../runtime/gpujs/webasm/node'
import { decide, patchedVersion, patchOf } from '../../runtime/gpujs/webasm/patch'
import type { StockLibrary } from '../../runtime/gpujs/webasm/stock'
import { must, workingBackends } from './backends'

type Emitters = Readonly<Record<string, (...args: readonly number[]) => unknown>>

/** The patched walk with an emitter whose instruction is damaged. */
const damaged = (stock: StockLibrary, instruction: string, damage: (args: readonly number[]) => readonly number[]) => {
  const Patched = patchedNode(stock.WebAssemblyFunctionNode)
  return class extends Patched {
    override emitVectorFunction(assembler: Parameters<InstanceType<typeof Patched>['emitVectorFunction']>[0]) {
      const { module } = assembler as unknown as { module: { addFunction(...args: readonly unknown[]): Emitters } }
      const add = module.addFunction
      module.addFunction = (...args) => {
        const em = add.apply(module, [...args])
        const original = em[instruction]
        return Object.assign(em, {
          [instruction]: (...own: readonly number[]) => original?.apply(em, [...damage(own)])
        })
      }
      try {
        return super.emitVectorFunction(assembler)
      } finally {
        module.addFunction = add
      }
    }
  }
}

test('the patch is taken where it fits, and only there', async (t) => {
  const library = await loadLibrary()
  const whole = (stock: StockLibrary): unknown => patchedKernel(stock)
  t.equal(patchOf(library).patched, true, patchOf(library).reason)
  const other = decide(library, '2.24.2', whole)
  t.deepEqual([other.patched, other.reason], [false, `gpu.js is 2.24.2, and the patch is for ${patchedVersion}`])
  const bare = decide({ GPU: library.GPU, input: library.input }, patchedVersion, whole)
  t.equal(bare.patched, false, bare.reason)
  const shifted = decide(library, patchedVersion, (stock) =>
    patchedKernel(
      stock,
      damaged(stock, 'v128Load', ([offset = 0, align = 0]) => [offset + 4, align])
    )
  )
  t.deepEqual([shifted.patched, shifted.reason.slice(0, 24)], [false, 'the patch computes wrong'], shifted.reason)
  const unchecked = decide(library, patchedVersion, (stock) =>
    patchedKernel(
      stock,
      damaged(stock, 'i32Const', ([value = 0]) => [value === 4 ? 1000 : value])
    )
  )
  t.equal(unchecked.patched, false, unchecked.reason)
  const broken = decide(library, patchedVersion, () => {
    throw new Error('nothing to extend')
  })
  t.deepEqual([broken.patched, broken.reason], [false, 'the patch does not apply: nothing to extend'])
  const invalid = decide(library, patchedVersion, (stock) =>
    patchedKernel(
      stock,
      damaged(stock, 'v128Load', () => [0, 31])
    )
  )
  t.equal(invalid.patched, false, invalid.reason)
})

test('a runtime says how its code is made', async (t) => {
  const [patched, stock, cpu] = [
    await must(open('webasm')),
    await must(open('webasm', { stock: true })),
    await must(open('cpu'))
  ]
  t.deepEqual(patched.patch, { patched: true, reason: 'its self-test passed' }, 'patched by default')
  t.deepEqual(stock.patch, { patched: false, reason: 'as asked' }, 'stock on demand')
  t.equal(cpu.patch, null, 'not where no WebAssembly is made')
  for (const runtime of [patched, stock, cpu]) await runtime.close()
})

// --- patched = stock, bit for bit ------------------------------------------------------------------------------------

interface Text {
  readonly source: string
  readonly output: readonly number[]
  readonly dims: readonly (readonly number[])[]
}

const axes = ['x', 'y', 'z'] as const

/** Positions on an axis of `extent` that stay on it; one behind a condition may not, in threads that do not read. */
const positions = (extent: number, output: readonly number[]): readonly string[] => [
  '0',
  String(extent - 1),
  ...output.flatMap((size, k) => {
    const own = `this.thread.${axes[k]}`
    const shifts = Array.from({ length: Math.max(0, extent - size + 1) }, (_, by) =>
      by === 0 ? own : `${own} + ${by}`
    )
    const back = size <= extent ? [`${extent - 1} - ${own}`] : []
    const halves = k > 0 && Math.ceil(size / 2) <= extent ? [`half${k}`] : []
    const rests = k > 0 && extent >= 2 ? [`rest${k}`] : []
    return [...shifts, ...back, ...halves, ...rests]
  }),
  ...(extent >= 3 ? ['p', 'q'] : []),
  ...(extent >= 6 ? ['2 * p + 1', '5 - p - q'] : [])
]

const text = fc
  .record({
    output: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
    dims: fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }), {
      minLength: 3,
      maxLength: 3
    })
  })
  .chain(({ output, dims }) => {
    const read = (array: number): fc.Arbitrary<string> =>
      fc.tuple(...(dims[array] ?? []).map((extent) => fc.constantFrom(...positions(extent, output)))).map(
        (at) =>
          `a${array}${[...at]
            .reverse()
            .map((p) => `[${p}]`)
            .join('')}`
      )
    const edge = fc.constantFrom(...dims.keys()).map((array) => {
      const [width = 1, ...others] = dims[array] ?? []
      const zeros = others.map(() => '[0]').join('')
      const own = `this.thread.x + ${width - 1}`
      return `if (${own} > 0 && ${own} < ${width + 1}) { s += a${array}${zeros}[${own} - 1]; }`
    })
    const behind = fc.constantFrom(...dims.keys()).map((array) => {
      const sizes = dims[array] ?? []
      const at = sizes.map((_, k) => (output[k] === undefined ? '0' : `this.thread.${axes[k]}`))
      const read = `a${array}${[...at]
        .reverse()
        .map((p) => `[${p}]`)
        .join('')}`
      const guards = sizes.flatMap((size, k) =>
        output[k] === undefined ? [] : [`if (this.thread.${axes[k]} < ${size}) {`]
      )
      return `${guards.join(' ')} s += ${read} * ${read}; ${guards.map(() => '}').join(' ')}`
    })
    const term = fc.constantFrom(...dims.keys()).chain(read)
    const statement = fc.oneof(
      term.map((r) => `s += ${r};`),
      fc.tuple(term, term, term).map(([p, q, r]) => `s += ${p} * ${q} - ${r} * 0.25;`),
      fc.tuple(term, term).map(([p, q]) => `s += this.thread.x > 1 ? ${p} : ${q};`),
      fc.tuple(term, term).map(([p, q]) => `if (${p} < ${q}) { s += ${q}; } else { s -= 0.5 * ${p}; }`),
      edge,
      behind
    )
    return fc.array(statement, { minLength: 1, maxLength: 5 }).map((lines): Text => {
      const tops = output.flatMap((_, k) =>
        k === 0
          ? []
          : [
              `const half${k} = Math.floor((this.thread.${axes[k]} + 0.5) / 2);`,
              `const rest${k} = this.thread.${axes[k]} - half${k} * 2;`
            ]
      )
      const loops = ['for (let p = 0; p < 3; p++) {', 'for (let q = 0; q < 3; q += 2) {', ...lines, '}', '}']
      const source = `function (a0, a1, a2) {\n${[...tops, 'let s = 0;', ...loops].join('\n')}\nreturn s;\n}`
      return { source, output, dims }
    })
  })

const bits = (rows: unknown): readonly number[] =>
  rows instanceof Float32Array ? Array.from(new Uint32Array(rows.slice().buffer)) : (rows as unknown[]).flatMap(bits)

test('random kernels give the same bits patched and as gpu.js makes them', async (t) => {
  if (!(await workingBackends()).includes('webasm')) return t.comment('skipped: webasm does not work here')
  const library = await loadLibrary()
  const patch = patchOf(library)
  if (!patch.patched) return t.fail(patch.reason)
  const run = ({ source, output, dims }: Text, patched: boolean): readonly number[] => {
    const gpu = new library.GPU({ mode: 'webasm' })
    if (patched) gpu.Kernel = patch.Kernel
    const kernel = gpu.createKernel(source, { output, precision: 'single', loopMaxIterations: 1e9 })
    const inputs = dims.map((sizes, array) => {
      const count = sizes.reduce((p, q) => p * q, 1)
      const values = Float32Array.from({ length: count }, (_, k) => Math.sin(1 + 7 * k + 1000 * array) * 10 ** array)
      return library.input(values, [...sizes])
    })
    const got = bits(kernel(...inputs))
    void gpu.destroy()
    return got
  }
  const property = fc.property(text, (one) => {
    const [stock, own] = [run(one, false), run(one, true)]
    return stock.length === own.length && stock.every((word, k) => word === own[k])
  })
  const found = fc.check(property, { numRuns: 300, seed: 5 })
  t.equal(found.failed, false, `300 kernels${found.counterexample ? `: ${JSON.stringify(found.counterexample)}` : ''}`)
})

// --- what it saves ---------------------------------------------------------------------------------------------------

/** How often two bytes follow each other. */
const count = (bytes: Uint8Array, first: number, second: number): number =>
  bytes.reduce((total, byte, k) => total + (byte === first && bytes[k + 1] === second ? 1 : 0), 0)

test('unit-stride reads are one load, and counters are whole numbers', async (t) => {
  const library = await loadLibrary()
  const patch = patchOf(library)
  if (!patch.patched) return t.fail(patch.reason)
  const source = `function (a, b) {
  const j = this.thread.x;
  let s = 0;
  for (let k = 0; k < 8; k += 4) {
    s += a[this.thread.y][k] * b[k][j] + a[this.thread.y][k + 1] * b[k + 1][j] + a[this.thread.y][k + 2] * b[k + 2][j];
  }
  return s;
}`
  const made = [false, true].map((patched) => {
    const gpu = new library.GPU({ mode: 'webasm' })
    if (patched) gpu.Kernel = patch.Kernel
    const kernel = gpu.createKernel(source, { output: [8, 2], precision: 'single', loopMaxIterations: 1e9 })
    kernel(library.input(new Float32Array(16), [8, 2]), library.input(new Float32Array(64), [8, 8]))
    const { bytes } = (kernel.kernel as unknown as { readonly _active: { readonly bytes: Uint8Array } })._active
    void gpu.destroy()
    return Uint8Array.from(bytes)
  })
  const [stock = new Uint8Array(), patched = new Uint8Array()] = made
  const gathers = (bytes: Uint8Array): number => count(bytes, 0xfd, 0x20)
  t.equal(gathers(stock), 9, 'gpu.js fills nine lanes after the first of three reads')
  t.equal(gathers(patched), 0, 'patched, it fills none')
  t.equal(count(patched, 0xfd, 0x09), 3, 'and reads that all lanes share are loaded into all of them')
})

test('bounds of indices hold in every thread and at every turn', (t) => {
  const extents: Extents = { x: { low: 0, high: 4 }, y: { low: 0, high: 11 }, z: { low: 0, high: 1 } }
  const node = (type: string, parts: object): Node => ({ type, ...parts })
  const name = (text: string): Node => node('Identifier', { name: text })
  const literal = (value: number): Node => node('Literal', { value })
  const binary = (left: Node, operator: string, right: Node): Node =>
    node('BinaryExpression', { left, operator, right })
  const member = (of: string, property: string): Node =>
    node('MemberExpression', {
      computed: false,
      object: node('MemberExpression', { computed: false, object: node('ThisExpression', {}), property: name(of) }),
      property: name(property)
    })
  const declare = (kind: string, id: string, init: Node): Node =>
    node('VariableDeclaration', { kind, declarations: [node('VariableDeclarator', { id: name(id), init })] })
  const floor = node('MemberExpression', { computed: false, object: name('Math'), property: name('floor') })
  const y = member('thread', 'y')
  const half = binary(binary(y, '+', literal(0.5)), '/', member('constants', 'n'))
  const body = node('BlockStatement', {
    body: [
      declare('const', 'm', node('CallExpression', { callee: floor, arguments: [half] })),
      declare('const', 'i', binary(y, '-', binary(name('m'), '*', member('constants', 'n')))),
      node('ForStatement', {
        init: declare('let', 'k', literal(1)),
        test: binary(name('k'), '<', literal(6)),
        update: node('AssignmentExpression', { operator: '+=', left: name('k'), right: literal(2) }),
        body: node('BlockStatement', { body: [] })
      })
    ]
  })
  const facts = factsOf(body, ['a'], { n: 3 }, extents)
  const at = (of: Affine, x: number, row: number, k: number): number => {
    const m = Math.floor(row / 3)
    const values: Readonly<Record<string, number>> = { 'thread x': x, 'thread y': row, 'counter k': k, 'quotient m': m }
    return [...of.terms].reduce((total, [key, term]) => total + term.coefficient * (values[key] ?? 0), of.constant)
  }
  const indices: readonly (readonly [string, Node, string])[] = [
    ['i', name('i'), '0 to 2'],
    ['m', name('m'), '0 to 3'],
    ['4 m + i', binary(binary(literal(4), '*', name('m')), '+', name('i')), '0 to 14'],
    ['5 m + i', binary(binary(literal(5), '*', name('m')), '+', name('i')), '0 to 17'],
    [
      'k - 1 + 2 x',
      binary(binary(name('k'), '-', literal(1)), '+', binary(literal(2), '*', member('thread', 'x'))),
      '0 to 12'
    ]
  ]
  for (const [label, index, want] of indices) {
    const found = affine(index, facts)
    if (found === null) return t.fail(`${label} is affine`)
    const { low, high } = range(found, facts, extents)
    const seen: number[] = []
    for (let x = 0; x <= 4; x++)
      for (let row = 0; row < 12; row++) for (const k of [1, 3, 5]) seen.push(at(found, x, row, k))
    t.ok(
      low <= Math.min(...seen) && high >= Math.max(...seen),
      `${label}: ${Math.min(...seen)} to ${Math.max(...seen)}`
    )
    t.equal(`${low} to ${high}`, want, `${label} is found to lie in ${low} to ${high}`)
  }
  t.equal(affine(name('s'), facts), null, 'a name that is not known is no index')
  t.equal(affine(binary(name('m'), '*', name('i')), facts), null, 'nor is a product of two')
  t.equal(part(body, 'none'), null, 'a part that is not there is null')
  return t.end()
})
