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
  /** The dataset that stages with Adam train on, by its `id`; `null`: none. */
  readonly data: string | null
  /** Which recipe of the chain is being followed: so many come after it, 0 for the last. */
  readonly ahead: number
  /** The stage of this recipe that is going on; the number of stages when all are done. */
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
  /**
   * What the recipe before gave, where more than one start of the first stage begins from it; `null` where nothing needs it.
   */
  readonly base: Weights | null
  /** The best so far of the starts, or by held-out systems. */
  readonly best: { readonly weights: Weights; readonly loss: number } | null
  /** The optimiser's own arrays (`m(p)`, `v(p)`, `power1`, `power2`); empty where there is none. */
  readonly moments: Weights
}

/** What is told after every iteration. */
export interface Progress {
  /** Which recipe of the chain is being followed, from 0, and of how many. */
  readonly part: number
  readonly parts: number
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
  /** The learning rate of the iteration, where the stage has one. */
  readonly rate?: number
  /** Whether this was the last iteration of the start. */
  readonly ends: boolean
  /** Errors on held-out systems, where this iteration was followed by a judgement. */
  readonly heldOut?: Judgement
}

/** Why a run cannot go on: a sentence, and what it is about. */
export interface TrainError {
  readonly _tag: 'TrainError'
  readonly about: 'recipe' | 'backend' | 'file'
  readonly message: string
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const trainError = (message: string, about: TrainError['about'] = 'recipe'): TrainError => ({
  _tag: 'TrainError',
  about,
  message
})

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
  base: null,
  best: null,
  moments: {}
})
