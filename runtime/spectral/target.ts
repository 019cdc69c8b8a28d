/**
 * What a spectral network is trained for: the spectrum of a matrix, an interval, or given eigenvalues.
 */
import * as E from 'fp-ts/Either'

import { type MatrixSpectrum, scaledMatrix, spectrumOf } from './spectrum'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Target {
  /** What it is, in words: `bcsstk01.mtx`, `[1, 50]`. */
  readonly label: string
  readonly low: number
  readonly high: number
  readonly kappa: number
  /** All eigenvalues in the network's units, `[2/(1+kappa), 2 kappa/(1+kappa)]`; `null` where only the interval is known. */
  readonly eigenvalues: Float64Array | null
  /** How far rounding may have moved them. */
  readonly uncertainty: number
  /** The matrix in the network's units, where there is one. */
  readonly matrix: { readonly n: number; readonly M: Float64Array } | null
  readonly spectrum: MatrixSpectrum | null
}

/** Solving puts the top of a network's interval this far above the largest eigenvalue that it finds. */
const margin = 1.01

// --- constructors ----------------------------------------------------------------------------------------------------

const withUnits = (
  label: string,
  ends: { readonly low: number; readonly high: number },
  given: Float64Array | null
): Target => {
  const { low, high } = ends
  const kappa = high / low
  const units = (2 * kappa) / ((1 + kappa) * high)
  const eigenvalues = given?.map((value) => value * units) ?? null
  const uncertainty = (given?.length ?? 0) * 2 ** -52 * 2
  return { label, low, high, kappa, eigenvalues, uncertainty, matrix: null, spectrum: null }
}

export const ofInterval = (low: number, high: number): E.Either<string, Target> =>
  low > 0 && low < high && Number.isFinite(high)
    ? E.right(withUnits(`[${low}, ${high}]`, { low, high }, null))
    : E.left(`--interval: expected 0 < low < high, found ${low},${high}`)

export const ofEigenvalues = (label: string, given: Float64Array): E.Either<string, Target> => {
  const bad = given.findIndex((value) => !(value > 0 && Number.isFinite(value)))
  if (given.length === 0 || bad >= 0) {
    return E.left(
      `${label}: expected positive eigenvalues, found ${bad < 0 ? 'none' : `${given[bad]} at entry ${bad + 1}`}`
    )
  }
  const sorted = given.slice().sort()
  return E.right(withUnits(label, { low: sorted[0]!, high: margin * sorted[sorted.length - 1]! }, sorted))
}

/** Of a matrix after scaling to a unit diagonal; `Left` is a sentence that begins with the label. */
export const ofMatrix = (
  label: string,
  A: Float64Array,
  n: number,
  onProduct?: (done: number, total: number) => void
): E.Either<string, Target> => {
  const found = spectrumOf(A, n, onProduct)
  if (E.isLeft(found)) {
    return E.left(
      `${label}: A ${found.left}; spectral training is for symmetric positive definite matrices, and ansatz solve takes any`
    )
  }
  const spectrum = found.right
  const { low, high, eigenvalues } = spectrum
  const M = scaledMatrix(spectrum)
  return E.right({ ...withUnits(label, { low, high }, eigenvalues), matrix: { n, M }, spectrum })
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** The interval in the network's units. */
export const intervalOf = ({ kappa }: Target): { readonly low: number; readonly high: number } => ({
  low: 2 / (1 + kappa),
  high: (2 * kappa) / (1 + kappa)
})
