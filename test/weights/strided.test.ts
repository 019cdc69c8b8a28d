import { pipe } from 'fp-ts/function'
import test from 'tape'

import { type Goal, plan, toJavaScript } from '../../codegen/compile'
import { countPlan } from '../../codegen/count'
import { javascript } from '../../codegen/targets/javascript'
import { interpretBatch } from '../../runtime/interpreter/interpret'
import { load64 } from '../../runtime/javascript/run'
import { check } from '../../runtime/ladder/check'
import type { Weights } from '../../runtime/weights/weights'
import { L, M, T, W, Zoo } from '../../spec'
import { right, typed } from '../support/right'
import { distance, normals, size, spd } from '../support/systems'

const run = (model: M.Model, weights: Weights, goal: Goal, sizes: Record<string, number>, data: Weights) =>
  load64(right(toJavaScript(goal, typed(model), sizes)))
    .run({ ...weights, ...data })
    ['x']!.slice()

/** Coefficients that fall as those of trained networks do, or that do not fall at all. */
const coefficients = (degree: number, fall: number): Weights => ({
  'chebyshev.coefficients': normals(17 + degree, degree + 1).map((v, q) => v * fall ** q)
})

const strides = [
  [2, 2],
  [3, 2],
  [5, 4],
  [8, 8],
  [24, 2],
  [24, 4],
  [25, 8],
  [77, 8],
  [77, 16],
  [79, 64]
] as const

test('strides change how a polynomial is computed and not what it is', (t) => {
  for (const [degree, stride] of strides) {
    for (const fall of [0.6, 1]) {
      const options = { degree, low: 1 / 3, high: 5 / 3 }
      const [plain, strided] = [Zoo.polynomial(options), Zoo.polynomial({ ...options, stride })]
      const weights = coefficients(degree, fall)
      for (const n of [1, 6]) {
        const systems = { n, batch: 1, A: spd(91, n, 5).A, b: normals(92, n) }
        const meant = interpretBatch(typed(plain), weights, systems)
        const got = run(strided, weights, { _tag: 'forward' }, { n, batch: 1 }, { A: systems.A, b: systems.b })
        const off = distance(meant, got) / size(meant)
        t.ok(off <= 1e-12, `degree ${degree} by ${stride}, n = ${n}, falling by ${fall}: ${off.toExponential(1)}`)
      }
    }
  }
  t.end()
})

test('strides hold where A is not symmetric', (t) => {
  const n = 5
  const A = normals(93, n * n).map((v, k) => (k % (n + 1) === 0 ? 1 : 0) + v / 8)
  const [weights, b] = [coefficients(9, 0.8), normals(94, n)]
  const model = Zoo.polynomial({ degree: 9, low: 0.2, high: 1.8, stride: 4 })
  const meant = interpretBatch(typed(model), weights, { n, batch: 1, A, b })
  const got = run(model, weights, { _tag: 'forward' }, { n, batch: 1 }, { A, b })
  t.ok(distance(meant, got) <= 1e-13 * size(meant), 'T_4(M) is no transpose of itself')
  t.end()
})

test('many right-hand sides of one matrix are what each of them is alone', (t) => {
  const [n, batch, rhs] = [6, 2, 4]
  const A = Float64Array.from([...spd(95, n, 5).A, ...spd(96, n, 5).A])
  const b = normals(97, batch * rhs * n)
  for (const stride of [1, 2, 4]) {
    const model = Zoo.polynomial({ degree: 11, low: 0.3, high: 1.7, stride })
    const weights = coefficients(11, 0.7)
    const together = run(model, weights, { _tag: 'forwardMany' }, { n, batch, rhs }, { A, b })
    for (let k = 0; k < batch * rhs; k++) {
      const own = A.slice(Math.floor(k / rhs) * n * n, (Math.floor(k / rhs) + 1) * n * n)
      const side = b.slice(k * n, (k + 1) * n)
      const alone = interpretBatch(typed(model), weights, { n, batch: 1, A: own, b: side })
      const off = distance(together.slice(k * n, (k + 1) * n), alone)
      t.ok(off <= 1e-13 * size(alone), `stride ${stride}, right-hand side ${k}`)
    }
  }
  t.end()
})

test('powers of A are made once for all right-hand sides', (t) => {
  const model = typed(Zoo.polynomial({ degree: 24, low: 0, high: 2, stride: 4 }))
  const flops = (rhs: number): number =>
    countPlan(right(plan(javascript, { _tag: 'forwardMany' }, model, { n: 40, batch: 1, rhs }))).flops
  const [first, second] = [flops(2) - flops(1), flops(3) - flops(2)]
  t.equal(first, second, 'each further right-hand side costs the same')
  t.ok(flops(1) - first > 4 * 40 ** 3, 'what the first costs beside it is two products of matrices')
  t.end()
})

test('the strided layer has the right VJP in A and b too', async (t) => {
  for (const stride of [1, 2, 4, 8]) {
    const model = M.make({
      name: `mapped-polynomial-by-${stride}`,
      encoding: T.rows,
      // The weights of the map before it are reached through the cotangents of A and b alone.
      body: pipe(L.linearMap({ weight: W.lean }), L.andThen(L.chebyshev({ degree: 11, low: -1, high: 1.5, stride }))),
      readout: M.perToken('b')
    })
    const rows = await check({ typed: () => typed(model), weights: null }, null, { sizes: [1, 4], batches: [2] })
    const bad = rows.filter((r) => !r.ok)
    t.deepEqual(
      bad.map((r) => `${r.rung} n=${r.n} ${r.what} ${r.error} ${r.fault ?? ''}`),
      [],
      `stride ${stride}: ${rows.length} rungs hold`
    )
  }
})
