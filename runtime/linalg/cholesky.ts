/**
 * The Cholesky factorisation `A = L L^T` of a symmetric positive definite matrix, blocked; only the lower half is read.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 4.2.6.
 */
import * as E from 'fp-ts/Either'

import { type Part, subtractProduct } from './kernel'
import { dotOf } from './products'

// --- model -----------------------------------------------------------------------------------------------------------

/** `A = L L^T`. L: [n, n], lower triangular, zeros above the diagonal. */
export interface Cholesky {
  readonly _tag: 'cholesky'
  readonly n: number
  readonly L: Float64Array
}

/** The pivot (counted from 0) that is not a positive finite number, and its value: A is not numerically positive definite. */
export interface NotPositiveDefinite {
  readonly _tag: 'notPositiveDefinite'
  readonly pivot: number
  readonly value: number
}

export interface FactorOptions {
  /** Overwrite A by L instead of copying it; after a failure A holds neither. */
  readonly inPlace?: boolean
}

// --- constructors ----------------------------------------------------------------------------------------------------

const block = 64

/** Factor the diagonal block `from ... to - 1` in place; the number of the failing pivot, or -1. */
const factorDiagonal = (L: Float64Array, n: number, from: number, to: number): number => {
  for (let i = from; i < to; i++) {
    for (let j = from; j < i; j++) {
      L[i * n + j] = (L[i * n + j]! - dotOf(L, i * n + from, L, j * n + from, j - from)) / L[j * n + j]!
    }
    const pivot = L[i * n + i]! - dotOf(L, i * n + from, L, i * n + from, i - from)
    L[i * n + i] = pivot
    if (!(pivot > 0 && pivot < Infinity)) return i
    L[i * n + i] = Math.sqrt(pivot)
  }
  return -1
}

/** The rows below the diagonal block: `L[i, from:to] <- A[i, from:to] L_block^-T`. */
const solvePanel = (L: Float64Array, n: number, from: number, to: number): void => {
  for (let i = to; i < n; i++) {
    for (let j = from; j < to; j++) {
      L[i * n + j] = (L[i * n + j]! - dotOf(L, i * n + from, L, j * n + from, j - from)) / L[j * n + j]!
    }
  }
}

/** Factor `A = L L^T`; fails at the first pivot that is not positive and finite. A: [n, n], row-major. */
export const factor = (
  A: Float64Array,
  n: number,
  { inPlace = false }: FactorOptions = {}
): E.Either<NotPositiveDefinite, Cholesky> => {
  const L = inPlace ? A : A.slice()
  for (let from = 0; from < n; from += block) {
    const to = Math.min(n, from + block)
    const pivot = factorDiagonal(L, n, from, to)
    if (pivot >= 0) return E.left({ _tag: 'notPositiveDefinite', pivot, value: L[pivot * n + pivot]! })
    solvePanel(L, n, from, to)
    const panel: Part = { data: L, start: to * n + from, stride: n }
    const rest: Part = { data: L, start: to * n + to, stride: n }
    subtractProduct(rest, panel, panel, n - to, n - to, to - from, { transposed: true, lower: true })
  }
  for (let i = 0; i < n; i++) L.fill(0, i * n + i + 1, (i + 1) * n)
  return E.right({ _tag: 'cholesky', n, L })
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** The solution of `A x = b` from `L y = b`, `L^T x = y`; `x` may be `b` itself. */
export const solve = ({ n, L }: Cholesky, b: Float64Array, x: Float64Array = new Float64Array(n)): Float64Array => {
  for (let i = 0; i < n; i++) x[i] = (b[i]! - dotOf(L, i * n, x, 0, i)) / L[i * n + i]!
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n
    const xi = x[i]! / L[row + i]!
    x[i] = xi
    for (let j = 0; j < i; j++) x[j]! -= xi * L[row + j]!
  }
  return x
}
