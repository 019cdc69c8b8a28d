/**
 * Recipes to start from; the shipped checkpoints are what the first three give.
 */
import * as F from '../family'
import * as R from '../recipe'
import { blockLinear } from './block-linear'

/** Where all of them are measured. */
const sizes = { low: 2, high: 64 }

/** Two layers for condition number 5, from random weights; mean square error about 4e-7. */
export const blockLinear2: R.Recipe = R.make({
  name: 'block-linear-2',
  model: blockLinear({ layers: 2 }),
  start: R.random(),
  stages: [R.scalarNodes({ kappas: [5], nodes: 60, iterations: 300, starts: 16 })],
  seed: 1,
  valid: F.spd({ kappa: 5, sizes })
})

/** Three layers for condition number 5, from near the closed form; mean square error about 2e-15. */
export const blockLinear3: R.Recipe = R.make({
  name: 'block-linear-3',
  model: blockLinear({ layers: 3 }),
  start: R.closedForm({ kappa: 5, noise: 0.02 }),
  stages: [R.scalarNodes({ kappas: [5], nodes: 60, iterations: 800, starts: 8 })],
  seed: 1,
  valid: F.spd({ kappa: 5, sizes })
})

/** Four layers for every condition number up to 100, from near the closed form for 100; mean square error about 5e-13. */
export const blockLinear4Universal: R.Recipe = R.make({
  name: 'block-linear-4-universal',
  model: blockLinear({ layers: 4 }),
  start: R.closedForm({ kappa: 100, noise: 0.02 }),
  stages: [R.scalarNodes({ kappas: [100, 10], nodes: 120, iterations: 1500, starts: 8 })],
  seed: 1,
  valid: F.spd({ kappa: { low: 1, high: 100 }, sizes })
})

/** Three layers for condition number 5 from random weights: what ordinary training on scalars reaches. */
export const scalar3: R.Recipe = R.make({
  name: 'scalar-3',
  model: blockLinear({ layers: 3 }),
  start: R.random(),
  stages: [R.scalarNodes({ kappas: [5], nodes: 60, iterations: 400, starts: 4 })],
  seed: 1,
  valid: F.spd({ kappa: 5, sizes })
})

/**
 * BLOCK with all 82 scalars a layer, all-ones terms and the paper's query, on sampled matrices with n in [2, 9]
 * (Vladymyrov et al. 2024, section 4; optimiser, steps and spectrum are ours, the paper publishes none).
 */
export const block82: R.Recipe = R.make({
  name: 'block-82',
  model: blockLinear({ layers: 3, identityBlocks: 3, allOnes: true, query: 'paper', bScale: null }),
  start: R.random(),
  stages: [
    R.levenbergMarquardt({
      family: F.spd({ kappa: 5, sizes: { low: 2, high: 9 } }),
      systems: 16,
      iterations: 400,
      redraw: 10
    })
  ],
  seed: 2,
  valid: F.spd({ kappa: 5, sizes: { low: 2, high: 9 } })
})

/** A small run of Adam on sampled matrices, for any backend. */
export const adamDemo: R.Recipe = R.make({
  name: 'adam-demo',
  model: blockLinear({ layers: 2 }),
  start: R.random(),
  stages: [
    R.adam({
      family: F.spd({ kappa: 5, sizes: 5 }),
      steps: 2000,
      batch: 64,
      rate: { peak: 1e-2, warmup: 100, decay: 'cosine' }
    })
  ],
  seed: 1,
  valid: F.spd({ kappa: 5, sizes: { low: 2, high: 9 } })
})

export const recipes: readonly R.Recipe[] = [
  blockLinear2,
  blockLinear3,
  blockLinear4Universal,
  scalar3,
  block82,
  adamDemo
]
