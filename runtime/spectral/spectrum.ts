/**
 * The spectrum of a matrix as a network sees it: after the scaling to a unit diagonal that solving uses, in the same units.
 */
import * as E from 'fp-ts/Either'

import { extremesOf } from '../linalg/lanczos'
import { dotOf } from '../linalg/products'
import { type Key, key } from '../random/key'
import { type Prepared, prepare } from '../solve/prepare'

// --- model -----------------------------------------------------------------------------------------------------------

export interface MatrixSpectrum {
  readonly n: number
  readonly prepared: Prepared
  /** Below all eigenvalues, up to what rounding can hide; 30% below the smallest seen where only some were found. */
  readonly low: number
  /** Above all eigenvalues, by 1% of the largest seen: where solving puts the top of a network's interval. */
  readonly high: number
  readonly kappa: number
  /** All different eigenvalues, ascending; `null` where the matrix is too large to look for all. */
  readonly eigenvalues: Float64Array | null
  /** Matrix-vector products used. */
  readonly products: number
}

/** Up to this size all eigenvalues are found, by as many Lanczos steps. */
export const mostWhole = 1000
/** Above it, as many steps as this. */
const steps = 256
/** By how much those may read the low end too high. */
const safety = 1.3

const lanczosKey: Key = key(20240712)

// --- constructors ----------------------------------------------------------------------------------------------------

/** `v -> E S E v`, the matrix of unit diagonal; `onProduct` is told how many there were. */
const operator = ({ S, e, n }: Prepared, onProduct: (done: number) => void) => {
  const t = new Float64Array(n)
  let done = 0
  return (v: Float64Array, w: Float64Array): void => {
    for (let i = 0; i < n; i++) t[i] = e[i]! * v[i]!
    for (let i = 0; i < n; i++) w[i] = e[i]! * dotOf(S, i * n, t, 0, n)
    onProduct(++done)
  }
}

/**
 * The spectrum of A after scaling to a unit diagonal, or why A is out of reach of every network here, as the end of a
 * sentence that begins with "A ". A: [n, n].
 */
export const spectrumOf = (
  A: Float64Array,
  n: number,
  onProduct: (done: number, total: number) => void = () => {}
): E.Either<string, MatrixSpectrum> => {
  const found = prepare(A, new Float64Array(n), n)
  if (E.isLeft(found)) return E.left(found.left.because)
  const prepared = found.right
  const whole = n <= mostWhole
  const total = whole ? n : Math.min(n, steps)
  const { low, high, ritz, products } = extremesOf(
    operator(prepared, (done) => onProduct(done, total)),
    n,
    total,
    lanczosKey
  )
  const rounding = n * 2 ** -52 * high
  if (low < -rounding) return E.left(`is not positive definite: it has an eigenvalue near ${low.toExponential(1)}`)
  if (!(low > 2 * rounding)) {
    return E.left(
      `has a smallest eigenvalue that float64 cannot tell from zero (${low.toExponential(1)} beside a largest of ` +
        `${high.toExponential(1)})`
    )
  }
  if (prepared.spectrum === null) throw new Error('internal: a symmetric matrix without a spectrum')
  const below = whole ? low - rounding : low / safety
  const above = Math.max(prepared.spectrum.high, high + rounding)
  return E.right({
    n,
    prepared,
    low: below,
    high: above,
    kappa: above / below,
    eigenvalues: whole ? ritz : null,
    products: prepared.products + products
  })
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** What an eigenvalue is multiplied by, so that the spectrum lies in `[2/(1+kappa), 2 kappa/(1+kappa)]`. */
export const unitsOf = ({ high, kappa }: MatrixSpectrum): number => (2 * kappa) / ((1 + kappa) * high)

/** The matrix of unit diagonal in a network's units, `c E S E`. [n, n] */
export const scaledMatrix = (spectrum: MatrixSpectrum): Float64Array => {
  const { n, prepared } = spectrum
  const { S, e } = prepared
  const c = unitsOf(spectrum)
  const M = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0, p = i * n; j < n; j++, p++) M[p] = c * e[i]! * S[p]! * e[j]!
  return M
}
