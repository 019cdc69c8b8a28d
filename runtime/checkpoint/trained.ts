/**
 * The checkpoints of a training run: one to go on from while it lasts, and the model with its card at the end.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { chain, type Recipe } from '../../spec/recipe'
import type { TrainState } from '../train/state'
import type { Trained } from '../train/train'
import { card } from './card'
import type { Checkpoint } from './model'

/** What training goes on from: its weights are those of the recipe of the chain that is being followed. */
export const ofState = (recipe: Recipe, state: TrainState): Checkpoint => ({
  model: (chain(recipe).at(-1 - state.ahead) ?? recipe).model,
  weights: state.weights,
  recipe,
  seed: state.seed,
  loss: state.loss,
  card: null,
  state
})

/** The trained model with its card: the same run of the same recipe has the same bytes. */
export const ofTrained = (recipe: Recipe, { weights, loss, state }: Trained): E.Either<string, Checkpoint> =>
  pipe(
    card(recipe, weights),
    E.map((made) => ({ model: recipe.model, weights, recipe, seed: state.seed, loss, card: made, state: null }))
  )
