/**
 * Least squares by Householder's QR factorisation, with and without damping, as Levenberg-Marquardt steps need it.
 *
 * Sources: Golub and Van Loan, Matrix Computations, 4th edition, sections 5.2 and 5.3; the damped step, by factoring R over
 * the damping rows once per trial: More, "The Levenberg-Marquardt algorithm", Lecture Notes in Mathematics 630 (1978).
 */
import * as E from 'fp-ts/Either'

import { norm2 } from './norms'
import { dotOf, transpose } from './products'

// --- model -----------------------------------------------------------------------------------------------------------

/** `J = Q R`. V: [n, m], row k holds the k-th Householder vector from entry k on; R: [n, n], upper triangular. */
export interface Qr {
  readonly _tag: 'qr'
  readonly m: number
  readonly n: number
  readonly V: Float64Array
  readonly tau: Float64Array
  readonly R: Float64Array
}

export interface LeastSquares {
  /** The minimiser, n entries. */
  readonly d: Float64Array
  /** `||J d - r||_2`, without damping rows. */
  readonly residualNorm: number
}

/** The column (from 0) that depends on those before it to working precision, and its diagonal entry of R. */
export interface RankDeficient {
  readonly _tag: 'rankDeficient'
  readonly column: number
  readonly value: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** Reduce the rows of `T` (the columns of J) in place; Householder vectors stay in `T`, R is returned. */
const reduce = (T: Float64Array, m: number, n: number, tau: Float64Array): Float64Array => {
  const R = new Float64Array(n * n)
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < k; i++) R[i * n + k] = T[k * m + i]!
    const head = k * m + k
    const size = norm2(T.subarray(head, (k + 1) * m))
    if (size === 0) continue
    if (!Number.isFinite(size)) {
      R[k * n + k] = size
      continue
    }
    const first = T[head]! / size
    const sign = first >= 0 ? 1 : -1
    R[k * n + k] = -sign * size
    // v = (x + sign ||x|| e_1) / ||x||, so v . v = 2 (1 + |x_1| / ||x||) and no square overflows.
    for (let i = head; i < (k + 1) * m; i++) T[i]! /= size
    T[head] = first + sign
    tau[k] = 1 / (1 + Math.abs(first))
    for (let c = k + 1; c < n; c++) reflect(T, head, T, c * m + k, m - k, tau[k]!)
  }
  return R
}

/** `y <- y - tau v (v . y)`. */
const reflect = (V: Float64Array, v: number, Y: Float64Array, y: number, count: number, tau: number): void => {
  const along = tau * dotOf(V, v, Y, y, count)
  for (let i = 0; i < count; i++) Y[y + i]! -= along * V[v + i]!
}

/** J with rows of zeros below, so that it has at least as many rows as columns; they change no sum of squares. */
const tall = (J: Float64Array, n: number): Float64Array => {
  const taller = new Float64Array(n * n)
  taller.set(J)
  return taller
}

/** Factor `J = Q R`. J: [m, n], row-major; with fewer rows than columns only damped problems have a solution. */
export const factor = (J: Float64Array, m: number, n: number): Qr => {
  if (m < n) return factor(tall(J, n), n, n)
  const V = transpose(J, m, n)
  const tau = new Float64Array(n)
  return { _tag: 'qr', m, n, V, tau, R: reduce(V, m, n, tau) }
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** `Q^T r`, m entries; missing entries of r count as zeros. */
export const applyTransposed = ({ m, n, V, tau }: Qr, r: Float64Array): Float64Array => {
  const c = new Float64Array(m)
  c.set(r)
  for (let k = 0; k < n; k++) reflect(V, k * m + k, c, k, m - k, tau[k]!)
  return c
}

/** `R d = c`, unless a diagonal entry is negligible beside its column. */
const solveTriangular = (
  R: Float64Array,
  n: number,
  c: Float64Array,
  rows: number
): E.Either<RankDeficient, Float64Array> => {
  const column = new Float64Array(n)
  for (let k = 0; k < n; k++) {
    for (let i = 0; i <= k; i++) column[i] = R[i * n + k]!
    const value = R[k * n + k]!
    const size = norm2(column.subarray(0, k + 1))
    if (!(Math.abs(value) > rows * 2 ** -53 * size)) return E.left({ _tag: 'rankDeficient', column: k, value })
  }
  const d = c.slice(0, n)
  for (let i = n - 1; i >= 0; i--) {
    d[i] = (d[i]! - dotOf(R, i * n + i + 1, d, i + 1, n - i - 1)) / R[i * n + i]!
  }
  return E.right(d)
}

/** The minimiser of `||J d - r||_2` from the factorisation of J; fails if J has not full rank to working precision. */
export const solve = (qr: Qr, r: Float64Array): E.Either<RankDeficient, LeastSquares> => {
  const c = applyTransposed(qr, r)
  return E.map((d: Float64Array) => ({ d, residualNorm: norm2(c.subarray(qr.n)) }))(
    solveTriangular(qr.R, qr.n, c, qr.m)
  )
}

/** R over the damping rows, factored: right-hand sides share it. */
export interface Damped {
  readonly qr: Qr
  readonly damped: Qr
}

/** Factor R over `diag(damping)`; many dampings cost one factorisation of J and one of [2n, n] each. */
export const damp = (qr: Qr, damping: Float64Array): Damped => {
  const { n, R } = qr
  const T = new Float64Array(n * 2 * n)
  for (let k = 0; k < n; k++) {
    for (let i = 0; i <= k; i++) T[k * 2 * n + i] = R[i * n + k]!
    T[k * 2 * n + n + k] = damping[k]!
  }
  const tau = new Float64Array(n)
  return { qr, damped: { _tag: 'qr', m: 2 * n, n, V: T, tau, R: reduce(T, 2 * n, n, tau) } }
}

/**
 * The minimiser of `||J d - r||_2^2 + ||diag(damping) d||_2^2`. Never fails if all dampings are well above rounding.
 */
export const solveDamped = ({ qr, damped }: Damped, r: Float64Array): E.Either<RankDeficient, LeastSquares> => {
  const { n, R } = qr
  const c = applyTransposed(qr, r)
  const rhs = new Float64Array(2 * n)
  rhs.set(c.subarray(0, n))
  return E.map((d: Float64Array) => {
    const gap = c.slice()
    for (let i = 0; i < n; i++) gap[i]! -= dotOf(R, i * n + i, d, i, n - i)
    return { d, residualNorm: norm2(gap) }
  })(solveTriangular(damped.R, n, applyTransposed(damped, rhs), 2 * n))
}

/** The minimiser of `||J d - r||_2`, or with damping of `||J d - r||_2^2 + ||diag(damping) d||_2^2`. J: [m, n]. */
export const leastSquares = (
  J: Float64Array,
  m: number,
  n: number,
  r: Float64Array,
  damping?: Float64Array
): E.Either<RankDeficient, LeastSquares> =>
  damping === undefined ? solve(factor(J, m, n), r) : solveDamped(damp(factor(J, m, n), damping), r)
