/**
 * Products, norms, symmetry, powers of two, and the blocked kernel against plain loops.
 */
import fc from 'fast-check'
import test from 'tape'

import { exponent, powerOfTwo, scaled } from '../../runtime/linalg/exponent'
import { subtractProduct } from '../../runtime/linalg/kernel'
import * as P from '../../runtime/linalg/products'
import { exact, furthest, gaussian, naiveProduct, seedArbitrary } from './support'

const M = (...entries: readonly number[]): Float64Array => Float64Array.from(entries)

test('products and norms by hand', (t) => {
  const A = M(1, -2, 3, 4, 5, -6)
  t.deepEqual(P.matvec(A, M(1, 2, 3), 2, 3), M(6, -4), 'A x')
  t.deepEqual(P.matvecTransposed(A, M(1, 2), 2, 3), M(9, 8, -9), 'A^T x')
  t.deepEqual(P.transpose(A, 2, 3), M(1, 4, -2, 5, 3, -6), 'A^T')
  t.deepEqual(P.gemm(A, M(1, 0, 0, 1, 2, 2), 2, 3, 2), M(7, 4, -8, -7), 'A B')
  t.equal(P.norm1(A, 2, 3), 9, '||A||_1 by columns')
  t.equal(P.normInf(A, 2, 3), 15, '||A||_inf by rows')
  t.equal(P.normFrobenius(M(3, 4)), 5, '||A||_F')
  t.equal(P.largest(A), 6, 'largest entry')
  t.equal(P.norm2(M(3e300, 4e300)), 5e300, 'squares that would overflow')
  t.ok(Math.abs(P.norm2(M(3e-320, 4e-320)) / 5e-320 - 1) < 1e-3, 'squares that would vanish')
  for (const norm of [P.largest, P.vectorNorm1, P.norm2]) t.ok(Number.isNaN(norm(M(1, NaN, 2))), 'a NaN is kept')
  t.ok(Number.isNaN(P.norm1(M(NaN, 1, 5, 1), 2, 2)), 'a NaN is kept by the 1-norm')
  t.ok(Number.isNaN(P.normInf(M(NaN, 1, 5, 1), 2, 2)), 'a NaN is kept by the infinity norm')
  t.end()
})

test('symmetry', (t) => {
  t.ok(P.isSymmetric(M(1, 2, 2, 1), 2), 'equal entries')
  t.notOk(P.isSymmetric(M(1, 2, 2 + 1e-12, 1), 2), 'unequal entries')
  t.ok(P.isSymmetric(M(1, 2, 2 + 1e-12, 1), 2, 1e-12), 'within a tolerance')
  t.notOk(P.isSymmetric(M(1, NaN, NaN, 1), 2, 1), 'NaN is not symmetric')
  t.notOk(P.isSymmetric(M(1e308, 1.7e308, -1.7e308, 1), 2, 0.5), 'a difference that overflows')
  const n = 70
  const A = P.gemm(gaussian(1, n, n), P.transpose(gaussian(1, n, n), n, n), n, n, n)
  t.ok(P.isSymmetric(A, n, 1e-14), 'G G^T over several blocks')
  A[69 * n + 2]! += 1e-3
  t.notOk(P.isSymmetric(A, n, 1e-14), 'one entry changed')
  t.end()
})

test('gemm, matvec and transposed products agree with plain loops', (t) => {
  const size = fc.integer({ min: 1, max: 150 })
  fc.assert(
    fc.property(seedArbitrary, size, size, size, (seed, m, k, n) => {
      const [A, B] = [gaussian(seed, m, k), gaussian(seed + 1, k, n)]
      const C = naiveProduct(A, B, m, k, n)
      const column = gaussian(seed + 2, k, 1)
      const row = gaussian(seed + 3, m, 1)
      return (
        furthest(P.gemm(A, B, m, k, n), C) < 1e-12 &&
        furthest(P.matvec(A, column, m, k), naiveProduct(A, column, m, k, 1)) < 1e-12 &&
        furthest(P.matvecTransposed(A, row, m, k), naiveProduct(row, A, 1, m, k)) < 1e-12
      )
    }),
    { numRuns: 40 }
  )
  t.pass('over random sizes')
  t.end()
})

test('the kernel changes the lower half alone where asked, and nothing outside its part', (t) => {
  const n = 133
  const C = new Float64Array((n + 2) * (n + 5))
  const stride = n + 5
  const A = gaussian(3, n, 70)
  const expected = naiveProduct(A, P.transpose(A, n, 70), n, 70, n)
  const part = { data: A, start: 0, stride: 70 }
  subtractProduct({ data: C, start: stride + 2, stride }, part, part, n, n, 70, { transposed: true, lower: true })
  let [inside, outside] = [0, 0]
  for (let i = -1; i <= n; i++) {
    for (let j = -2; j < n + 3; j++) {
      const value = C[(i + 1) * stride + j + 2]!
      if (i < 0 || i >= n || j < 0 || j >= n) outside = Math.max(outside, Math.abs(value))
      else if (j <= i) inside = Math.max(inside, Math.abs(value + expected[i * n + j]!))
    }
  }
  t.ok(inside < 1e-12, 'the lower half is -A A^T')
  t.equal(outside, 0, 'the border is untouched')
  t.end()
})

test('powers of two are exact over the whole range', (t) => {
  for (const e of [-1022, -500, -1, 0, 1, 500, 1023]) t.equal(powerOfTwo(e), 2 ** e, `2^${e}`)
  t.equal(exponent(Number.MIN_VALUE), -1074, 'exponent of the smallest number')
  t.equal(exponent(-Number.MAX_VALUE), 1023, 'exponent of the largest')
  t.equal(scaled(Number.MIN_VALUE, 2097), 2 ** 1023, 'from one end to the other')
  t.equal(scaled(1.5 * 2 ** 1023, -2097), Number.MIN_VALUE * 2, 'and back, rounded once')
  t.equal(scaled(0, 1e6), 0, 'zero stays zero')
  t.equal(scaled(-1, -1e6), -0, 'what vanishes keeps its sign')
  t.equal(scaled(1, 1e6), Infinity, 'overflow')
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -2200, max: 2200 }), (x, e) => {
      if (x === 0) return scaled(x, e) === 0
      const found = scaled(x, e)
      if (!Number.isFinite(found)) return exponent(x) + e >= 1023
      const [p, q] = [e >= 0 ? exact(x) << BigInt(e) : exact(x), e >= 0 ? exact(found) : exact(found) << BigInt(-e)]
      const off = p > q ? p - q : q - p
      // Exact, or off by at most half the smallest number.
      return off === 0n || (exponent(x) + e < -1022 && 2n * off <= 1n << BigInt(-e))
    }),
    { numRuns: 2000 }
  )
  t.end()
})
