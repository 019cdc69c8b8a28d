/**
 * The LU factorisation with partial pivoting, `P A = L U`, blocked.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, algorithm 3.4.1 and section 3.2.10.
 */
import * as E from 'fp-ts/Either'

import { subtractProduct } from './kernel'
import { dotOf } from './products'

// --- model -----------------------------------------------------------------------------------------------------------

/** `P A = L U`. LU: [n, n], U on and above the diagonal, L below it (its diagonal is 1). Row i of P A is row `order[i]` of A. */
export interface Lu {
  readonly _tag: 'lu'
  readonly n: number
  readonly LU: Float64Array
  readonly order: Int32Array
}

/** The best pivot of this column (counted from 0) is zero or not finite: A is singular or its entries overflowed. */
export interface NoPivot {
  readonly _tag: 'noPivot'
  readonly column: number
  readonly value: number
}

export interface FactorOptions {
  /** Overwrite A by the factors instead of copying it; after a failure A holds neither. */
  readonly inPlace?: boolean
}

// --- constructors ----------------------------------------------------------------------------------------------------

const block = 64

/** The row, from `column` down, whose entry in `column` is largest; a NaN counts as largest, so that it is noticed. */
const pivotRow = (A: Float64Array, n: number, column: number): number => {
  let best = column
  let most = Math.abs(A[column * n + column]!)
  for (let i = column + 1; i < n && !Number.isNaN(most); i++) {
    const size = Math.abs(A[i * n + column]!)
    if (size <= most) continue
    best = i
    most = size
  }
  return best
}

const swapRows = (A: Float64Array, n: number, i: number, j: number): void => {
  for (let p = i * n, q = j * n; p < (i + 1) * n; p++, q++) {
    const kept = A[p]!
    A[p] = A[q]!
    A[q] = kept
  }
}

/** Factor the columns `from ... to - 1` from row `from` down; the first column without a pivot, or -1. */
const factorPanel = (A: Float64Array, n: number, from: number, to: number, order: Int32Array): number => {
  for (let c = from; c < to; c++) {
    const best = pivotRow(A, n, c)
    if (best !== c) {
      swapRows(A, n, c, best)
      const kept = order[c]!
      order[c] = order[best]!
      order[best] = kept
    }
    const pivot = A[c * n + c]!
    if (pivot === 0 || !Number.isFinite(pivot)) return c
    for (let i = c + 1; i < n; i++) {
      const l = A[i * n + c]! / pivot
      A[i * n + c] = l
      if (l === 0) continue
      for (let p = i * n + c + 1, q = c * n + c + 1; p < i * n + to; p++, q++) A[p]! -= l * A[q]!
    }
  }
  return -1
}

/** The rows of U right of the panel: `A[from:to, to:] <- L_block^-1 A[from:to, to:]`. */
const solveRows = (A: Float64Array, n: number, from: number, to: number): void => {
  for (let i = from + 1; i < to; i++) {
    for (let k = from; k < i; k++) {
      const l = A[i * n + k]!
      if (l === 0) continue
      for (let p = i * n + to, q = k * n + to; p < (i + 1) * n; p++, q++) A[p]! -= l * A[q]!
    }
  }
}

/** Factor `P A = L U`; fails at the first column whose pivots are all zero, or not finite. A: [n, n], row-major. */
export const factor = (A: Float64Array, n: number, { inPlace = false }: FactorOptions = {}): E.Either<NoPivot, Lu> => {
  const LU = inPlace ? A : A.slice()
  const order = Int32Array.from({ length: n }, (_, i) => i)
  for (let from = 0; from < n; from += block) {
    const to = Math.min(n, from + block)
    const column = factorPanel(LU, n, from, to, order)
    if (column >= 0) return E.left({ _tag: 'noPivot', column, value: LU[column * n + column]! })
    solveRows(LU, n, from, to)
    subtractProduct(
      { data: LU, start: to * n + to, stride: n },
      { data: LU, start: to * n + from, stride: n },
      { data: LU, start: from * n + to, stride: n },
      n - to,
      n - to,
      to - from
    )
  }
  return E.right({ _tag: 'lu', n, LU, order })
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** The solution of `A x = b` from `L U x = P b`. */
export const solve = ({ n, LU, order }: Lu, b: Float64Array): Float64Array => {
  const x = new Float64Array(n)
  for (let i = 0; i < n; i++) x[i] = b[order[i]!]! - dotOf(LU, i * n, x, 0, i)
  for (let i = n - 1; i >= 0; i--) {
    x[i] = (x[i]! - dotOf(LU, i * n + i + 1, x, i + 1, n - i - 1)) / LU[i * n + i]!
  }
  return x
}

/** The solution of `A^T x = b` from `U^T y = b`, `L^T z = y`, `x = P^T z`. */
export const solveTransposed = ({ n, LU, order }: Lu, b: Float64Array): Float64Array => {
  const z = b.slice()
  for (let i = 0; i < n; i++) {
    const zi = z[i]! / LU[i * n + i]!
    z[i] = zi
    for (let j = i + 1; j < n; j++) z[j]! -= LU[i * n + j]! * zi
  }
  for (let i = n - 1; i > 0; i--) {
    const zi = z[i]!
    for (let j = 0; j < i; j++) z[j]! -= LU[i * n + j]! * zi
  }
  const x = new Float64Array(n)
  for (let i = 0; i < n; i++) x[order[i]!] = z[i]!
  return x
}
