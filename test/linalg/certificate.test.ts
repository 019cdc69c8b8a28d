/**
 * Residuals and backward errors against exact rational arithmetic, and at the ends of the float64 range.
 */
import fc from 'fast-check'
import test from 'tape'

import { backwardError, gamma, unitRoundoff } from '../../runtime/linalg/backward-error'
import * as Lu from '../../runtime/linalg/lu'
import { compensatedResidual, residual } from '../../runtime/linalg/residual'
import { right } from '../support/right'
import { exact, exactErrors, gaussian, ratio, seedArbitrary } from './support'

const M = (...entries: readonly number[]): Float64Array => Float64Array.from(entries)

/** `|got - truth|` and `|truth|` for an exact residual `truth` in units of 2^-2148: the difference is formed exactly. */
const against = (truth: bigint, got: number): readonly [error: number, size: number] => {
  const size = (v: bigint): number => ratio(v < 0n ? -v : v, 1n << 2148n)
  return [size((exact(got) << 1074n) - truth), size(truth)]
}

test('residual: by hand, where plain float64 loses everything', (t) => {
  const [A, x] = [M(2 ** 30 + 1, 0, 0, 1), M(2 ** 30 - 1, 1)]
  t.deepEqual(residual(A, x, M(2 ** 60, 1), 2), M(0, 0), 'plain: (2^30 + 1)(2^30 - 1) rounds to 2^60')
  t.deepEqual(compensatedResidual(A, x, M(2 ** 60, 1), 2), M(1, 0), 'compensated: 1 is left')
  t.end()
})

test('residual: within the proved bounds of the exact residual', (t) => {
  fc.assert(
    fc.property(seedArbitrary, fc.integer({ min: 1, max: 12 }), fc.boolean(), (seed, n, solved) => {
      const [A, b] = [gaussian(seed, n, n), gaussian(seed + 1, n, 1)]
      const x = solved ? Lu.solve(right(Lu.factor(A, n)), b) : gaussian(seed + 2, n, 1)
      const { r } = exactErrors(A, x, b, n)
      const [plain, compensated] = [residual(A, x, b, n), compensatedResidual(A, x, b, n)]
      return r.every((each, i) => {
        const [error, truth] = against(each, compensated[i]!)
        const size = x.reduce((sum, v, j) => sum + Math.abs(A[i * n + j]! * v), Math.abs(b[i]!)) * (1 + 1e-12)
        return (
          against(each, plain[i]!)[0] <= gamma(n + 1) * size &&
          error <= unitRoundoff * truth * (1 + 1e-12) + gamma(n + 1) ** 2 * size
        )
      })
    }),
    { numRuns: 500 }
  )
  t.pass('plain and compensated, for random x and for solutions')
  t.end()
})

test('backward error: by hand', (t) => {
  const I = M(1, 0, 0, 1)
  const of = (x: Float64Array, b: Float64Array) => backwardError(I, x, b, 2)
  t.equal(of(M(1, 2), M(1, 2)).normwise, 0, 'an exact solution')
  t.equal(of(M(1, 2), M(1, 2)).componentwise, 0, 'an exact solution, componentwise')
  t.equal(of(M(1, 1), M(1, 2)).normwise, 1 / 3, 'r = (0, 1), ||A|| ||x|| + ||b|| = 3')
  t.equal(of(M(1, 1), M(1, 2)).componentwise, 1 / 3, '1 / (1 + 2)')
  t.equal(of(M(1, 1), M(1, 2)).relativeResidual, 1 / 2, '1 / 2')
  t.equal(of(M(0, 0), M(1, 2)).normwise, 1, 'x = 0')
  t.equal(of(M(0, 0), M(0, 0)).normwise, 0, 'x = 0 and b = 0')
  t.equal(of(M(0, 0), M(0, 0)).relativeResidual, 0, 'relative residual of 0 = 0')
  t.equal(of(M(1, 0), M(0, 0)).relativeResidual, Infinity, 'relative residual for b = 0')
  t.equal(of(M(1, 1), M(1, 2)).rounding, gamma(3), 'rounding of a plain residual')
  t.ok(backwardError(I, M(1, 2), M(1, 2), 2, { compensated: true }).rounding < 1e-30, 'and of a compensated one')
  t.equal(backwardError(M(), M(), M(), 0).normwise, 0, 'no unknowns')
  t.equal(backwardError(M(0), M(1), M(1), 1).componentwise, 1, 'a row of zeros')
  t.end()
})

test('backward error: not finite means Infinity, never NaN', (t) => {
  const A = M(2, 1, 1, 3)
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const [name, found] of Object.entries({
      x: backwardError(A, M(1, bad), M(1, 2), 2),
      b: backwardError(A, M(1, 1), M(bad, 2), 2),
      A: backwardError(M(2, bad, 1, 3), M(1, 1), M(1, 2), 2)
    })) {
      t.deepEqual(
        found,
        { normwise: Infinity, componentwise: Infinity, rounding: Infinity, relativeResidual: Infinity },
        `${bad} in ${name}`
      )
    }
  }
  t.end()
})

test('backward error: the ends of the range', (t) => {
  for (const [name, A, x, b] of [
    ['diag(1e99, 1e-99)', M(1e99, 0, 0, 1e-99), M(1, 1), M(1e99, 1e-99)],
    ['diag(1e200, 1e-200), x across 400 decades', M(1e200, 0, 0, 1e-200), M(1e-200, 1e200), M(1, 1)],
    ['sums that overflow', M(1.7e308, 1.7e308, -1.7e308, 1.7e308), M(0.5, 0.5), M(1.7e308, 0)],
    ['products that overflow', M(1e300, -1e300, 1e300, 1e300), M(1e200, 1e200), M(0, 1e308)],
    ['subnormal entries', M(5e-324, 0, 0, 1e-310), M(1, 1), M(5e-324, 1e-310)],
    ['products that vanish', M(1e-200, 1e-200, 0, 1), M(1e-200, 2e-200), M(1, 2e-200)],
    ['b beyond A x', M(1e-300, 0, 0, 1e-300), M(1e-300, 1e-300), M(1e300, 1e300)]
  ] as const) {
    const truth = exactErrors(A, x, b, 2)
    for (const compensated of [false, true]) {
      const found = backwardError(A, x, b, 2, { compensated })
      const near = (got: number, want: number): boolean => Math.abs(got - want) <= found.rounding + 1e-15 * want
      t.ok(near(found.normwise, truth.normwise), `${name}: normwise ${found.normwise}, exactly ${truth.normwise}`)
      t.ok(near(found.componentwise, truth.componentwise), `${name}: componentwise ${found.componentwise}`)
    }
  }
  t.end()
})

test('backward error: entries of any exponent, against exact arithmetic', (t) => {
  const value = fc.oneof(
    fc.constant(0),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ noNaN: true, min: -10, max: 10 })
  )
  const system = fc.integer({ min: 1, max: 4 }).chain((n) =>
    fc.record({
      A: fc.array(value, { minLength: n * n, maxLength: n * n }),
      x: fc.array(value, { minLength: n, maxLength: n }),
      b: fc.array(value, { minLength: n, maxLength: n })
    })
  )
  fc.assert(
    fc.property(system, fc.boolean(), ({ A, x, b }, compensated) => {
      const [a, c, d] = [M(...A), M(...x), M(...b)]
      const truth = exactErrors(a, c, d, x.length)
      const found = backwardError(a, c, d, x.length, { compensated })
      const near = (got: number, want: number): boolean => Math.abs(got - want) <= found.rounding + 1e-14 * want
      return near(found.normwise, truth.normwise) && near(found.componentwise, truth.componentwise)
    }),
    { numRuns: 2000 }
  )
  t.pass('normwise and componentwise, plain and compensated, in 2,000 systems')
  t.end()
})
