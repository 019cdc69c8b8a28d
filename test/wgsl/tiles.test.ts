/** Contractions through workgroup memory: every tile, sizes that none divides, operands lying either way, batches, epilogues. */
import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { printSchedule } from '../../codegen/targets/wgsl/index'
import { guaranteed } from '../../codegen/targets/wgsl/program'
import { soleContraction, tiles, withTile } from '../../codegen/targets/wgsl/tiles'
import { interpret } from '../../runtime/equations/interpret'
import { relative } from '../../runtime/ladder/measure'
import { must } from '../gpujs/backends'
import { inputsOf, planOf, ratioOf, singles, withDevice } from './device'

type Layout = 'straight' | 'left turned' | 'right turned' | 'both turned'

/** `y[s,i,j] = relu(2 sum_c a b + bias[j]) + r[s,i,j]`, or the bare product of two matrices. */
const contraction = (
  layout: Layout,
  { batch, m, k, n }: { readonly batch: number; readonly m: number; readonly k: number; readonly n: number },
  bare = false
): Equations => {
  const [s, i, j, c] = [X.index('s', batch), X.index('i', m), X.index('j', n), X.index('c', k)]
  const [a, b, bias, r] = [X.tensor('a'), X.tensor('b'), X.tensor('bias'), X.tensor('r')]
  const leftTurned = layout === 'left turned' || layout === 'both turned'
  const rightTurned = layout === 'right turned' || layout === 'both turned'
  const left = leftTurned ? a(s, c, i) : a(s, i, c)
  const right = bare ? (rightTurned ? b(j, c) : b(c, j)) : rightTurned ? b(s, j, c) : b(s, c, j)
  const total = X.sum([c], left, right)
  const value = bare ? total : X.add(X.largest(X.add(X.multiply(2, total), bias(j)), 0), r(s, i, j))
  const second = rightTurned ? [n, k] : [k, n]
  return byHand({
    name: `contraction ${layout}`,
    inputs: [
      { name: 'a', role: 'data', dims: leftTurned ? [batch, k, m] : [batch, m, k] },
      { name: 'b', role: 'parameter', dims: bare ? second : [batch, ...second] },
      ...(bare
        ? []
        : [
            { name: 'bias', role: 'parameter' as const, dims: [n] },
            { name: 'r', role: 'data' as const, dims: [batch, m, n] }
          ])
    ],
    equations: [{ defines: 'y', over: [s, i, j], value }],
    outputs: ['y']
  })
}

const layouts: readonly Layout[] = ['straight', 'left turned', 'right turned', 'both turned']

test('every tile computes what the equations say, on sizes that it does not divide', (t) =>
  withDevice(t, async (runtime) => {
    for (const [at, tile] of tiles.entries()) {
      const layout = layouts[at % layouts.length] as Layout
      const sizes = { batch: 2, m: tile.m + 3, n: 2 * tile.n - 5, k: 2 * tile.k + 1 }
      for (const bare of [false, true]) {
        const e = contraction(layout, sizes, bare)
        const plan = planOf(e)
        const step = withTile(plan, 0, tile, runtime.graphics.limits)
        if (step === null) {
          t.fail(`a tile of ${tile.m} x ${tile.n} fits every device`)
          continue
        }
        const printed = { wgsl: () => printSchedule(plan, [step], runtime.graphics.limits) }
        const program = await must(runtime.compile(plan, printed))
        const inputs = inputsOf(e, at)
        program.load(singles(inputs))
        const { y } = await must(program.run({}))
        const ratio = ratioOf(e, inputs, sizes.k, y)
        const what = `${tile.m} x ${tile.n} by ${tile.k}, ${layout}${bare ? ', bare' : ''}`
        t.ok(ratio <= 1, `${what}: ${ratio.toFixed(2)} of the bound`)
        await program.dispose()
      }
    }
  }))

test('small and lean sizes, in every layout, as the schedule tiles them', (t) =>
  withDevice(t, async (runtime) => {
    const shapes = [
      { batch: 3, m: 8, k: 8, n: 8 },
      { batch: 1, m: 17, k: 33, n: 9 },
      { batch: 2, m: 9, k: 100, n: 65 }
    ]
    for (const layout of layouts) {
      for (const sizes of shapes) {
        const e = contraction(layout, sizes)
        const plan = planOf(e)
        const program = await must(runtime.compile(plan, undefined, { tile: 'always', fuse: 'never' }))
        const inputs = inputsOf(e, 7)
        program.load(singles(inputs))
        const { y } = await must(program.run({}))
        const ratio = ratioOf(e, inputs, sizes.k, y)
        const tiled = program.program.kernels.some((k) => k.source.includes('fn left_at'))
        const what = `[${sizes.m} x ${sizes.k}].[${sizes.k} x ${sizes.n}] x ${sizes.batch}, ${layout}`
        t.ok(tiled && ratio <= 1, `${what}: ${ratio.toFixed(2)} of the bound`)
        await program.dispose()
      }
    }
  }))

test('launches that need the same element alone are computed where a tile is stored', (t) =>
  withDevice(t, async (runtime) => {
    const [m, k, n] = [37, 20, 29]
    const [i, j, c, row] = [X.index('i', m), X.index('j', n), X.index('c', k), X.index('p', m)]
    const [a, b, y, z] = [X.tensor('a'), X.tensor('b'), X.tensor('y'), X.tensor('z')]
    const made = (outputs: readonly string[]): Equations =>
      byHand({
        name: 'chain',
        inputs: [
          { name: 'a', role: 'data', dims: [m, k] },
          { name: 'b', role: 'parameter', dims: [k, n] }
        ],
        equations: [
          { defines: 'y', over: [i, j], value: X.sum([c], a(i, c), b(c, j)) },
          { defines: 'z', over: [row, j], value: X.multiply(y(row, j), X.below(row, 9, X.tanh(y(row, j)), 2)) },
          { defines: 'x', over: [i, j], value: X.add(z(i, j), y(i, j), b(0, j)) }
        ],
        outputs
      })
    for (const outputs of [['x'], ['x', 'y'], ['z', 'x']]) {
      const e = made(outputs)
      const program = await must(runtime.compile(planOf(e), undefined, { tile: 'always' }))
      const inputs = inputsOf(e, 3)
      program.load(singles(inputs))
      const got = await must(program.run({}))
      const want = interpret(e, {}, inputs)
      const errors = outputs.map((name) => relative(got[name] ?? [], want[name] ?? []))
      t.equal(program.program.dispatches.length, 1, `${outputs.join(' and ')}: one dispatch`)
      t.ok(Math.max(...errors) < 1e-6, `within ${Math.max(...errors).toExponential(1)}`)
      await program.dispose()
    }
  }))

test('what is no contraction is not tiled', (t) => {
  const [i, j, c] = [X.index('i', 20), X.index('j', 20), X.index('c', 20)]
  const [a, b] = [X.tensor('a'), X.tensor('b')]
  const made = (value: X.Expr) =>
    planOf(
      byHand({
        name: 'other',
        inputs: [
          { name: 'a', role: 'data', dims: [20, 20] },
          { name: 'b', role: 'data', dims: [20, 20] }
        ],
        equations: [{ defines: 'y', over: [i, j], value }],
        outputs: ['y']
      })
    )
  const product = X.sum([c], a(i, c), b(c, j))
  t.ok(soleContraction(made(product), 0) !== null, 'a product of matrices is one')
  t.equal(soleContraction(made(X.below(i, 10, product, 0)), 0), null, 'one behind a condition is none')
  t.equal(soleContraction(made(X.add(product, X.sum([c], b(i, c), a(c, j)))), 0), null, 'two are none')
  t.equal(soleContraction(made(X.max([c], X.multiply(a(i, c), b(c, j)))), 0), null, 'a maximum is none')
  t.equal(
    withTile(made(product), 0, { m: 64, n: 64, k: 128, rm: 4, rn: 4 }, guaranteed),
    null,
    'nor one that does not fit'
  )
  t.end()
})
