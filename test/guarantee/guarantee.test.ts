/** Guarantees: against closed formulas, exact values and every way in which a network may be given. */
import { pipe } from 'fp-ts/function'
import test from 'tape'

import {
  exactPolynomial,
  guarantee,
  guaranteeAt,
  optimum,
  residualAt,
  rounding,
  units
} from '../../runtime/guarantee/guarantee'
import { at } from '../../runtime/guarantee/polynomial'
import { formsOf, upTo } from '../../runtime/guarantee/statement'
import { interpretBatch } from '../../runtime/interpreter/interpret'
import { closedForm } from '../../runtime/weights/closed-form'
import { specialise } from '../../runtime/weights/specialise'
import { L, M, T, W, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'
import { normals, spd } from '../support/systems'
import { randomWeights } from '../support/weights'

const ends = (kappa: number) => ({ low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) })
const closed = (layers: number, kappa = 5) => right(closedForm({ layers, kappa }))

/** `1 / T_m(z)` by the recurrence of Chebyshev's polynomials. */
const inverseChebyshev = (m: number, z: number): number => {
  let [before, now] = [1, z]
  for (let k = 1; k < m; k++) [before, now] = [now, 2 * z * now - before]
  return 1 / now
}

test('the bound of the closed form is the one of theory', (t) => {
  for (const [layers, shown] of [
    [1, 2.857e-1],
    [2, 6.211e-3],
    [3, 5.991e-8]
  ] as const) {
    const g = right(guarantee({ ...closed(layers), ...ends(5), tolerance: 1e-11 }))
    const theory = inverseChebyshev(2 * 3 ** (layers - 1), 1.5)
    // The weights are rounded: at three layers that alone moves the largest residual by 1e-16 in 6e-8.
    t.ok(Math.abs(g.factor / theory - 1) <= (layers === 3 ? 1e-8 : 1e-10), `L = ${layers}: ${g.factor} is ${theory}`)
    t.ok(Math.abs(g.factor / shown - 1) < 2e-4, `which is ${shown}`)
    t.ok(g.factor >= g.attained && g.factor <= g.attained * (1 + 1e-10), 'and it is attained')
    t.ok(g.factor >= theory * (1 - 1e-12), 'no polynomial of this degree can be better')
    t.ok(Math.abs(optimum(g) / theory - 1) < 1e-12, `Chebyshev's optimum of degree ${g.degree}`)
    t.equal(g.degree, 2 * 3 ** (layers - 1) - 1, `degree ${g.degree}`)
    t.equal(
      g.peaks.filter((p) => p.residual > 0.999 * g.factor).length,
      g.degree + 2,
      'with as many peaks as it must have'
    )
  }
  t.end()
})

const step = pipe(L.linearAttention({ heads: 2, P: W.lean, Q: W.lean }), L.andThen(L.scale(0.5)), L.residual)

const odd: readonly M.Model[] = [
  Zoo.blockLinear({ layers: 2, heads: 2 }),
  Zoo.blockLinear({ layers: 2, tied: true, identityBlocks: 2 }),
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
]

test('every network of the class: the polynomial is the network, the bound holds what is seen', (t) => {
  for (const model of odd) {
    const weights = randomWeights(typed(model), 1, 71, 0.3)
    const options = { model, weights, ...ends(5) }
    const g = right(guarantee(options))
    const lambdas = Array.from({ length: 400 }, (_, k) => options.low + ((options.high - options.low) * k) / 399)
    const own = residualAt(g)(lambdas.map((l) => Math.min(l, options.high)))
    t.ok(
      own.every((r) => Math.abs(r) <= g.factor),
      `${model.name}: no |1 - lambda p| exceeds ${g.factor}`
    )
    t.ok(g.attained > 0.999 * g.factor, 'and the bound is tight')
    const p = exactPolynomial(g)!
    const seen = interpretBatch(typed(model), weights, {
      n: 1,
      batch: 400,
      A: Float64Array.from(lambdas),
      b: new Float64Array(400).fill(1)
    })
    const off = lambdas.map((lambda, k) => {
      const { mantissa, exponent } = at(p, lambda)
      const shift = BigInt(-exponent - 200)
      return Math.abs(Number(mantissa >> shift) * 2 ** -200 - seen[k]!)
    })
    t.ok(
      Math.max(...off) <= rounding(g, 1) * (1 / options.low),
      `${model.name}: the exact polynomial is what the network gives`
    )
    const A = spd(72, 6, 5)
    const x = normals(73, 6)
    const b = Float64Array.from({ length: 6 }, (_, i) => x.reduce((sum, v, j) => sum + A.A[i * 6 + j]! * v, 0))
    const answer = interpretBatch(typed(model), weights, { n: 6, batch: 1, A: A.A, b })
    const error = Math.hypot(...answer.map((v, i) => v - x[i]!)) / Math.hypot(...x)
    t.ok(error <= g.factor + rounding(g, 6) + 1e-14, `${model.name}: ${error} on a system of six`)
    const special = right(specialise(options))
    const cheap = right(guarantee({ ...ends(5), model: special.model, weights: special.weights }))
    t.ok(Math.abs(cheap.factor / g.factor - 1) < 1e-5, 'its cheap form has the same bound')
  }
  t.end()
})

test('given eigenvalues', (t) => {
  const { model, weights } = closed(2)
  const g = right(guaranteeAt({ model, weights, at: [0.4, 0.7, 1.3] }))
  const over = right(guarantee({ model, weights, ...ends(5) }))
  const values = residualAt(over)([0.4, 0.7, 1.3])
  t.ok(Math.abs(g.factor - Math.max(...values.map(Math.abs))) <= 1e-14 * g.factor, 'the largest of the three')
  t.ok(g.factor < over.factor, 'is less than on the interval')
  t.equal(g.peaks.length, 3, 'all of them are listed')
  t.equal(g.peaks[0]!.residual, Math.abs(residualAt(g)([g.peaks[0]!.lambda])[0]!), 'the worst first')
  t.end()
})

test('rounding and b b^T', (t) => {
  const g = right(guarantee({ ...closed(3), ...ends(5) }))
  t.ok(rounding(g, 64) > rounding(g, 9) && rounding(g, 9, units.float32) > 1e8 * rounding(g, 9), 'grow with n and u')
  t.ok(rounding(g, 9) < 1e-11, `small at n = 9: ${rounding(g, 9)}`)
  t.equal(rounding(g, 2 ** 24, units.float32), Infinity, 'no bound where n u is too large')
  t.ok(g.contamination < 1e-30, 'the closed form keeps b b^T out')
  const trained = Zoo.blockLinear({ layers: 2 })
  const h = right(guarantee({ model: trained, weights: randomWeights(typed(trained), 1, 5, 0.3), ...ends(5) }))
  t.ok(h.contamination > 1e-18 && h.contamination < 1e-12, `others let in a little: ${h.contamination}`)
  const [tokens, polynomial] = right(formsOf({ ...closed(3), ...ends(5) }))
  t.ok(rounding(polynomial!.guarantee, 64) < rounding(tokens!.guarantee, 64), 'the polynomial rounds less')
  t.equal(polynomial!.guarantee.contamination, 0, 'and has no b b^T at all')
  t.end()
})

test('what has no guarantee is refused with a reason', (t) => {
  const refused = (model: M.Model): string =>
    left(guarantee({ model, weights: randomWeights(typed(model), 1, 81, 0.2), ...ends(5) }))
  const cases: readonly [found: string, reason: string][] = [
    [refused(Zoo.blockLinear({ layers: 2, allOnes: true })), 'attention.P.mu2: expected no all-ones terms'],
    [refused(Zoo.blockLinear({ layers: 2, query: 'paper' })), "expected query 'b', found 'paper'"],
    [refused(Zoo.blockLinear({ layers: 2, bScale: null })), 'expected bScale of at most 1e-7, found null'],
    [refused(Zoo.fullLinear({ layers: 2, embedding: T.identity(1) })), 'expected a Block weight, found a full one'],
    [refused(Zoo.columnLinear({ layers: 1 })), 'expected'],
    [left(guarantee({ ...closed(2), low: 0, high: 1 })), 'interval: expected 0 < low < high'],
    [left(guarantee({ ...closed(2), low: 1, high: Infinity })), 'interval: expected 0 < low < high'],
    [left(guaranteeAt({ ...closed(2), at: [1, -1] })), 'found -1 at entry 1'],
    [left(guaranteeAt({ ...closed(2), at: [] })), 'found none']
  ]
  for (const [found, reason] of cases) t.ok(found.includes(reason), found)
  t.end()
})

test('bounds are shown rounded up', (t) => {
  for (const v of [1.23449e-8, 9.9999e-3, 0.5, 1, 3.0000001e-22])
    t.ok(Number(upTo(v, 3)) >= v, `${upTo(v, 3)} for ${v}`)
  t.equal(upTo(9.9996e-3, 2), '1.00e-2', 'with a carry')
  t.end()
})
