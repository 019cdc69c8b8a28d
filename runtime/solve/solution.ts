/**
 * What is asked and what is answered: a linear system, the options of solving it, and a solution with its certificate.
 *
 * A wrong question is a `SolveError`; a poor answer is a `Solution` whose status says so.
 */
import type { Family } from '../../spec/family'
import type { Model } from '../../spec/model'
import type { BackendName } from '../backends/error'
import type { Way } from '../weights/cost'
import type { Weights } from '../weights/weights'

// --- the question ----------------------------------------------------------------------------------------------------

/** Where the right-hand side came from; `ones` means `b = A * ones`. */
export type RightHandSide = 'given' | 'ones'

/** `A x = b`. A: [n, n], row-major. b: [n]. */
export interface LinearSystem {
  readonly n: number
  readonly A: Float64Array
  readonly b: Float64Array
  readonly name?: string
  readonly bSource?: RightHandSide
}

/** `A_s x_s = b_s`, or one matrix for all right-hand sides. A: [batch, n, n] or [n, n], row-major. b: [batch, n]. */
export interface LinearSystems {
  readonly n: number
  readonly batch: number
  readonly A: Float64Array
  readonly b: Float64Array
  readonly names?: readonly string[]
  readonly bSource?: RightHandSide
}

/** A network of one's own; `kappa` is the condition number that it was made for (5 if left out), `valid` what it was trained on. */
export interface GivenModel {
  readonly model: Model
  readonly weights: Weights
  readonly kappa?: number
  readonly valid?: Family | null
}

export interface Progress {
  readonly stage: 'prepare' | 'compile' | 'refine' | 'condition' | 'classical'
  readonly pass: number
  /** Systems in work, and how many of them meet the tolerance. */
  readonly systems: number
  readonly attained: number
}

export interface SolveOptions {
  /** The normwise backward error to attain; default 1e-12. */
  readonly tol?: number
  /** `auto` (the default), or a backend that is taken or refused. */
  readonly backend?: string
  /** A shipped model's name, `closed-form-LAYERS-kappa-KAPPA`, a checkpoint file, or a network; left out, chosen by the spectrum. */
  readonly model?: string | GivenModel
  /** Run the tokens of the network instead of the polynomial that it amounts to, whatever the costs say. */
  readonly literal?: boolean
  /** Run the polynomial, or what else the network amounts to, whatever the costs say; refused where it has no such form. */
  readonly lazy?: boolean
  /** Stop at the network's own answer, unrefined and labelled so. */
  readonly proposeOnly?: boolean
  /** The most passes of the network for one system; default 40. */
  readonly maxPasses?: number
  /** Unknowns of one system above which it is refused; default 5000. */
  readonly maxN?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

// --- the answer ------------------------------------------------------------------------------------------------------

/**
 * `certified`: the backward error meets the tolerance, rounding of the residual included, and A is not nearly singular;
 * `not_attained`: it does not, at float64's limit; `singular`, `ill_conditioned`: A is, to working precision, whatever the
 * backward error; `stagnated`: refinement stopped shrinking the residual above that limit; `max_iterations`: it was stopped
 * while still shrinking it; `interrupted`: by the caller; `proposed`: the network's own answer, unrefined.
 */
export type Status =
  | 'certified'
  | 'not_attained'
  | 'singular'
  | 'ill_conditioned'
  | 'stagnated'
  | 'max_iterations'
  | 'interrupted'
  | 'proposed'

/** `neural`: the network's first proposal; `refined`: the network and float64 residuals; `classical`: a factorisation. */
export type Path = 'neural' | 'refined' | 'classical'

export interface Certificate {
  /** Rigal and Gaches: `||b - A x|| / (||A|| ||x|| + ||b||)` in the infinity norm. */
  readonly normwise: number
  /** Oettli and Prager: `max_i |b - A x|_i / (|A||x| + |b|)_i`. */
  readonly componentwise: number
  /** What rounding in the residual may hide from either: `gamma_(n+1)`, or far less where `compensated`. */
  readonly rounding: number
  /** The residual was formed with twice the digits. */
  readonly compensated: boolean
  /** `||b - A x||_inf / ||b||_inf`. */
  readonly relativeResidual: number
}

/** Condition numbers in the 1-norm, estimated from below (Hager and Higham) and rarely three times too small. */
export interface Condition {
  readonly estimate: number
  /** Of the diagonally scaled matrix, by which near singularity is judged. */
  readonly scaled: number
  /** What solved the systems of the estimate. */
  readonly how: 'network' | 'cholesky' | 'lu'
}

/** The interval of eigenvalues of the scaled matrix (unit diagonal) by which the model was chosen. */
export interface Spectrum {
  readonly low: number
  readonly high: number
  readonly kappa: number
}

/** The network that ran; `degree` is that of its polynomial, null where no polynomial ran. */
export interface ModelUsed {
  readonly name: string
  readonly depth: number
  readonly degree: number | null
  /** `literal`: its tokens; `lazy`: its cheap form; `strided`: that with products of matrices for some with a vector. */
  readonly way: Way
  /** Products of A and a vector in one pass, null where its tokens ran; and products of matrices, once for each matrix. */
  readonly products: number | null
  readonly matrixProducts: number
  /** Why it ran this way: what the ways cost, or that it was asked for. */
  readonly because: string
  /** The condition number that it was made for; null where its family has none. */
  readonly kappa: number | null
  /** The family that it was trained on, where a network reads columns and its file says so. */
  readonly trainedOn: string | null
}

/** What computes networks: a backend, or the interpreter of layers. */
export type Computes = BackendName | 'interpreter'

export interface BackendUsed {
  /** A backend; or `interpreter`, which `auto` takes where compiling would take longer than all the work. */
  readonly name: Computes
  /** What executed, in words: an adapter's name, `WebAssembly SIMD`, `float64`. */
  readonly adapter: string
  /** Why this one: it was asked for, or why `auto` took it. */
  readonly because: string
}

/** Milliseconds by stage; in a batch, those of the whole batch. */
export interface Timings {
  readonly prepare: number
  readonly compile: number
  readonly refine: number
  readonly condition: number
  readonly classical: number
  readonly total: number
}

export interface Solution {
  readonly _tag: 'Solution'
  readonly name: string | null
  readonly n: number
  /** [n]; NaN where no answer exists. */
  readonly x: Float64Array
  readonly status: Status
  readonly path: Path
  /** Whether the network's own answer, refined, met the tolerance; null where no network was tried. */
  readonly networkSufficed: boolean | null
  /** Sentences for a reader: what was done, and what was not enough and why. */
  readonly explanation: readonly string[]
  readonly backwardError: Certificate
  /** null where it was not asked for (`proposed`) or not reached (`interrupted`). */
  readonly condition: Condition | null
  readonly spectrum: Spectrum | null
  readonly model: ModelUsed | null
  /** Products of A and a vector spent on the answer: in the network, in residuals, in Lanczos steps. */
  readonly products: number
  /** The same spent on the condition estimate. */
  readonly conditionProducts: number
  /** Passes of the network. */
  readonly passes: number
  readonly classical: 'cholesky' | 'lu' | null
  /** null where no network ran. */
  readonly backend: BackendUsed | null
  readonly timings: Timings
  readonly bSource: RightHandSide
}

// --- what is wrong with a question -------------------------------------------------------------------------------------

export type SolveReason = 'shape' | 'notFinite' | 'size' | 'option' | 'model' | 'backend'

export interface SolveError {
  readonly _tag: 'SolveError'
  readonly reason: SolveReason
  /** One sentence: where, expected, got, likely cause, what to try. */
  readonly message: string
}

export const solveError = (reason: SolveReason, message: string): SolveError => ({
  _tag: 'SolveError',
  reason,
  message
})

/** The sentence for a reader. */
export const show = (error: SolveError): string => error.message
