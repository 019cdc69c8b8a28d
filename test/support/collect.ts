import * as TE from 'fp-ts/TaskEither'

import { fromBytes, toBytes } from '../../runtime/checkpoint/checkpoint'
import { ofState } from '../../runtime/checkpoint/trained'
import { type FollowOptions, follow, type Progress, type TrainState } from '../../runtime/train/train'
import type { Weights } from '../../runtime/weights/weights'
import type { Recipe } from '../../spec'
import { right } from './right'

/** Follows a recipe and keeps every state, with the iterations made until then, and everything that it tells on the way. */
export const collect = async (recipe: Recipe.Recipe, options: FollowOptions) => {
  const states: TrainState[] = []
  const done: number[] = []
  const progress: Progress[] = []
  const result = right(
    await follow(recipe, {
      ...options,
      onProgress: (p) => progress.push(p),
      onState: (state) => {
        states.push(state)
        done.push(progress.length)
        return TE.right(undefined)
      }
    })()
  )
  return { states, done, progress, result }
}

/** The state as a checkpoint file would give it back. */
export const throughFile = (recipe: Recipe.Recipe, state: TrainState): TrainState =>
  right(fromBytes('state', right(toBytes('state', ofState(recipe, state))))).state!

/** Weights as text, equal for equal bytes only. */
export const bytesOf = (weights: Weights): string =>
  Object.entries(weights)
    .map(([name, array]) => `${name} ${Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex')}`)
    .join('\n')
