import { pipe } from 'fp-ts/function'
import test from 'tape'

import { interpretBatch } from '../../runtime/interpreter/interpret'
import { closedForm, embed } from '../../runtime/weights/closed-form'
import { L, M, T, W, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'
import { distance, normals, size, spd } from '../support/systems'

/** `T_m(z)` for z >= 1. */
const chebyshevOutside = (m: number, z: number): number => Math.cosh(m * Math.acosh(z))

/** The residual of a model on each eigenvector: `1 - lambda p(lambda)`, by running it on A and that eigenvector. */
const residuals = (model: M.Model, weights: Record<string, Float64Array>, seed: number, n: number, kappa: number) => {
  const { A, eigenvalues, eigenvectors } = spd(seed, n, kappa)
  const all = Float64Array.from({ length: n * n * n }, (_, k) => A[k % (n * n)]!)
  const x = interpretBatch(typed(model), weights, { n, batch: n, A: all, b: eigenvectors })
  return Array.from(eigenvalues, (lambda, k) => {
    const along = eigenvectors.slice(k * n, (k + 1) * n)
    const p = along.reduce((sum, v, i) => sum + v * x[k * n + i]!, 0)
    return {
      lambda,
      residual: 1 - lambda * p,
      astray: distance(
        x.slice(k * n, (k + 1) * n),
        along.map((v) => p * v)
      )
    }
  })
}

test('the residual of the closed form is exactly a Chebyshev polynomial', (t) => {
  const n = 9
  for (const [layers, kappa, worst] of [
    [1, 5, 2.857e-1],
    [2, 5, 6.211e-3],
    [3, 5, 5.991e-8],
    [2, 30, null],
    [3, 100, null]
  ] as const) {
    const { model, weights } = right(closedForm({ layers, kappa }))
    const found = residuals(model, weights, 31 + layers, n, kappa)
    const degree = 2 * 3 ** (layers - 1)
    const half = (kappa - 1) / (kappa + 1) // of the spectrum, whose middle is 1
    const what = `${layers} layers, kappa ${kappa}`
    // Rounding of p is multiplied by lambda alone, but the coefficients of p grow with kappa.
    const rounding = 1e-15 * kappa
    t.ok(
      found.every(({ lambda, residual }) => {
        const inside = Math.cos(degree * Math.acos(Math.max(-1, Math.min(1, (1 - lambda) / half))))
        return Math.abs(residual - inside / chebyshevOutside(degree, 1 / half)) <= 5 * rounding
      }),
      `${what}: T_${degree} on every eigenvalue`
    )
    t.ok(Math.max(...found.map(({ astray }) => astray)) <= 20 * rounding, `${what}: eigenvectors stay eigenvectors`)
    if (worst !== null) {
      const most = Math.max(...found.map(({ residual }) => Math.abs(residual)))
      t.ok(Math.abs(most / worst - 1) < 1e-3, `${what}: at most ${worst}`)
    }
  }
  t.end()
})

/** Mean squared error per component on random systems. */
const meanSquare = (model: M.Model, weights: Record<string, Float64Array>, n: number, systems: number): number => {
  let total = 0
  for (let s = 0; s < systems; s++) {
    const { A } = spd(100 + s, n, 5)
    const x = normals(500 + s, n)
    const b = Float64Array.from({ length: n }, (_, i) => x.reduce((sum, v, j) => sum + A[i * n + j]! * v, 0))
    const y = interpretBatch(typed(model), weights, { n, batch: 1, A, b })
    total += y.reduce((sum, v, i) => sum + (v - x[i]!) ** 2, 0) / n
  }
  return total / systems
}

test('the closed form has the accuracy that was measured of it', (t) => {
  const of = (layers: number) => right(closedForm({ layers, kappa: 5 }))
  for (const [layers, expected] of [
    [1, 3.7e-2],
    [2, 2.4e-5],
    [3, 2.2e-15]
  ] as const) {
    const { model, weights } = of(layers)
    const found = meanSquare(model, weights, 9, 200)
    t.ok(found < 1.5 * expected && found > expected / 1.5, `${layers} layers: ${found.toExponential(1)}`)
  }
  const { model, weights } = of(4)
  t.ok(meanSquare(model, weights, 9, 20) < 1e-27, '4 layers: roundoff')
  t.end()
})

test('the closed form needs its query and a tiny b', (t) => {
  const { model, weights } = right(closedForm({ layers: 3, kappa: 5 }))
  if (model.encoding._tag !== 'equations') throw new Error('internal: the closed form encodes equations')
  const encoding = model.encoding
  const paper: M.Model = { ...model, encoding: { ...encoding, query: 'paper' } }
  t.ok(meanSquare(paper, weights, 9, 10) > 1e10, "query 'paper': far off")
  t.equal(left(embed(paper, 5)).slice(0, 6), 'query:', 'and refused by name')
  const unscaled: M.Model = { ...model, encoding: { ...encoding, bScale: null } }
  t.equal(left(embed(unscaled, 5)).slice(0, 7), 'bScale:', 'an unscaled b is refused by name')
  t.end()
})

test('the closed form fits into larger models', (t) => {
  const { A } = spd(41, 6, 5)
  const b = normals(42, 6)
  const run = (model: M.Model, weights: Record<string, Float64Array>): Float64Array =>
    interpretBatch(typed(model), weights, { n: 6, batch: 1, A, b })
  const small = right(closedForm({ layers: 3, kappa: 5 }))
  const x = run(small.model, small.weights)
  const damped = pipe(L.linearAttention({ P: W.lean, Q: W.lean }), L.andThen(L.scale(0.5)), L.residual)
  for (const model of [
    Zoo.blockLinear({ layers: 3 }),
    Zoo.blockLinear({ layers: 3, heads: 2, allOnes: true }),
    Zoo.blockLinear({ layers: 3, identityBlocks: 1, allOnes: true, muScale: 'n' }),
    M.make({
      name: 'damped',
      encoding: T.equations({ embedding: T.identity(2), bScale: 1e-8 }),
      body: pipe(damped, L.repeat(3)),
      readout: M.query('A')
    })
  ]) {
    t.ok(distance(run(model, right(embed(model, 5))), x) <= 1e-14 * size(x), model.name)
  }
  t.end()
})

test('what has no room for the closed form is refused with a reason', (t) => {
  const attention = L.linearAttention({ P: W.lean, Q: W.lean })
  const around = (body: L.Layer): M.Model => ({ ...Zoo.blockLinear({ layers: 1 }), body })
  const cases: readonly [model: M.Model, reason: string][] = [
    [Zoo.blockLinear({ layers: 2, tied: true }), 'repeat: expected untied weights'],
    [
      Zoo.blockLinear({ layers: 2, identityBlocks: 0 }),
      'encoding: expected equations with at least one identity block'
    ],
    [Zoo.fullLinear({ layers: 2, embedding: T.identity(1) }), '0.attention: expected Block weights, found full'],
    [Zoo.columnLinear({ layers: 1 }), 'encoding: expected equations'],
    [around(attention), 'attention: expected attention inside a residual'],
    [around(L.residual(pipe(attention, L.andThen(attention)))), ': expected one attention in each residual, found 2'],
    [around(pipe(L.residual(attention), L.andThen(L.scale(1)))), '1.scale: expected scale inside a residual'],
    [around(L.residual(L.linearMap({ weight: W.lean }))), 'linear: expected attention layers, found linearMap'],
    [Zoo.blockLinear({ layers: 0 }), 'body.repeat: expected times']
  ]
  for (const [model, reason] of cases) {
    const found = left(embed(model, 5))
    t.ok(found.includes(reason), found)
  }
  for (const kappa of [1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.ok(left(closedForm({ layers: 1, kappa })).startsWith('kappa:'), `kappa ${kappa}`)
  }
  t.end()
})

test('depth beyond the range of numbers stays finite', (t) => {
  const { weights } = right(closedForm({ layers: 12, kappa: 1.5 }))
  t.ok(
    Object.values(weights).every((array) => array.every(Number.isFinite)),
    '12 layers at kappa 1.5'
  )
  t.end()
})
