/** What specialising gives: a frozen network in the form in which it is cheap. */
import type { Model } from '../../spec/model'
import type { Weights } from './weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** A frozen network and the interval of eigenvalues on which its cheap form is wanted. */
export interface SpecialiseOptions {
  readonly model: Model
  readonly weights: Weights
  readonly low: number
  readonly high: number
}

export interface Specialised {
  /** `polynomial`: `x = p(A) b`; `krylov`: x in the block Krylov space of b and 1, with coordinates that depend on b. */
  readonly form: 'polynomial' | 'krylov'
  /** A `chebyshev` or a `krylov` layer on the interval that was asked for. */
  readonly model: Model
  readonly weights: Weights
  /** The largest deviation from the network that was seen, relative to the largest value. */
  readonly deviation: number
  /** Products of A and a vector that the compiled model executes. */
  readonly products: number
}
