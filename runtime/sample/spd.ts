/**
 * Drawing systems from a family: symmetric positive definite matrices with a known spectrum, and scalar systems on nodes.
 */
import type { Range, Spd, Spectrum } from '../../spec/family'
import { withSpectrum } from '../linalg/orthogonal'
import { matvec } from '../linalg/products'
import * as Key from '../random/key'
import { type DrawOptions, gather, type Sample, type System } from './sample'

// --- model -----------------------------------------------------------------------------------------------------------

/** Scalar systems `lambda x = lambda`, each with the share of the loss that it counts for. */
export interface Nodes {
  readonly lambdas: Float64Array
  /** They sum to one. */
  readonly weights: Float64Array
}

// --- spectra ---------------------------------------------------------------------------------------------------------

/** `low (high / low)^u`, the ends exact. */
export const between = (spectrum: Spectrum, low: number, high: number, u: number): number =>
  low === high ? low : spectrum === 'uniform' ? low + (high - low) * u : Math.min(high, low * (high / low) ** u)

/** The eigenvalues of one system: both ends, then `n - 2` of the interior (n = 1 has the interior's law alone). */
const eigenvalues = (key: Key.Key, n: number, kappa: number, spectrum: Spectrum): Float64Array => {
  const u = Key.uniform(key, n)
  return u.map((value, k) => {
    const spread = n > 1 && k === 0 ? 1 : n > 1 && k === 1 ? kappa : between(spectrum, 1, kappa, value)
    return (2 * spread) / (1 + kappa)
  })
}

/** The condition number of one system, log-uniform in its range. */
export const drawKappa = (key: Key.Key, { low, high }: Range): number =>
  between('logUniform', low, high, Key.uniform(key, 1)[0]!)

// --- draws -----------------------------------------------------------------------------------------------------------

const one = (family: Spd, key: Key.Key, n: number): System => {
  const of = (label: string): Key.Key => Key.fold(key, label)
  const kappa = drawKappa(of('kappa'), family.kappa)
  const A = withSpectrum(eigenvalues(of('spectrum'), n, kappa, family.spectrum), of('basis'))
  const x = Key.normal(of('answer'), n)
  const b = new Float64Array(n)
  matvec(A, x, n, n, b)
  return { A, x, b, coefficients: [kappa] }
}

/**
 * Draw `batch` systems of `n` unknowns: `A = Q diag(lambda) Q^T` with a random orthogonal Q, `x ~ N(0, I)`, `b = A x`.
 *
 * System s depends on the key and on s alone: a larger batch begins with the smaller one.
 */
export const drawSpd = (family: Spd, key: Key.Key, options: DrawOptions): Sample =>
  gather(options, 1, (s) => one(family, Key.fold(key, s), options.n))

/** How many times as much as an inner node an end of the spectrum counts: small systems have little but their ends. */
const endWeight = 5

/**
 * `count` Chebyshev nodes with both ends on each interval `[2/(1+kappa), 2 kappa/(1+kappa)]`:
 * `lambda_j = 1 - (kappa-1)/(kappa+1) cos(pi j / (count - 1))`; a single node lies in the middle.
 */
export const nodes = (kappas: readonly number[], count: number): Nodes => {
  const lambdas = new Float64Array(kappas.length * count)
  const shares = new Float64Array(kappas.length * count)
  for (const [k, kappa] of kappas.entries()) {
    const half = (kappa - 1) / (kappa + 1)
    for (let j = 0; j < count; j++) {
      lambdas[k * count + j] = count === 1 ? 1 : 1 - half * Math.cos((Math.PI * j) / (count - 1))
      shares[k * count + j] = j === 0 || j === count - 1 ? endWeight : 1
    }
  }
  const total = shares.reduce((sum, share) => sum + share, 0)
  return { lambdas, weights: shares.map((share) => share / total) }
}

/** The nodes and their negatives, half the share each: what a symmetric matrix of any signs has for eigenvalues. */
export const mirrored = ({ lambdas, weights }: Nodes): Nodes => ({
  lambdas: Float64Array.of(...lambdas, ...lambdas.map((lambda) => -lambda)),
  weights: Float64Array.of(...weights, ...weights).map((share) => share / 2)
})

/** Scalar systems as a sample: n = 1, `A = [lambda]`, `b = [lambda]`, `x = [1]`. */
export const scalars = ({ lambdas }: Nodes): Sample => ({
  n: 1,
  batch: lambdas.length,
  A: lambdas,
  x: new Float64Array(lambdas.length).fill(1),
  b: lambdas
})
