/**
 * Conjugate gradients, Lanczos, tridiagonal eigenvalues, random orthogonal matrices and batches.
 */
import fc from 'fast-check'
import test from 'tape'

import { batchCg, batchCholesky } from '../../runtime/linalg/batch'
import { cg } from '../../runtime/linalg/cg'
import * as Cholesky from '../../runtime/linalg/cholesky'
import { extremes, extremesOf } from '../../runtime/linalg/lanczos'
import { norm2 } from '../../runtime/linalg/norms'
import { orthogonal, withSpectrum } from '../../runtime/linalg/orthogonal'
import { dense, gemm, isSymmetric, matvec, transpose } from '../../runtime/linalg/products'
import { residual } from '../../runtime/linalg/residual'
import { tridiagonalEigenvalues } from '../../runtime/linalg/tridiagonal'
import * as Key from '../../runtime/random/key'
import { right } from '../support/right'
import { furthest, gaussian, seedArbitrary, sizeArbitrary, spd } from './support'

const M = (...entries: readonly number[]): Float64Array => Float64Array.from(entries)
const spread = (n: number, low: number, high: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => low + ((high - low) * i) / Math.max(1, n - 1))

test('cg: by hand', (t) => {
  const found = cg(dense(M(4, 1, 1, 3), 2), M(1, 2))
  t.ok(furthest(found.x, M(1 / 11, 7 / 11)) < 1e-15, 'x')
  t.deepEqual([found.status, found.iterations, found.products], ['converged', 2, 3], 'n iterations, one more product')
  t.equal(found.history.length, 3, 'a residual at the start and after each iteration')
  const zero = cg(dense(M(4, 1, 1, 3), 2), M(0, 0))
  t.deepEqual([zero.status, zero.iterations, [...zero.x]], ['converged', 0, [0, 0]], 'b = 0 takes no iterations')
  t.equal(cg(dense(M(1, 0, 0, -1), 2), M(1, 1)).status, 'breakdown', 'an indefinite matrix')
  const undefinedB = cg(dense(M(1), 1), M(NaN))
  t.deepEqual([undefinedB.status, undefinedB.trueResidual], ['breakdown', Infinity], 'NaN')
  const huge = cg(dense(M(4, 1, 1, 3), 2), M(1e300, 2e300))
  t.ok(Math.abs(huge.x[0]! / (1e300 / 11) - 1) < 1e-14, 'b of 1e300')
  t.equal(cg(dense(M(4, 1, 1, 3), 2), M(1, 2), { x0: huge.x.map((v) => v / 1e300) }).iterations, 0, 'from its solution')
  t.end()
})

test('cg: the reported residual is the true one, and convergence is never claimed without it', (t) => {
  const tolerance = fc.constantFrom(1e-4, 1e-10, 1e-15, 1e-17)
  fc.assert(
    fc.property(seedArbitrary, sizeArbitrary, tolerance, fc.boolean(), (seed, n, tol, preconditioned) => {
      const [A, b] = [spd(seed, n, 1e-4), gaussian(seed + 1, n, 1)]
      const precondition = (x: Float64Array, y: Float64Array) => y.set(x.map((v, i) => v / A[i * n + i]!))
      const found = cg(dense(A, n), b, preconditioned ? { tolerance: tol, precondition } : { tolerance: tol })
      const truth = norm2(residual(A, found.x, b, n)) / norm2(b)
      const honest = Math.abs(truth - found.trueResidual) <= (1e-12 * n * norm2(A) * norm2(found.x)) / norm2(b)
      const claimed = found.status !== 'converged' || found.trueResidual <= tol
      return honest && claimed && found.products >= found.iterations && (tol < 1e-10 || found.status === 'converged')
    }),
    { numRuns: 200 }
  )
  const n = 60
  const hard = withSpectrum(
    spread(n, 0, 1).map((v) => 10 ** (-12 * v)),
    Key.key(1)
  )
  const stopped = cg(dense(hard, n), gaussian(3, n, 1), { tolerance: 1e-12, maxIterations: 40 })
  t.equal(stopped.status, 'maxIterations', 'a limit is kept')
  t.ok(stopped.trueResidual > 1e-12, 'and reported as what it is')
  const beyond = cg(dense(spd(1, 20), 20), gaussian(2, 20, 1), { tolerance: 1e-20 })
  t.equal(beyond.status, 'stagnated', 'a tolerance below rounding')
  t.end()
})

test('tridiagonal eigenvalues: the second difference and random spectra', (t) => {
  for (const n of [1, 2, 7, 50]) {
    const found = tridiagonalEigenvalues(new Float64Array(n).fill(2), new Float64Array(n - 1).fill(-1))
    const known = found.map((_, k) => 2 - 2 * Math.cos((Math.PI * (k + 1)) / (n + 1)))
    t.ok(furthest(found, known) < 2e-15 * 4, `2 - 2 cos(k pi / ${n + 1})`)
  }
  t.ok(furthest(tridiagonalEigenvalues(M(3, 1, 2), M(0, 0)), M(1, 2, 3)) < 1e-15, 'a diagonal')
  t.deepEqual(tridiagonalEigenvalues(M(0, 0), M(0)), M(0, 0), 'zeros')
  t.ok(
    furthest(
      tridiagonalEigenvalues(M(0, 0), M(1e200)).map((v) => v / 1e200),
      M(-1, 1)
    ) < 1e-15,
    'squares overflow'
  )
  t.ok(Number.isNaN(tridiagonalEigenvalues(M(NaN, 0), M(1))[0]!), 'NaN')
  t.end()
})

test('lanczos: all steps give the spectrum, few steps give its ends from within', (t) => {
  fc.assert(
    fc.property(seedArbitrary, sizeArbitrary, (seed, n) => {
      const eigenvalues = Key.normal(Key.key(seed), n).sort()
      const A = withSpectrum(eigenvalues, Key.key(seed + 1))
      const full = extremes(A, n, n, Key.key(seed + 2))
      const few = extremes(A, n, 5, Key.key(seed + 2))
      const [low, high, size] = [eigenvalues[0]!, eigenvalues[n - 1]!, norm2(eigenvalues)]
      return (
        Math.abs(full.low - low) + Math.abs(full.high - high) < 1e-11 * size &&
        few.low >= low - 1e-13 * size &&
        few.high <= high + 1e-13 * size &&
        few.products <= 5
      )
    })
  )
  const n = 400
  const A = withSpectrum(spread(n, 0.02, 1.98), Key.key(4))
  const found = extremes(A, n, 32, Key.key(5))
  t.ok(found.high > 1.98 / 1.01 && found.high <= 1.98 + 1e-13, '32 steps of 400: the largest within one percent')
  t.equal(found.products, 32, 'as many products')
  t.deepEqual(extremes(A, n, 32, Key.key(5)), found, 'the same key, the same bytes')
  const identity = extremes(withSpectrum(new Float64Array(9).fill(3), Key.key(1)), 9, 9, Key.key(1))
  t.ok(identity.products <= 2 && Math.abs(identity.high - 3) < 1e-14, 'an invariant subspace ends it')
  t.equal(extremes(M(2), 1, 5, Key.key(1)).low, 2, 'one unknown')
  t.equal(extremes(M(0, 0, 0, 0), 2, 5, Key.key(1)).high, 0, 'zeros')
  const wide = extremes(M(1e300, 0, 0, 2e300), 2, 2, Key.key(1))
  t.ok(Math.abs(wide.low / 1e300 - 1) + Math.abs(wide.high / 2e300 - 1) < 1e-14, 'entries of 1e300')
  t.ok(Number.isNaN(extremesOf((_, y) => y.fill(NaN), 3, 3, Key.key(1)).high), 'NaN is reported as NaN')
  t.end()
})

test('orthogonal: Q^T Q = I; spectra are kept; the uniform law', (t) => {
  for (const [n, options] of [
    [1, {}],
    [2, {}],
    [40, {}],
    [300, {}],
    [40, { reflectors: 3 }]
  ] as const) {
    const Q = orthogonal(n, Key.key(n), options)
    const I = gemm(Q, transpose(Q, n, n), n, n, n)
    for (let i = 0; i < n; i++) I[i * n + i]! -= 1
    t.ok(norm2(I) < 1e-14 * n, `n = ${n}, ${JSON.stringify(options)}: Q Q^T = I`)
  }
  const eigenvalues = spread(30, 1, 5)
  const A = withSpectrum(eigenvalues, Key.key(2))
  t.ok(isSymmetric(A, 30), 'exactly symmetric')
  t.ok(furthest(extremes(A, 30, 30, Key.key(3)).ritz, eigenvalues) < 1e-12, 'of the given spectrum')
  // Under the uniform law E q_ij^2 = 1 / n, E q_ij^4 = 3 / (n (n + 2)) and E trace^2 = 1, for every entry alike.
  const [n, trials] = [3, 20000]
  const [squares, fourths] = [new Float64Array(9), new Float64Array(9)]
  let trace = 0
  for (const k of Key.split(Key.key(9), trials)) {
    const Q = orthogonal(n, k)
    Q.forEach((v, p) => {
      squares[p]! += v ** 2 / trials
      fourths[p]! += v ** 4 / trials
    })
    trace += (Q[0]! + Q[4]! + Q[8]!) ** 2 / trials
  }
  t.ok(
    squares.every((v) => Math.abs(v - 1 / 3) < 0.01),
    'second moments'
  )
  t.ok(
    fourths.every((v) => Math.abs(v - 1 / 5) < 0.01),
    'fourth moments'
  )
  t.ok(Math.abs(trace - 1) < 0.05, 'the trace')
  t.end()
})

test('batches agree with one system at a time', (t) => {
  const [batch, n] = [7, 9]
  const A = new Float64Array(batch * n * n)
  const b = gaussian(1, batch, n)
  for (let s = 0; s < batch; s++) A.set(spd(s, n), s * n * n)
  const { x, failed } = batchCholesky(A, b, batch, n)
  const [full, short] = [batchCg(A, b, batch, n, 3 * n), batchCg(A, b, batch, n, 4)]
  let [off, offCg, offShort] = [0, 0, 0]
  for (let s = 0; s < batch; s++) {
    const [As, bs] = [A.slice(s * n * n, (s + 1) * n * n), b.slice(s * n, (s + 1) * n)]
    const xs = Cholesky.solve(right(Cholesky.factor(As, n)), bs)
    off = Math.max(off, furthest(xs, x.subarray(s * n)))
    offCg = Math.max(offCg, furthest(xs, full.subarray(s * n)))
    const four = cg(dense(As, n), bs, { tolerance: 0, maxIterations: 4 })
    offShort = Math.max(offShort, furthest(four.x, short.subarray(s * n)))
  }
  t.ok(off < 1e-13, 'cholesky')
  t.ok(offCg < 1e-10, 'conjugate gradients to the end')
  t.ok(offShort < 1e-12, 'conjugate gradients, four iterations')
  t.ok(
    failed.every((v) => v === -1),
    'none failed'
  )
  A[2 * n * n + 4 * n + 4] = -1
  const spoilt = batchCholesky(A, b, batch, n)
  t.deepEqual([...spoilt.failed], [-1, -1, 4, -1, -1, -1, -1], 'the pivot of a bad matrix')
  t.ok(spoilt.x.subarray(2 * n, 3 * n).every(Number.isNaN), 'its solution is NaN')
  t.deepEqual(spoilt.x.subarray(3 * n), x.subarray(3 * n), 'the others are untouched')
  t.deepEqual(batchCg(new Float64Array(4), M(0, 0), 1, 2, 3), M(0, 0), 'b = 0')
  t.ok(furthest(matvec(A, x, n, n), b.subarray(0, n)) < 1e-12, 'A x = b')
  t.end()
})
