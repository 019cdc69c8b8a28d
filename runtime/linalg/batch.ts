/**
 * Batches of small systems by classical means, as baselines: one after the other, with one workspace for all.
 */
import { dotOf } from './products'

export interface BatchSolution {
  /** [batch, n]; NaN where the matrix is not positive definite. */
  readonly x: Float64Array
  /** [batch]: the pivot at which the factorisation failed, or -1. */
  readonly failed: Int32Array
}

/** Solve `A_s x_s = b_s` by Cholesky. A: [batch, n, n], symmetric positive definite. b: [batch, n]. */
export const batchCholesky = (A: Float64Array, b: Float64Array, batch: number, n: number): BatchSolution => {
  const x = new Float64Array(batch * n)
  const failed = new Int32Array(batch)
  const L = new Float64Array(n * n)
  for (let s = 0; s < batch; s++) {
    const pivot = factorInto(A, s * n * n, n, L)
    failed[s] = pivot
    if (pivot < 0) solveInto(L, b, x, s * n, n)
    else x.fill(NaN, s * n, (s + 1) * n)
  }
  return { x, failed }
}

/** The lower triangle of `L L^T = A_s`; the failing pivot, or -1. */
const factorInto = (A: Float64Array, start: number, n: number, L: Float64Array): number => {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      L[i * n + j] = (A[start + i * n + j]! - dotOf(L, i * n, L, j * n, j)) / L[j * n + j]!
    }
    const pivot = A[start + i * n + i]! - dotOf(L, i * n, L, i * n, i)
    if (!(pivot > 0 && pivot < Infinity)) return i
    L[i * n + i] = Math.sqrt(pivot)
  }
  return -1
}

const solveInto = (L: Float64Array, b: Float64Array, x: Float64Array, at: number, n: number): void => {
  for (let i = 0; i < n; i++) x[at + i] = (b[at + i]! - dotOf(L, i * n, x, at, i)) / L[i * n + i]!
  for (let i = n - 1; i >= 0; i--) {
    const xi = x[at + i]! / L[i * n + i]!
    x[at + i] = xi
    for (let j = 0; j < i; j++) x[at + j]! -= xi * L[i * n + j]!
  }
}

/**
 * `k` conjugate gradient iterations from zero on every `A_s x_s = b_s`, fewer where the residual vanishes.
 * A: [batch, n, n]. b: [batch, n]. The result: [batch, n].
 */
export const batchCg = (A: Float64Array, b: Float64Array, batch: number, n: number, k: number): Float64Array => {
  const x = new Float64Array(batch * n)
  const [r, p, Ap] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]
  for (let s = 0; s < batch; s++) {
    const [start, at] = [s * n * n, s * n]
    for (let i = 0; i < n; i++) {
      r[i] = b[at + i]!
      p[i] = r[i]!
    }
    let rr = dotOf(r, 0, r, 0, n)
    for (let step = 0; step < k && rr > 0; step++) {
      for (let i = 0; i < n; i++) Ap[i] = dotOf(A, start + i * n, p, 0, n)
      const curvature = dotOf(p, 0, Ap, 0, n)
      if (!(curvature > 0)) break
      const alpha = rr / curvature
      for (let i = 0; i < n; i++) {
        x[at + i]! += alpha * p[i]!
        r[i]! -= alpha * Ap[i]!
      }
      const next = dotOf(r, 0, r, 0, n)
      const beta = next / rr
      rr = next
      for (let i = 0; i < n; i++) p[i] = r[i]! + beta * p[i]!
    }
  }
  return x
}
