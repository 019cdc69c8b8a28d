/**
 * What a checkpoint holds.
 */
import type { Model } from '../../spec/model'
import type { Recipe } from '../../spec/recipe'
import type { TrainState } from '../train/state'
import type { Weights } from '../weights/weights'
import type { Card } from './card-json'

export interface Checkpoint {
  readonly model: Model
  readonly weights: Weights
  /** What the weights were trained by; `null` for weights of another origin. */
  readonly recipe: Recipe | null
  readonly seed: number
  /** Mean square error at the end of training; not finite where it is not known. */
  readonly loss: number
  readonly card: Card | null
  /** Where the run stands, in a checkpoint that training goes on from; `null` in one that only solves. */
  readonly state: TrainState | null
}
