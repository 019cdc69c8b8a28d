/**
 * Batches of small systems by classical means, as baselines: one after the other, with one workspace for all, and as fast
 * as float64 JavaScript lets them be.
 */
import { mostUnrolled, smallCg, smallCholesky } from './unrolled'

export interface BatchSolution {
  /** [batch, n]; NaN where the matrix is not positive definite, or singular. */
  readonly x: Float64Array
  /** [batch]: the pivot at which the factorisation failed, or -1. */
  readonly failed: Int32Array
}

// --- Cholesky --------------------------------------------------------------------------------------------------------

/** Solve `A_s x_s = b_s` by Cholesky. A: [batch, n, n], symmetric positive definite. b: [batch, n]. */
export const batchCholesky = (A: Float64Array, b: Float64Array, batch: number, n: number): BatchSolution => {
  const x = new Float64Array(batch * n)
  const failed = new Int32Array(batch)
  const small = n <= mostUnrolled.cholesky ? smallCholesky(n) : null
  const [L, d] = small === null ? [new Float64Array(n * n), new Float64Array(n)] : [x, x]
  for (let s = 0; s < batch; s++) {
    const pivot = small === null ? choleskyInto(A, s * n * n, b, x, s * n, n, L, d) : small(A, s * n * n, b, s * n, x)
    failed[s] = pivot
    if (pivot >= 0) x.fill(NaN, s * n, (s + 1) * n)
  }
  return { x, failed }
}

/**
 * Rows of L two at a time against earlier rows two at a time, so that every entry loaded is used twice; b goes along as a
 * row of its own. d: reciprocals of the diagonal of L. The failing pivot, or -1.
 */
const choleskyInto = (
  A: Float64Array,
  start: number,
  b: Float64Array,
  x: Float64Array,
  at: number,
  n: number,
  L: Float64Array,
  d: Float64Array
): number => {
  const even = n & ~1
  for (let i = 0; i < even; i += 2) {
    const p0 = i * n
    const p1 = p0 + n
    let a00 = A[start + p0 + i]!
    let a10 = A[start + p1 + i]!
    let a11 = A[start + p1 + i + 1]!
    let y0 = b[at + i]!
    let y1 = b[at + i + 1]!
    for (let j = 0; j < i; j += 2) {
      const q0 = j * n
      const q1 = q0 + n
      let s00 = A[start + p0 + j]!
      let s01 = A[start + p0 + j + 1]!
      let s10 = A[start + p1 + j]!
      let s11 = A[start + p1 + j + 1]!
      for (let k = 0; k < j; k++) {
        const u0 = L[p0 + k]!
        const u1 = L[p1 + k]!
        const v0 = L[q0 + k]!
        const v1 = L[q1 + k]!
        s00 -= u0 * v0
        s01 -= u0 * v1
        s10 -= u1 * v0
        s11 -= u1 * v1
      }
      const corner = L[q1 + j]!
      s00 *= d[j]!
      s10 *= d[j]!
      s01 = (s01 - s00 * corner) * d[j + 1]!
      s11 = (s11 - s10 * corner) * d[j + 1]!
      L[p0 + j] = s00
      L[p0 + j + 1] = s01
      L[p1 + j] = s10
      L[p1 + j + 1] = s11
      a00 -= s00 * s00 + s01 * s01
      a10 -= s10 * s00 + s11 * s01
      a11 -= s10 * s10 + s11 * s11
      y0 -= s00 * x[at + j]! + s01 * x[at + j + 1]!
      y1 -= s10 * x[at + j]! + s11 * x[at + j + 1]!
    }
    if (!(a00 > 0 && a00 < Infinity)) return i
    const d0 = 1 / Math.sqrt(a00)
    const corner = a10 * d0
    a11 -= corner * corner
    if (!(a11 > 0 && a11 < Infinity)) return i + 1
    const d1 = 1 / Math.sqrt(a11)
    L[p1 + i] = corner
    d[i] = d0
    d[i + 1] = d1
    x[at + i] = y0 * d0
    x[at + i + 1] = (y1 - corner * x[at + i]!) * d1
  }
  if (even < n) {
    const pivot = lastRow(A, start, b, x, at, n, L, d)
    if (pivot >= 0) return pivot
  }
  for (let i = n - 1; i >= 0; i--) {
    const xi = x[at + i]! * d[i]!
    x[at + i] = xi
    for (let j = 0, p = i * n; j < i; j++, p++) x[at + j]! -= xi * L[p]!
  }
  return -1
}

/** The last row of L where n is odd. */
const lastRow = (
  A: Float64Array,
  start: number,
  b: Float64Array,
  x: Float64Array,
  at: number,
  n: number,
  L: Float64Array,
  d: Float64Array
): number => {
  const i = n - 1
  const p = i * n
  let a = A[start + p + i]!
  let y = b[at + i]!
  for (let j = 0; j < i; j++) {
    let s = A[start + p + j]!
    for (let k = 0, q = j * n; k < j; k++, q++) s -= L[p + k]! * L[q]!
    s *= d[j]!
    L[p + j] = s
    a -= s * s
    y -= s * x[at + j]!
  }
  if (!(a > 0 && a < Infinity)) return i
  d[i] = 1 / Math.sqrt(a)
  x[at + i] = y * d[i]!
  return -1
}

// --- LU --------------------------------------------------------------------------------------------------------------

/** Solve `A_s x_s = b_s` by LU with partial pivoting. A: [batch, n, n]. b: [batch, n]. */
export const batchLu = (A: Float64Array, b: Float64Array, batch: number, n: number): BatchSolution => {
  const x = b.slice(0, batch * n)
  const failed = new Int32Array(batch)
  const W = new Float64Array(n * n)
  for (let s = 0; s < batch; s++) {
    for (let p = 0, q = s * n * n; p < n * n; p++, q++) W[p] = A[q]!
    const column = luInto(W, x, s * n, n)
    failed[s] = column
    if (column >= 0) x.fill(NaN, s * n, (s + 1) * n)
  }
  return { x, failed }
}

/** Gaussian elimination of W beside the right-hand side in x, which becomes the solution; the failing column, or -1. */
const luInto = (W: Float64Array, x: Float64Array, at: number, n: number): number => {
  for (let c = 0; c < n; c++) {
    let best = c
    let most = Math.abs(W[c * n + c]!)
    for (let i = c + 1; i < n; i++) {
      const size = Math.abs(W[i * n + c]!)
      if (size > most) {
        most = size
        best = i
      }
    }
    if (!(most > 0 && most < Infinity)) return c
    if (best !== c) {
      for (let p = c * n + c, q = best * n + c; p < (c + 1) * n; p++, q++) {
        const kept = W[p]!
        W[p] = W[q]!
        W[q] = kept
      }
      const kept = x[at + c]!
      x[at + c] = x[at + best]!
      x[at + best] = kept
    }
    const reciprocal = 1 / W[c * n + c]!
    W[c * n + c] = reciprocal
    for (let i = c + 1; i < n; i++) {
      const l = W[i * n + c]! * reciprocal
      for (let p = i * n + c + 1, q = c * n + c + 1; q < (c + 1) * n; p++, q++) W[p]! -= l * W[q]!
      x[at + i]! -= l * x[at + c]!
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    let y = x[at + i]!
    for (let j = i + 1; j < n; j++) y -= W[i * n + j]! * x[at + j]!
    x[at + i] = y * W[i * n + i]!
  }
  return -1
}

// --- conjugate gradients ---------------------------------------------------------------------------------------------

/** `w = A_s p`, four rows at a time, so that every entry of p is loaded once for four. */
const productInto = (A: Float64Array, start: number, p: Float64Array, n: number, w: Float64Array): void => {
  let i = 0
  for (; i + 3 < n; i += 4) {
    const q0 = start + i * n
    const q1 = q0 + n
    const q2 = q1 + n
    const q3 = q2 + n
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    for (let j = 0; j < n; j++) {
      const pj = p[j]!
      s0 += A[q0 + j]! * pj
      s1 += A[q1 + j]! * pj
      s2 += A[q2 + j]! * pj
      s3 += A[q3 + j]! * pj
    }
    w[i] = s0
    w[i + 1] = s1
    w[i + 2] = s2
    w[i + 3] = s3
  }
  for (; i < n; i++) {
    let sum = 0
    for (let j = 0, q = start + i * n; j < n; j++, q++) sum += A[q]! * p[j]!
    w[i] = sum
  }
}

/**
 * `k` conjugate gradient iterations from zero on every `A_s x_s = b_s`, fewer where the residual vanishes.
 * A: [batch, n, n]. b: [batch, n]. The result: [batch, n].
 */
export const batchCg = (A: Float64Array, b: Float64Array, batch: number, n: number, k: number): Float64Array => {
  const x = new Float64Array(batch * n)
  if (n <= mostUnrolled.cg) {
    const small = smallCg(n)
    for (let s = 0; s < batch; s++) small(A, s * n * n, b, s * n, x, k)
    return x
  }
  const [r, p, w] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]
  for (let s = 0; s < batch; s++) cgInto(A, s * n * n, b, x, s * n, n, k, r, p, w)
  return x
}

const cgInto = (
  A: Float64Array,
  start: number,
  b: Float64Array,
  x: Float64Array,
  at: number,
  n: number,
  k: number,
  r: Float64Array,
  p: Float64Array,
  w: Float64Array
): void => {
  let rr = 0
  for (let i = 0; i < n; i++) {
    const value = b[at + i]!
    r[i] = value
    p[i] = value
    rr += value * value
  }
  for (let step = 0; step < k && rr > 0; step++) {
    productInto(A, start, p, n, w)
    let curvature = 0
    for (let i = 0; i < n; i++) curvature += p[i]! * w[i]!
    if (!(curvature > 0)) return
    const alpha = rr / curvature
    let next = 0
    for (let i = 0; i < n; i++) {
      x[at + i]! += alpha * p[i]!
      const value = r[i]! - alpha * w[i]!
      r[i] = value
      next += value * value
    }
    const beta = next / rr
    rr = next
    for (let i = 0; i < n; i++) p[i] = r[i]! + beta * p[i]!
  }
}
