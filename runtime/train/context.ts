/**
 * What every stage is given: the judged model, the key that all its draws come from, and a way to report.
 */
import type * as E from 'fp-ts/Either'
import type { Typed } from '../../spec/infer'
import type { Recipe } from '../../spec/recipe'
import type { Dataset } from '../data/dataset'
import type * as Key from '../random/key'
import type { Weights } from '../weights/weights'
import type { Progress, TrainError, TrainState } from './state'

export type Result<A> = E.Either<TrainError, A>

export interface Context {
  readonly recipe: Recipe
  readonly typed: Typed
  /** The size that the shapes of the weights are taken at: any, unless a learned embedding fixes it. */
  readonly n: number
  /** The stage's own key. */
  readonly key: Key.Key
  /** Where stages with Adam take systems of its family from, instead of drawing them. */
  readonly dataset: Dataset | null
  /** The weights of an independent start of the recipe. */
  readonly first: (start: number) => Result<Weights>
  /**
   * Told after every iteration; the state is made only when it is kept. `Right(false)` asks the stage to stop and hand back
   * its state.
   */
  readonly tick: (
    progress: Omit<Progress, 'part' | 'parts'>,
    state: () => Promise<Result<TrainState>>
  ) => Promise<Result<boolean>>
}

/** The state after a stage, or where it was asked to stop. */
export interface StageResult {
  readonly state: TrainState
  readonly interrupted: boolean
}
