/**
 * True residuals `r = b - A x` of dense row-major systems, plain or compensated.
 *
 * Source of the compensated sum: Ogita, Rump, Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26 (2005),
 * algorithm Dot2; of the exact product: Dekker, Numer. Math. 18 (1971), since JavaScript has no fused multiply-add.
 */
import { dotOf } from './products'

/** Veltkamp's constant: it splits a float64 in two halves of 26 bits. */
const splitter = 2 ** 27 + 1

/** `b_i - sum_j A[start + j] x[j]`, in plain float64: within `gamma_(n+1) (|A||x| + |b|)_i`. */
export const rowResidual = (A: Float64Array, start: number, x: Float64Array, n: number, bi: number): number =>
  bi - dotOf(A, start, x, 0, n)

/**
 * `b_i - sum_j A[start + j] x[j]` as if computed with twice the digits and then rounded: within
 * `u |r_i| + gamma_(n+1)^2 (|A||x| + |b|)_i`, where no entry exceeds 2^996 and no product falls below 2^-969.
 */
export const compensatedRowResidual = (
  A: Float64Array,
  start: number,
  x: Float64Array,
  n: number,
  bi: number
): number => {
  let sum = bi
  let correction = 0
  for (let j = 0; j < n; j++) {
    const a = -A[start + j]!
    const c = x[j]!
    const product = a * c
    const bigA = splitter * a
    const aHigh = bigA - (bigA - a)
    const aLow = a - aHigh
    const bigC = splitter * c
    const cHigh = bigC - (bigC - c)
    const cLow = c - cHigh
    const productError = aLow * cLow - (product - aHigh * cHigh - aLow * cHigh - aHigh * cLow)
    const next = sum + product
    const added = next - sum
    const sumError = sum - (next - added) + (product - added)
    sum = next
    correction += productError + sumError
  }
  return sum + correction
}

/** `r = b - A x` in plain float64. A: [n, n]. */
export const residual = (
  A: Float64Array,
  x: Float64Array,
  b: Float64Array,
  n: number,
  r: Float64Array = new Float64Array(n)
): Float64Array => {
  for (let i = 0; i < n; i++) r[i] = rowResidual(A, i * n, x, n, b[i]!)
  return r
}

/** `r = b - A x` with compensated rows, for refinement beyond the accuracy of float64. A: [n, n]. */
export const compensatedResidual = (
  A: Float64Array,
  x: Float64Array,
  b: Float64Array,
  n: number,
  r: Float64Array = new Float64Array(n)
): Float64Array => {
  for (let i = 0; i < n; i++) r[i] = compensatedRowResidual(A, i * n, x, n, b[i]!)
  return r
}
