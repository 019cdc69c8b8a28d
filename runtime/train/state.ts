/**
 * Where a training run stands: all that it needs to go on and end with the same bytes as if it had never stopped.
 *
 * Random numbers are functions of the seed, the stage and the number of the draw, so no generator's state is kept.
 */
import type { Weights } from '../weights/weights'
import type { Judgement } from './held-out'

// --- model -----------------------------------------------------------------------------------------------------------

export interface TrainState {
  readonly seed: number
  /** What computes the stages that need no float64: `javascript`, or a gpu.js backend. */
  readonly backend: string
  /** Threads that share the batches of these stages. */
  readonly threads: number
  /** The stage of the recipe that is going on; the number of stages when all are done. */
  readonly stage: number
  /** Which of the independent starts of the stage. */
  readonly start: number
  /** Iterations done in this start. */
  readonly iteration: number
  /** Draws of systems made in this stage, and steps accepted since the last. */
  readonly draw: number
  readonly accepted: number
  /** Judgements on held-out systems since the best. */
  readonly stale: number
  readonly damping: number
  /** The last loss; not finite before the first. */
  readonly loss: number
  readonly weights: Weights
  /** The best so far of the starts, or by held-out systems. */
  readonly best: { readonly weights: Weights; readonly loss: number } | null
  /** The optimiser's own arrays (`m(p)`, `v(p)`, `power1`, `power2`); empty where there is none. */
  readonly moments: Weights
}

/** What is told after every iteration. */
export interface Progress {
  readonly stage: number
  readonly stages: number
  readonly what: 'scalarNodes' | 'eigenvalues' | 'levenbergMarquardt' | 'adam'
  readonly start: number
  readonly starts: number
  readonly iteration: number
  readonly iterations: number
  /** Mean square error on what the iteration saw. */
  readonly loss: number
  readonly best: number
  /** Errors on held-out systems, where this iteration was followed by a judgement. */
  readonly heldOut?: Judgement
}

/** Why a run cannot go on; a sentence. */
export interface TrainError {
  readonly _tag: 'TrainError'
  readonly message: string
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const trainError = (message: string): TrainError => ({ _tag: 'TrainError', message })

/** The beginning of a stage. */
export const atStage = (state: TrainState, stage: number, damping: number): TrainState => ({
  ...state,
  stage,
  start: 0,
  iteration: 0,
  draw: 0,
  accepted: 0,
  stale: 0,
  damping,
  best: null,
  moments: {}
})
