import * as TE from 'fp-ts/TaskEither'

import { type FollowOptions, follow, type Progress, type TrainState } from '../../runtime/train/train'
import type { Recipe } from '../../spec'
import { right } from './right'

/** Follows a recipe and keeps every state and everything that it tells on the way. */
export const collect = async (recipe: Recipe.Recipe, options: FollowOptions) => {
  const states: TrainState[] = []
  const progress: Progress[] = []
  const result = right(
    await follow(recipe, {
      ...options,
      onProgress: (p) => progress.push(p),
      onState: (state) => {
        states.push(state)
        return TE.right(undefined)
      }
    })()
  )
  return { states, progress, result }
}
