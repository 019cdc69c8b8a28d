/**
 * Cholesky, LU and QR: hand-known factors, residuals, optimality, and clear failures.
 */

import fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'

import { backwardError } from '../../runtime/linalg/backward-error'
import * as Cholesky from '../../runtime/linalg/cholesky'
import * as Lu from '../../runtime/linalg/lu'
import { norm2 } from '../../runtime/linalg/norms'
import { matvec, matvecTransposed, transpose } from '../../runtime/linalg/products'
import * as Qr from '../../runtime/linalg/qr'
import * as Key from '../../runtime/random/key'
import { left, right } from '../support/right'
import { furthest, gaussian, naiveProduct, seedArbitrary, sizeArbitrary, spd } from './support'

const M = (...entries: readonly number[]): Float64Array => Float64Array.from(entries)

test('cholesky: by hand, and in place', (t) => {
  const A = M(4, 12, -16, 12, 37, -43, -16, -43, 98)
  const f = right(Cholesky.factor(A, 3))
  t.deepEqual(f.L, M(2, 0, 0, 6, 1, 0, -8, 5, 3), 'L')
  t.deepEqual(A.subarray(0, 3), M(4, 12, -16), 'A is kept')
  t.deepEqual(Cholesky.solve(f, M(-12, -25, 121)), M(2, 1, 2), 'A x = b')
  const b = M(-12, -25, 121)
  t.equal(Cholesky.solve(f, b, b), b, 'x may overwrite b')
  t.deepEqual(b, M(2, 1, 2), 'which gives the same')
  t.equal(right(Cholesky.factor(A, 3, { inPlace: true })).L, A, 'in place')
  t.deepEqual(right(Cholesky.factor(M(), 0)).L, M(), 'no unknowns')
  t.end()
})

test('cholesky: the failing pivot is named', (t) => {
  const failure = (A: Float64Array, n: number) => left(Cholesky.factor(A, n))
  t.deepEqual(failure(M(1, 2, 2, 1), 2), { _tag: 'notPositiveDefinite', pivot: 1, value: -3 }, 'an indefinite matrix')
  t.deepEqual(failure(M(0), 1), { _tag: 'notPositiveDefinite', pivot: 0, value: 0 }, 'zero')
  t.ok(Number.isNaN(failure(M(1, 0, NaN, 1), 2).value), 'NaN')
  t.equal(failure(M(Infinity), 1).value, Infinity, 'Infinity')
  const n = 200
  const A = spd(1, n)
  A[150 * n + 150] = -1
  t.equal(failure(A, n).pivot, 150, 'beyond the first block')
  t.end()
})

test('cholesky and lu: backward errors near rounding at every size, blocked or not', (t) => {
  let worst = 0
  for (const n of [1, 2, 3, 5, 17, 63, 64, 65, 129, 200, 257]) {
    const [S, G, b] = [spd(n, n), gaussian(n, n, n), gaussian(n + 1, n, 1)]
    worst = Math.max(
      worst,
      backwardError(S, Cholesky.solve(right(Cholesky.factor(S, n)), b), b, n).normwise,
      backwardError(G, Lu.solve(right(Lu.factor(G, n)), b), b, n).normwise,
      backwardError(transpose(G, n, n), Lu.solveTransposed(right(Lu.factor(G, n)), b), b, n).normwise
    )
  }
  t.ok(worst < 1e-15, `normwise backward error at most ${worst.toExponential(1)}`)
  t.end()
})

test('lu: by hand, pivots, failures', (t) => {
  const A = M(0, 2, 1, 3)
  const f = right(Lu.factor(A, 2))
  t.deepEqual([...f.LU], [1, 3, 0, 2], 'L and U')
  t.deepEqual([...f.order], [1, 0], 'rows exchanged')
  t.deepEqual(Lu.solve(f, M(4, 7)), M(1, 2), 'A x = b')
  t.deepEqual(Lu.solveTransposed(f, M(2, 8)), M(1, 2), 'A^T x = b')
  t.deepEqual(left(Lu.factor(M(1, 2, 2, 4), 2)), { _tag: 'noPivot', column: 1, value: 0 }, 'an exactly singular matrix')
  t.ok(Number.isNaN(left(Lu.factor(M(1, 2, NaN, 4), 2)).value), 'NaN')
  const extreme = right(Lu.factor(M(1e99, 0, 0, 1e-99), 2))
  t.deepEqual(Lu.solve(extreme, M(1e99, 1e-99)), M(1, 1), 'diag(1e99, 1e-99)')
  t.ok(E.isLeft(Lu.factor(M(1.7e308, 1.7e308, -1.7e308, 1.7e308), 2)), 'a factor that overflows is a failure')
  t.end()
})

test('lu: P A = L U', (t) => {
  fc.assert(
    fc.property(seedArbitrary, fc.integer({ min: 1, max: 140 }), (seed, n) => {
      const A = gaussian(seed, n, n)
      const { LU, order } = right(Lu.factor(A, n))
      const [L, U] = [new Float64Array(n * n), new Float64Array(n * n)]
      LU.forEach((v, p) => {
        const [i, j] = [Math.floor(p / n), p % n]
        if (j < i) L[p] = v
        else U[p] = v
        if (i === j) L[p] = 1
      })
      const permuted = Float64Array.from(A, (_, p) => A[order[Math.floor(p / n)]! * n + (p % n)]!)
      return furthest(naiveProduct(L, U, n, n, n), permuted) < 1e-13 * n && L.every((v) => Math.abs(v) <= 1)
    }),
    { numRuns: 25 }
  )
  t.pass('over random sizes')
  t.end()
})

test('qr: least squares by hand', (t) => {
  const line = Qr.leastSquares(M(1, 0, 1, 1, 1, 2), 3, 2, M(6, 0, 0))
  t.ok(furthest(right(line).d, M(5, -3)) < 1e-14, 'a line through (0, 6), (1, 0), (2, 0)')
  t.ok(Math.abs(right(line).residualNorm - Math.sqrt(6)) < 1e-14, 'its residual')
  const damped = right(Qr.leastSquares(M(3), 1, 1, M(10), M(1)))
  t.ok(Math.abs(damped.d[0]! - 3) < 1e-15, 'damped: 3 * 10 / (9 + 1)')
  t.ok(Math.abs(damped.residualNorm - 1) < 1e-14, 'the residual leaves damping rows out')
  t.equal(left(Qr.leastSquares(M(1, 2, 2, 4, 3, 6), 3, 2, M(1, 1, 1))).column, 1, 'a dependent column is named')
  t.ok(E.isRight(Qr.leastSquares(M(1, 2, 2, 4, 3, 6), 3, 2, M(1, 1, 1), M(0.1, 0.1))), 'and damping cures it')
  t.ok(E.isLeft(Qr.leastSquares(M(1, NaN, 2, 4), 2, 2, M(1, 1))), 'NaN is a failure')
  t.ok(E.isLeft(Qr.leastSquares(M(1, 2), 1, 2, M(1))), 'fewer rows than columns')
  t.ok(E.isRight(Qr.leastSquares(M(1, 2), 1, 2, M(1), M(1, 1))), 'fewer rows than columns, damped')
  const huge = right(Qr.leastSquares(M(3e200, 0, 0, 2e-200), 2, 2, M(3e200, 4e-200)))
  t.ok(furthest(huge.d, M(1, 2)) < 1e-14, 'columns of very different sizes')
  t.end()
})

test('qr: the gradient vanishes at the minimum', (t) => {
  const extra = fc.integer({ min: 0, max: 60 })
  fc.assert(
    fc.property(seedArbitrary, sizeArbitrary, extra, fc.boolean(), (seed, n, more, isDamped) => {
      const m = n + more
      const [J, r] = [gaussian(seed, m, n), gaussian(seed + 1, m, 1)]
      const damping = Key.uniform(Key.key(seed), n).map((v) => v + 0.01)
      const answer = Qr.leastSquares(J, m, n, r, isDamped ? damping : undefined)
      const { d, residualNorm } = right(answer)
      const gap = matvec(J, d, m, n).map((v, i) => r[i]! - v)
      const gradient = matvecTransposed(J, gap, m, n).map((v, i) => v - (isDamped ? damping[i]! ** 2 * d[i]! : 0))
      const size = norm2(J) * (norm2(r) + norm2(J) * norm2(d))
      return norm2(gradient) <= 1e-14 * size && Math.abs(residualNorm - norm2(gap)) <= 1e-13 * size
    }),
    { numRuns: 150 }
  )
  t.pass('J^T (r - J d) = D^2 d, over random sizes')
  t.end()
})
