/**
 * Recipes for the experiments of Vladymyrov et al. 2024, in the paper's convention: all-ones terms, a query of ones, b as it
 * is. The paper publishes neither optimiser nor steps; these are ours.
 */
import type { Family } from '../family'
import * as F from '../family'
import * as R from '../recipe'
import * as T from '../token'
import { blockLinear } from './block-linear'
import { fullLinear } from './full-linear'

const spd = (low: number, high: number): Family => F.spd({ kappa: 5, sizes: { low, high } })

/** Three layers with all 82 scalars each. */
const block = blockLinear({ layers: 3, identityBlocks: 3, allOnes: true, query: 'paper', bScale: null })

/** Three layers with free 37 x 37 matrices and a learned embedding of 27 numbers: 8,214 parameters and the embedding. */
const full = fullLinear({ layers: 3, embedding: T.learned(27, 9), query: 'paper', bScale: null })

const lm = (sizes: Family, systems: number, iterations: number, starts = 1): R.Stage =>
  R.levenbergMarquardt({ family: sizes, systems, iterations, starts })

// --- BLOCK -----------------------------------------------------------------------------------------------------------

/** BLOCK on systems of nine unknowns alone. */
export const blockNine: R.Recipe = R.make({
  name: 'paper-block-9',
  model: block,
  start: R.random(),
  stages: [lm(spd(9, 9), 40, 50, 6), lm(spd(9, 9), 96, 150), lm(spd(9, 9), 192, 100)],
  seed: 1,
  valid: spd(9, 9)
})

/** BLOCK on all sizes from 2 to 9; it finds its way on the smaller ones, where a step costs little. */
export const blockJoint: R.Recipe = R.make({
  name: 'paper-block-2-9',
  model: block,
  start: R.random(),
  stages: [lm(spd(2, 5), 24, 60, 12), lm(spd(2, 5), 32, 300), lm(spd(2, 9), 24, 200)],
  seed: 1,
  valid: spd(2, 9)
})

/** That model, trained on for sizes from 10 to 20. */
export const blockTuned: R.Recipe = R.make({
  ...blockJoint,
  name: 'paper-block-10-20',
  stages: [...blockJoint.stages, lm(spd(10, 20), 6, 80)],
  valid: spd(10, 20)
})

// --- FULL ------------------------------------------------------------------------------------------------------------

/** FULL from random weights by Adam. */
export const fullAdam: R.Recipe = R.make({
  name: 'paper-full-9-adam',
  model: full,
  start: R.random(),
  stages: [
    R.adam({
      family: spd(9, 9),
      steps: 16_000,
      batch: 16,
      rate: { peak: 1e-2, warmup: 500, decay: 'cosine' }
    })
  ],
  seed: 1,
  valid: spd(9, 9)
})

/** FULL from random weights by Levenberg-Marquardt, every accepted step on systems not seen before. */
export const fullFresh: R.Recipe = R.make({
  ...fullAdam,
  name: 'paper-full-9-fresh',
  stages: [R.levenbergMarquardt({ family: spd(9, 9), systems: 40, iterations: 200, redraw: 1 })]
})

/** FULL from the trained BLOCK model, whose weights are among its own. */
export const fullWidened: R.Recipe = R.make({
  ...fullAdam,
  name: 'paper-full-9-widened',
  start: R.widened({ from: blockNine, noise: 0 }),
  stages: [
    R.adam({
      family: spd(9, 9),
      steps: 500,
      batch: 64,
      rate: { peak: 3e-7, warmup: 50, decay: 'cosine' }
    })
  ]
})

export const paperRecipes: readonly R.Recipe[] = [blockNine, blockJoint, blockTuned, fullAdam, fullFresh, fullWidened]

// --- combinators -----------------------------------------------------------------------------------------------------

const few = (value: number, most: number): number => Math.min(value, most)

const shortStage = (stage: R.Stage): R.Stage => {
  switch (stage._tag) {
    case 'scalarNodes':
    case 'eigenvalues':
      return { ...stage, iterations: few(stage.iterations, 40), starts: few(stage.starts, 2) }
    case 'levenbergMarquardt':
      return {
        ...stage,
        systems: few(stage.systems, 4),
        iterations: few(stage.iterations, 10),
        starts: few(stage.starts, 2)
      }
    case 'adam': {
      const { peak, warmup, decay } = stage.rate
      return {
        ...stage,
        steps: few(stage.steps, 20),
        batch: few(stage.batch, 8),
        rate: { peak, warmup: few(warmup, 2), decay },
        systems: stage.systems === null ? null : few(stage.systems, 16),
        evaluation:
          stage.evaluation === null
            ? null
            : { ...stage.evaluation, systems: few(stage.evaluation.systems, 8), every: few(stage.evaluation.every, 5) }
      }
    }
  }
}

/** The same recipe in seconds: everything is done, and hardly anything learned. */
export const shortened = (recipe: R.Recipe): R.Recipe => ({
  ...recipe,
  name: `${recipe.name}-short`,
  start: 'from' in recipe.start ? { ...recipe.start, from: shortened(recipe.start.from) } : recipe.start,
  stages: recipe.stages.map(shortStage)
})
