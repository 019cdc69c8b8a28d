/**
 * Diagonal scaling of systems: factors are powers of two unless asked otherwise, so that scaling rounds nothing.
 *
 * Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, sections 7.3 and 9.8.
 */
import * as E from 'fp-ts/Either'

import { exponent } from './exponent'

// --- model -----------------------------------------------------------------------------------------------------------

/** `S = D A D` with `D = diag(d)`: if `S y = d * b` then `x = d * y`. */
export interface Symmetric {
  readonly S: Float64Array
  readonly d: Float64Array
}

/** `S = diag(rows) A diag(columns)`: if `S y = rows * b` then `x = columns * y`. */
export interface General {
  readonly S: Float64Array
  readonly rows: Float64Array
  readonly columns: Float64Array
}

export interface ScalingOptions {
  /** Rounds factors to powers of two (the default): scaling is exact, entries come within a factor of two. */
  readonly powersOfTwo?: boolean
}

/** The diagonal entry that is not a positive finite number: A is not positive definite. */
export interface BadDiagonal {
  readonly _tag: 'badDiagonal'
  readonly index: number
  readonly value: number
}

/** The row or column that is all zeros (A is singular) or holds an entry that is not finite. */
export interface BadLine {
  readonly _tag: 'badRow' | 'badColumn'
  readonly index: number
  readonly value: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** `2^e`, with e held to the range in which powers of two and their reciprocals are normal numbers. */
const factorOf = (e: number): number => 2 ** Math.max(-1022, Math.min(1022, e))

/** `a f g` in the order that cannot overflow on the way to a moderate result. */
const scaledBoth = (a: number, f: number, g: number): number => (Math.abs(a) >= 1 === f <= g ? a * f * g : a * g * f)

/** Scale `A` to `D A D` with a diagonal of ones (within a factor of two for powers of two). A: [n, n], row-major. */
export const symmetric = (
  A: Float64Array,
  n: number,
  { powersOfTwo = true }: ScalingOptions = {}
): E.Either<BadDiagonal, Symmetric> => {
  const d = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const value = A[i * n + i]!
    if (!(value > 0 && value < Infinity)) return E.left({ _tag: 'badDiagonal', index: i, value })
    d[i] = powersOfTwo ? factorOf(-Math.floor((exponent(value) + 1) / 2)) : 1 / Math.sqrt(value)
  }
  const S = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    const di = d[i]!
    for (let j = 0, p = i * n; j < n; j++, p++) S[p] = scaledBoth(A[p]!, di, d[j]!)
  }
  return E.right({ S, d })
}

const bad = (_tag: BadLine['_tag'], index: number, value: number): E.Either<BadLine, never> =>
  E.left({ _tag, index, value })

/** Scale rows, then columns, so that the largest entry of each is 1 (in [1, 2) for powers of two). A: [n, n], row-major. */
export const general = (
  A: Float64Array,
  n: number,
  { powersOfTwo = true }: ScalingOptions = {}
): E.Either<BadLine, General> => {
  const [rows, columns, S] = [new Float64Array(n), new Float64Array(n), new Float64Array(n * n)]
  const factor = (most: number): number => (powersOfTwo ? factorOf(-exponent(most)) : 1 / most)
  for (let i = 0; i < n; i++) {
    let most = 0
    for (let p = i * n; p < (i + 1) * n; p++) {
      const size = Math.abs(A[p]!)
      if (!(size < Infinity)) return bad('badRow', i, A[p]!)
      if (size > most) most = size
    }
    if (most === 0) return bad('badRow', i, 0)
    const f = Math.min(factor(most), 2 ** 1022)
    rows[i] = f
    for (let j = 0, p = i * n; j < n; j++, p++) {
      const value = A[p]! * f
      S[p] = value
      const size = Math.abs(value)
      if (size > columns[j]!) columns[j] = size
    }
  }
  for (let j = 0; j < n; j++) {
    if (columns[j] === 0) return bad('badColumn', j, 0)
    columns[j] = Math.min(factor(columns[j]!), 2 ** 1022)
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0, p = i * n; j < n; j++, p++) S[p]! *= columns[j]!
  }
  return E.right({ S, rows, columns })
}

// --- combinators -----------------------------------------------------------------------------------------------------

/** The entrywise product: a right-hand side into scaled units, or a solution out of them. */
export const scale = (d: Float64Array, v: Float64Array): Float64Array => v.map((value, i) => value * d[i]!)
