/** Short trainings of one small network, a stage of every kind. */
import { type FollowOptions, follow, type Trained } from '../../runtime/train/train'
import { Family, Recipe, Zoo } from '../../spec'
import { collect as keeping } from './collect'
import { right } from './right'

export const small = Family.spd({ kappa: 5, sizes: { low: 2, high: 4 } })
export const model = Zoo.blockLinear({ layers: 2, identityBlocks: 1 })

export const recipe = (name: string, stages: readonly Recipe.Stage[]): Recipe.Recipe =>
  Recipe.make({ name, model, start: Recipe.random(), stages, seed: 3, valid: small })

export const onNodes = Recipe.scalarNodes({ kappas: [5], nodes: 20, iterations: 8, starts: 3 })
export const onMatrices = Recipe.levenbergMarquardt({ family: small, systems: 4, iterations: 14, redraw: 3 })
export const byAdam = Recipe.adam({
  family: small,
  steps: 14,
  batch: 6,
  rate: { peak: 1e-2, warmup: 4, decay: 'cosine' }
})

export const run = async (r: Recipe.Recipe, options: FollowOptions = {}): Promise<Trained> =>
  right(await follow(r, options)())

export const collect = (r: Recipe.Recipe, options: FollowOptions = {}) => keeping(r, { checkpointEvery: 3, ...options })
