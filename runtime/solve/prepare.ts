/**
 * Preparing a system for a network: symmetry, symmetric diagonal scaling, and the interval that holds the spectrum.
 *
 * Two scalings follow one another. `D` holds powers of two and rounds nothing: `S = D A D`, `S y = D b 2^-unit`,
 * `x = D y 2^unit`, so float64 residuals of the scaled system are those of the given one. `e_i = 1/sqrt(S_ii)` makes the
 * diagonal ones and enters only the network's float32 matrix, which may be inexact.
 */
import * as E from 'fp-ts/Either'

import { symmetric } from '../linalg/equilibrate'
import { exponent, scaled } from '../linalg/exponent'
import { endsOf } from '../linalg/lanczos'
import { isSymmetric } from '../linalg/norms'
import { dotOf } from '../linalg/products'
import { type Key, key } from '../random/key'
import type { Spectrum } from './solution'

// --- model -----------------------------------------------------------------------------------------------------------

/**
 * `S = D A D` with `diag(S)` in [1/2, 2) and `rhs = D b 2^-unit`; or, for networks that read columns, `S = R A` and `rhs = R b 2^-unit`
 * (see `columns.ts`), with ones in d and e.
 */
export interface Prepared {
  readonly n: number
  readonly S: Float64Array
  /** The powers of two of `D`, by which answers are multiplied. */
  readonly d: Float64Array
  /** The powers of two by which right-hand sides are multiplied: `D` again, or `R`. */
  readonly r: Float64Array
  /** `1/sqrt(S_ii)`. */
  readonly e: Float64Array
  readonly rhs: Float64Array
  readonly unit: number
  /** Of the matrix with unit diagonal, `high` 1% above the largest Ritz value; null where a network reads columns. */
  readonly spectrum: Spectrum | null
  readonly products: number
}

/** Why no network is meant for this matrix, as the end of a sentence that begins with "A ". */
export interface OutOfReach {
  readonly _tag: 'outOfReach'
  readonly because: string
  readonly products: number
}

/** Entries may differ this much, in units of the largest scaled entry, and still count as symmetric. */
const symmetryTolerance = 1e-10
const lanczosSteps = 32
/** Where the interval looks long, its low end is looked at again with more steps: 32 read it up to 400 times too high. */
const closerSteps = 128
const looksLong = 150
/** Above the largest Ritz value: 32 steps never read it lower than that (facts of 200 matrices a size). */
const margin = 1.01
/** Any fixed start will do: the same matrix gets the same interval. */
const lanczosKey: Key = key(20240711)

// --- scaling by powers of two ----------------------------------------------------------------------------------------

/** `D v 2^-unit`, the largest entry near one; no entry overflows. */
export const intoUnits = (
  d: Float64Array,
  v: Float64Array
): { readonly values: Float64Array; readonly unit: number } => {
  let unit = Number.NEGATIVE_INFINITY
  for (let i = 0; i < v.length; i++) if (v[i] !== 0) unit = Math.max(unit, exponent(v[i]!) + exponent(d[i]!))
  if (unit === Number.NEGATIVE_INFINITY) return { values: new Float64Array(v.length), unit: 0 }
  return { values: v.map((value, i) => scaled(value, exponent(d[i]!) - unit)), unit }
}

/** `D y 2^unit`. */
export const outOfUnits = (d: Float64Array, y: Float64Array, unit: number): Float64Array =>
  y.map((value, i) => scaled(value, exponent(d[i]!) + unit))

// --- preparing -------------------------------------------------------------------------------------------------------

/** `S` and `d`, or why A cannot be positive definite. */
const scaleSymmetric = (A: Float64Array, n: number): E.Either<string, { S: Float64Array; d: Float64Array }> => {
  const found = symmetric(A, n)
  if (E.isLeft(found)) {
    const { index, value } = found.left
    return E.left(
      isSymmetric(A, n, symmetryTolerance)
        ? `is not positive definite: its diagonal entry ${index + 1} is ${value}`
        : 'is not symmetric'
    )
  }
  if (!isSymmetric(found.right.S, n, symmetryTolerance)) return E.left('is not symmetric')
  return found
}

/** The first entry that no positive definite matrix has: `s_ij^2 > s_ii s_jj`, beyond rounding. */
const indefiniteEntry = (S: Float64Array, e: Float64Array, n: number): string | null => {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      if (!(Math.abs(S[i * n + j]!) * e[i]! * e[j]! <= 1 + 1e-9)) {
        return `is not positive definite: its entry [${i + 1}, ${j + 1}] is too large for its diagonal`
      }
    }
  }
  return null
}

/** The scaled system and its interval, or why no network is tried. A: [n, n], symmetric or not. b: [n]. */
export const prepare = (A: Float64Array, b: Float64Array, n: number): E.Either<OutOfReach, Prepared> => {
  const out = (because: string, products = 0): E.Either<OutOfReach, never> =>
    E.left({ _tag: 'outOfReach', because, products })
  const scaling = scaleSymmetric(A, n)
  if (E.isLeft(scaling)) return out(scaling.left)
  const { S, d } = scaling.right
  const e = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(S[i * n + i]!))
  const entry = indefiniteEntry(S, e, n)
  if (entry !== null) return out(entry)

  const t = new Float64Array(n)
  const multiply = (v: Float64Array, w: Float64Array): void => {
    for (let i = 0; i < n; i++) t[i] = e[i]! * v[i]!
    for (let i = 0; i < n; i++) w[i] = e[i]! * dotOf(S, i * n, t, 0, n)
  }
  const quick = endsOf(multiply, n, lanczosSteps, lanczosKey)
  const closer = n > lanczosSteps && quick.low * looksLong < quick.high
  const { low, high } = closer ? endsOf(multiply, n, closerSteps, lanczosKey) : quick
  const products = quick.products + (closer ? Math.min(n, closerSteps) : 0)
  if (!(high > 0)) return out('has no positive eigenvalue', products)
  const rounding = n * 2 ** -52 * high
  if (low < -rounding)
    return out(`is not positive definite: it has an eigenvalue below ${low.toExponential(1)}`, products)
  const { values: rhs, unit } = intoUnits(d, b)
  const spectrum = { low, high: margin * high, kappa: low > rounding ? high / low : Infinity }
  return E.right({ n, S, d, r: d, e, rhs, unit, spectrum, products })
}

/** The same matrix with another right-hand side. */
export const withRightHandSide = (system: Prepared, b: Float64Array): Prepared => {
  const { values: rhs, unit } = intoUnits(system.r, b)
  return { ...system, rhs, unit }
}

/** Whether the Ritz values are the whole spectrum, so that the low end is as sure as the high one. */
export const isWhole = (n: number): boolean => n <= lanczosSteps

/** The Rayleigh quotient of `e * r`, in the units of the spectrum: what a network left of a residual shows its low end. */
export const rayleigh = ({ n, S, e }: Prepared, r: Float64Array): number => {
  const g = r.map((value, i) => e[i]! * e[i]! * value)
  let [above, below] = [0, 0]
  for (let i = 0; i < n; i++) {
    above += g[i]! * dotOf(S, i * n, g, 0, n)
    below += (e[i]! * r[i]!) ** 2
  }
  return below > 0 ? above / below : NaN
}
