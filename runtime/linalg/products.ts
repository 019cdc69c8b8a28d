/**
 * Products of dense row-major matrices in float64.
 */
import { subtractProduct } from './kernel'

export { isSymmetric, largest, norm1, norm2, normFrobenius, normInf, vectorNorm1 } from './norms'

/** `sum_k a[p + k] b[q + k]` over `count` entries, in four partial sums. */
export const dotOf = (a: Float64Array, p: number, b: Float64Array, q: number, count: number): number => {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const whole = count & ~3
  let k = 0
  for (; k < whole; k += 4) {
    s0 += a[p + k]! * b[q + k]!
    s1 += a[p + k + 1]! * b[q + k + 1]!
    s2 += a[p + k + 2]! * b[q + k + 2]!
    s3 += a[p + k + 3]! * b[q + k + 3]!
  }
  for (; k < count; k++) s0 += a[p + k]! * b[q + k]!
  return s0 + s1 + (s2 + s3)
}

/** `a . b`. */
export const dot = (a: Float64Array, b: Float64Array): number => dotOf(a, 0, b, 0, a.length)

/** `y <- y + alpha x`. */
export const axpy = (alpha: number, x: Float64Array, y: Float64Array): void => {
  for (let i = 0; i < x.length; i++) y[i]! += alpha * x[i]!
}

/** `y = A x`. A: [m, n]. */
export const matvec = (
  A: Float64Array,
  x: Float64Array,
  m: number,
  n: number,
  y: Float64Array = new Float64Array(m)
): Float64Array => {
  for (let i = 0; i < m; i++) y[i] = dotOf(A, i * n, x, 0, n)
  return y
}

/** `y = A^T x`. A: [m, n]. */
export const matvecTransposed = (
  A: Float64Array,
  x: Float64Array,
  m: number,
  n: number,
  y: Float64Array = new Float64Array(n)
): Float64Array => {
  y.fill(0)
  for (let i = 0; i < m; i++) {
    const xi = x[i]!
    const row = i * n
    for (let j = 0; j < n; j++) y[j]! += xi * A[row + j]!
  }
  return y
}

/** `C = A B`. A: [m, k]. B: [k, n]. */
export const gemm = (A: Float64Array, B: Float64Array, m: number, k: number, n: number): Float64Array => {
  const C = new Float64Array(m * n)
  const part = (data: Float64Array, stride: number) => ({ data, start: 0, stride })
  subtractProduct(part(C, n), part(A, k), part(B, n), m, n, k)
  for (let p = 0; p < C.length; p++) C[p] = 0 - C[p]!
  return C
}

/** `A^T`. A: [m, n]; the result: [n, m]. */
export const transpose = (A: Float64Array, m: number, n: number): Float64Array => {
  const T = new Float64Array(m * n)
  const block = 32
  for (let top = 0; top < m; top += block) {
    for (let j = 0; j < n; j++) {
      for (let i = top; i < Math.min(m, top + block); i++) T[j * m + i] = A[i * n + j]!
    }
  }
  return T
}

/** Writes a product with `x` to `y`. */
export type Operator = (x: Float64Array, y: Float64Array) => void

/** The operator of a dense matrix. A: [n, n], row-major. */
export const dense =
  (A: Float64Array, n: number): Operator =>
  (x, y) => {
    matvec(A, x, n, n, y)
  }
