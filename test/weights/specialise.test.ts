import { pipe } from 'fp-ts/function'
import test from 'tape'

import { plan } from '../../codegen/compile'
import { countPlan } from '../../codegen/count'
import { javascript } from '../../codegen/targets/javascript'
import { interpretBatch } from '../../runtime/interpreter/interpret'
import { sourceOf } from '../../runtime/solve/models'
import * as C from '../../runtime/weights/chebyshev'
import { closedForm, embed } from '../../runtime/weights/closed-form'
import { specialise } from '../../runtime/weights/specialise'
import type { Weights } from '../../runtime/weights/weights'
import { L, M, T, W, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'
import { distance, normals, size, spd } from '../support/systems'
import { randomWeights } from '../support/weights'

const ends = (kappa: number) => ({ low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) })

const degreeOf = (model: M.Model): number => (model.body._tag === 'chebyshev' ? model.body.degree : Number.NaN)

/** The closed form with every lean scalar moved a little, as training would. */
const moved = (layers: number): { model: M.Model; weights: Weights } => {
  const model = Zoo.blockLinear({ layers })
  const noise = randomWeights(typed(model), 1, 51, 0.02)
  const weights = Object.fromEntries(
    Object.entries(right(embed(model, 5))).map(([name, array]) => [name, array.map((v, k) => v + noise[name]![k]!)])
  )
  return { model, weights }
}

test('the degrees are those of the theory', (t) => {
  for (const [layers, degree] of [
    [1, 1],
    [2, 5],
    [3, 17]
  ] as const) {
    const { model } = right(specialise({ ...right(closedForm({ layers, kappa: 5 })), ...ends(5) }))
    t.equal(degreeOf(model), degree, `closed form, ${layers} layers: ${degree} products`)
  }
  t.equal(degreeOf(right(specialise({ ...moved(1), ...ends(5) })).model), 1, 'one layer moved off it')
  t.equal(degreeOf(right(specialise({ ...moved(2), ...ends(5) })).model), 7, 'two layers: 3^2 - 2')
  const three = degreeOf(right(specialise({ ...moved(3), ...ends(5) })).model)
  t.ok(three >= 23 && three <= 25, `three layers: at most 3^3 - 2, found ${three}`)
  t.end()
})

test('the polynomial is the network with its tokens', (t) => {
  for (const [what, { model, weights }, kappa] of [
    ['closed form, 2 layers', right(closedForm({ layers: 2, kappa: 5 })), 5],
    ['closed form, 3 layers', right(closedForm({ layers: 3, kappa: 5 })), 5],
    ['moved, 2 layers', moved(2), 5],
    ['moved, 3 layers', moved(3), 5],
    ['closed form, 5 layers', right(closedForm({ layers: 5, kappa: 5 })), 5],
    ['closed form, 4 layers', right(closedForm({ layers: 4, kappa: 20 })), 20]
  ] as const) {
    const special = right(specialise({ model, weights, ...ends(kappa) }))
    for (const n of [2, 9, 16]) {
      const { A } = spd(61 + n, n, kappa)
      const systems = { n, batch: 1, A, b: normals(62 + n, n) }
      const literal = interpretBatch(typed(model), weights, systems)
      const fast = interpretBatch(typed(special.model), special.weights, systems)
      t.ok(distance(literal, fast) <= 1e-13 * size(literal), `${what}, n = ${n}`)
    }
  }
  t.end()
})

test('deep closed forms are resolved by few products', (t) => {
  const { model, deviation } = right(specialise({ ...right(closedForm({ layers: 7, kappa: 5 })), ...ends(5) }))
  t.ok(degreeOf(model) < 45, `degree ${degreeOf(model)} where 1457 is the degree on paper: the rest is rounding`)
  t.ok(deviation < 1e-14, 'and nothing is lost between the nodes')
  t.end()
})

test('heads, loops, learned steps and answers in b are polynomials too', (t) => {
  const step = pipe(L.linearAttention({ heads: 2, P: W.lean, Q: W.lean }), L.andThen(L.scale(0.5)), L.residual)
  const embedded = Zoo.blockLinear({ layers: 2, allOnes: true })
  const cases: readonly [model: M.Model, weights: Weights][] = [
    ...[
      Zoo.blockLinear({ layers: 2, heads: 2 }),
      Zoo.blockLinear({ layers: 2, tied: true }),
      M.make({
        name: 'steps',
        encoding: T.equations({ embedding: T.identity(1), bScale: 1e-8 }),
        body: pipe(L.linearMap({ weight: W.lean }), L.andThen(pipe(step, L.repeat(2)))),
        readout: M.query('H1')
      }),
      M.make({
        name: 'in-b',
        encoding: T.equations({ embedding: T.identity(1), query: 'none', bScale: 1e-8 }),
        body: pipe(step, L.repeat(2)),
        readout: M.perToken('b')
      })
    ].map((model): [M.Model, Weights] => [model, randomWeights(typed(model), 1, 71, 0.3)]),
    [embedded, right(embed(embedded, 5))]
  ]
  for (const [model, weights] of cases) {
    const special = right(specialise({ model, weights, ...ends(5) }))
    const systems = { n: 6, batch: 1, A: spd(72, 6, 5).A, b: normals(73, 6) }
    const literal = interpretBatch(typed(model), weights, systems)
    const fast = interpretBatch(typed(special.model), special.weights, systems)
    t.ok(size(literal) > 1e-6, `${model.name}: an answer`)
    t.ok(distance(literal, fast) <= 1e-13 * size(literal), `${model.name}: the same`)
  }
  t.end()
})

test('what is no polynomial in A is refused with a reason', (t) => {
  const special = (model: M.Model, n = 1): string => {
    const weights = randomWeights(typed(model), n, 81, 0.2)
    return left(specialise({ model, weights, ...ends(5) }))
  }
  const cases: readonly [found: string, reason: string][] = [
    [special(Zoo.fullLinear({ layers: 2, embedding: T.identity(1) })), 'expected a Block weight, found a full one'],
    [special(Zoo.fullLinear({ layers: 2, embedding: T.learned(3, 1) })), 'found a learned embedding'],
    [special(Zoo.columnLinear({ layers: 1 })), 'found columns'],
    [
      special({
        ...Zoo.polynomial({ degree: 3, low: 0, high: 1 }),
        encoding: T.equations({ embedding: T.identity(0), query: 'none', bScale: 1e-8 })
      }),
      'found a polynomial already'
    ],
    [left(specialise({ ...moved(2), low: 1, high: 1 })), 'interval: expected low < high'],
    [left(specialise({ ...moved(2), weights: {}, ...ends(5) })), '0.attention.P.mu1: expected 4 numbers'],
    [left(specialise({ ...moved(3), low: -1e30, high: 1e30 })), 'network on [-1e+30, 1e+30]']
  ]
  for (const [found, reason] of cases) t.ok(found.includes(reason), found)
  t.end()
})

test('what is no polynomial in A has coordinates in a Krylov space', (t) => {
  for (const model of [
    Zoo.blockLinear({ layers: 2, allOnes: true }),
    Zoo.blockLinear({ layers: 2, query: 'paper' }),
    Zoo.blockLinear({ layers: 2, bScale: null }),
    Zoo.blockLinear({ layers: 2, bScale: 0.1 })
  ]) {
    const { form } = right(specialise({ model, weights: randomWeights(typed(model), 1, 81, 0.2), ...ends(5) }))
    t.equal(form, 'krylov', model.name)
  }
  t.end()
})

test('solving takes as many products as the documents say', async (t) => {
  for (const [name, products] of [
    ['block-linear-2', 7],
    ['block-linear-3', 24],
    ['closed-form-2-kappa-5', 5],
    ['closed-form-3-kappa-5', 17],
    ['block-linear-4-universal', 77]
  ] as const) {
    const source = right(await sourceOf(name))
    // On the interval that solving takes, from zero to the top of the window.
    const found = right(specialise({ ...source, low: 0, high: (2 * source.kappa) / (1 + source.kappa) }))
    const program = right(plan(javascript, { _tag: 'forward' }, typed(found.model), { n: 9, batch: 2 }))
    t.ok(found.products <= products, `${name}: ${found.products} products at most ${products}`)
    t.equal(countPlan(program).products, found.products, 'and the program launches as many')
    t.equal(degreeOf(found.model), found.products, 'which is its degree')
  }
  t.end()
})

test('Chebyshev coefficients are those of known functions', (t) => {
  const square = C.fit((x) => x.map((v) => v * v), { low: -1, high: 1, degree: 9, mostNodes: 64, tolerance: 1e-12 })
  t.equal(square.coefficients.length, 3, 'x^2 has degree 2')
  t.ok(distance(square.coefficients, Float64Array.of(0.5, 0, 0.5)) < 1e-15, 'x^2 = T_0 / 2 + T_2 / 2')
  const wide = C.fit((x) => x, { low: 2, high: 6, degree: 1, mostNodes: 64, tolerance: 1e-12 })
  t.ok(distance(wide.coefficients, Float64Array.of(4, 2)) < 1e-14, 'x on [2, 6] is 4 + 2 t')
  const none = C.fit((x) => x.map(() => 0), { low: 0, high: 1, degree: 4, mostNodes: 64, tolerance: 1e-12 })
  t.deepEqual([...none.coefficients], [0], 'zero has degree 0')
  const high = C.fit((x) => x.map((v) => Math.cos(300 * Math.acos(v))), {
    low: -1,
    high: 1,
    degree: 2000,
    mostNodes: 4096,
    tolerance: 1e-10
  })
  t.equal(high.coefficients.length, 301, 'T_300 is not mistaken for a lower polynomial at 256 nodes')
  t.end()
})
