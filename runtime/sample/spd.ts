/**
 * Drawing systems from a family: symmetric positive definite matrices with a known spectrum, and scalar systems on nodes.
 */
import type { Family, Spectrum } from '../../spec/family'
import * as Key from '../random/key'
import { orthogonal } from './orthogonal'

// --- model -----------------------------------------------------------------------------------------------------------

/** Systems of one size with their answers: A [batch, n, n], x [batch, n] and b = A x [batch, n], flat in C order. */
export interface Sample {
  readonly n: number
  readonly batch: number
  readonly A: Float64Array
  readonly x: Float64Array
  readonly b: Float64Array
}

/** Scalar systems `lambda x = lambda`, each with the share of the loss that it counts for. */
export interface Nodes {
  readonly lambdas: Float64Array
  /** They sum to one. */
  readonly weights: Float64Array
}

// --- spectra ---------------------------------------------------------------------------------------------------------

/** `low (high / low)^u`, the ends exact. */
const between = (spectrum: Spectrum, low: number, high: number, u: number): number =>
  low === high ? low : spectrum === 'uniform' ? low + (high - low) * u : Math.min(high, low * (high / low) ** u)

/** The eigenvalues of one system: both ends, then `n - 2` of the interior (n = 1 has the interior's law alone). */
const eigenvalues = (key: Key.Key, n: number, kappa: number, spectrum: Spectrum): Float64Array => {
  const u = Key.uniform(key, n)
  return u.map((value, k) => {
    const spread = n > 1 && k === 0 ? 1 : n > 1 && k === 1 ? kappa : between(spectrum, 1, kappa, value)
    return (2 * spread) / (1 + kappa)
  })
}

/** `Q^T diag(lambda) Q` into `A`, symmetric to the last bit; the rows of Q are the eigenvectors. */
const assemble = (n: number, lambda: Float64Array, Q: Float64Array, A: Float64Array): void => {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = 0; k < n; k++) sum += lambda[k]! * Q[k * n + i]! * Q[k * n + j]!
      A[i * n + j] = sum
      A[j * n + i] = sum
    }
  }
}

// --- draws -----------------------------------------------------------------------------------------------------------

/**
 * Draw `batch` systems of `n` unknowns: `A = Q^T diag(lambda) Q` with a random orthogonal Q, `x ~ N(0, I)`, `b = A x`.
 *
 * System s depends on the key and on s alone: a larger batch begins with the smaller one.
 */
export const draw = (family: Family, key: Key.Key, options: { readonly n: number; readonly batch: number }): Sample => {
  const { n, batch } = options
  const [A, x, b] = [new Float64Array(batch * n * n), new Float64Array(batch * n), new Float64Array(batch * n)]
  for (let s = 0; s < batch; s++) {
    const [forKappa, forSpectrum, forBasis, forAnswer] = Key.split(Key.fold(key, s), 4) as [
      Key.Key,
      Key.Key,
      Key.Key,
      Key.Key
    ]
    const kappa = between('logUniform', family.kappa.low, family.kappa.high, Key.uniform(forKappa, 1)[0]!)
    const own = A.subarray(s * n * n, (s + 1) * n * n)
    assemble(n, eigenvalues(forSpectrum, n, kappa, family.spectrum), orthogonal(forBasis, n), own)
    const answer = Key.normal(forAnswer, n)
    x.set(answer, s * n)
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let j = 0; j < n; j++) sum += own[i * n + j]! * answer[j]!
      b[s * n + i] = sum
    }
  }
  return { n, batch, A, x, b }
}

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

/** Scalar systems as a sample: n = 1, `A = [lambda]`, `b = [lambda]`, `x = [1]`. */
export const scalars = ({ lambdas }: Nodes): Sample => ({
  n: 1,
  batch: lambdas.length,
  A: lambdas,
  x: new Float64Array(lambdas.length).fill(1),
  b: lambdas
})
