/**
 * The four models of the paper, each trained with several seeds, and the ways that were tried to train FULL.
 */
import * as E from 'fp-ts/Either'

import type { Recipe } from '../../../spec/recipe'
import {
  blockJoint,
  blockNine,
  blockTuned,
  fullAdam,
  fullFresh,
  fullWidened,
  shortened
} from '../../../spec/zoo/paper-recipes'
import { best, median, type Seeded } from '../accuracy'
import type { RowContext, TrainedRun } from '../row'

// --- model -----------------------------------------------------------------------------------------------------------

export interface PaperModel {
  readonly name: string
  readonly recipe: Recipe
  /** The sizes that it was trained on last. */
  readonly range: { readonly low: number; readonly high: number }
  readonly seeds: number
}

export interface Trained extends Seeded {
  readonly of: PaperModel
  readonly runs: readonly TrainedRun[]
}

// --- constructors ----------------------------------------------------------------------------------------------------

const nine = { low: 9, high: 9 }

export const names = {
  adam: 'FULL N=9, Adam',
  fresh: 'FULL N=9, fresh systems',
  widened: 'FULL N=9, from BLOCK',
  nine: 'BLOCK N=9',
  joint: 'BLOCK N in [2,9]',
  tuned: 'BLOCK tuned on [10,20]'
}

const model = (name: string, recipe: Recipe, range: PaperModel['range'], seeds: number): PaperModel => ({
  name,
  recipe,
  range,
  seeds
})

/** BLOCK as the paper trains it, three ways. */
export const blocks: readonly PaperModel[] = [
  model(names.nine, blockNine, nine, 5),
  model(names.joint, blockJoint, { low: 2, high: 9 }, 5),
  model(names.tuned, blockTuned, { low: 10, high: 20 }, 5)
]

/** FULL, by every method that was tried. */
export const fulls: readonly PaperModel[] = [
  model(names.adam, fullAdam, nine, 3),
  model(names.fresh, fullFresh, nine, 2),
  model(names.widened, fullWidened, nine, 5)
]

/** Seeds of the runs: the report's own first, so that other rows share that run. */
export const seedsOf = (c: RowContext, count: number): readonly number[] =>
  Array.from({ length: c.quick ? 1 : count }, (_, k) => c.seed + 1000 * k)

export const recipeOf = (c: RowContext, { recipe }: PaperModel): Recipe => (c.quick ? shortened(recipe) : recipe)

/** A model trained with all its seeds. */
export const trained = async (c: RowContext, of: PaperModel): Promise<E.Either<string, Trained>> => {
  const recipe = recipeOf(c, of)
  const runs: TrainedRun[] = []
  for (const seed of seedsOf(c, of.seeds)) {
    const run = await c.train(recipe, seed)
    if (E.isLeft(run)) return run
    runs.push(run.right)
  }
  const n = of.range === nine && recipe.model.encoding._tag === 'equations' && isLearned(recipe) ? nine.low : null
  return E.right({ of, runs, name: of.name, model: recipe.model, weights: runs.map((r) => r.weights), n })
}

const isLearned = ({ model: { encoding } }: Recipe): boolean =>
  encoding._tag === 'equations' && encoding.embedding._tag === 'learned'

export const trainedAll = async (
  c: RowContext,
  models: readonly PaperModel[]
): Promise<E.Either<string, readonly Trained[]>> => {
  const found: Trained[] = []
  for (const of of models) {
    const one = await trained(c, of)
    if (E.isLeft(one)) return one
    found.push(one.right)
  }
  return E.right(found)
}

// --- showing ---------------------------------------------------------------------------------------------------------

/** `1.2e-9`. */
export const e = (value: number): string => value.toExponential(1)

/** `8.0 (best) and 7.7 (median of 5 seeds)`, larger being better. */
export const bestAndMedian = (steps: readonly number[]): string => {
  const sorted = [...steps].sort((p, q) => p - q)
  const middle = sorted[sorted.length >> 1]!
  const count = steps.length
  return count === 1 ? middle.toFixed(1) : `best ${sorted.at(-1)!.toFixed(1)}, median ${middle.toFixed(1)} of ${count}`
}

/** `1.2e-9, median 3.4e-9`. */
export const bestAndMedianError = (mse: readonly number[]): string =>
  mse.length === 1 ? e(mse[0]!) : `best ${e(best(mse))}, median ${e(median(mse))} of ${mse.length}`
