/**
 * Recipes to start from; the shipped checkpoints are what the first four give.
 */
import * as F from '../family'
import * as R from '../recipe'
import { algebraformer } from './algebraformer'
import { blockLinear } from './block-linear'
import { paperRecipes } from './paper-recipes'
import { polarRecipe } from './polar-recipe'

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

/**
 * Two layers for the condition number `kappa`, found for 5 and followed from there: their residual polynomial is the best of
 * degree 8.
 */
export const twoLayers = (kappa: number): R.Recipe =>
  R.make({
    name: 'two-layers',
    model: blockLinear({ layers: 2 }),
    start: R.random(),
    stages: [
      R.scalarNodes({ kappas: [5], nodes: 60, iterations: 300, starts: 8 }),
      R.scalarNodes({
        kappas: [kappa],
        nodes: 60,
        iterations: 100,
        corrections: 10,
        path: { from: 5, steps: 60, iterations: 20 }
      })
    ],
    seed: 1,
    valid: F.spd({ kappa, sizes })
  })

/**
 * Three layers for condition number 5: a closed-form layer, behind it two trained for the condition number 1.25 that it
 * leaves, and then all of them together; mean square error about 2e-20, that of the best polynomials of degree 24.
 */
export const blockLinear3: R.Recipe = R.make({
  name: 'block-linear-3',
  model: blockLinear({ layers: 3 }),
  start: R.behindClosedForm({ kappa: 5, from: twoLayers(1.25) }),
  stages: [R.scalarNodes({ kappas: [5], nodes: 60, iterations: 300, corrections: 10 })],
  seed: 1,
  valid: F.spd({ kappa: 5, sizes })
})

/**
 * Three layers and two identity blocks, found for condition number 30 from random weights and followed to 5; mean square
 * error about 3e-22, that of the best polynomials of degree 26, which is the highest that three layers can have.
 */
export const blockLinear3Blocks2: R.Recipe = R.make({
  name: 'block-linear-3-blocks2',
  model: blockLinear({ layers: 3, identityBlocks: 2 }),
  start: R.random(),
  stages: [
    R.scalarNodes({ kappas: [30], nodes: 60, iterations: 1000, starts: 16, corrections: 10 }),
    R.scalarNodes({
      kappas: [5],
      nodes: 60,
      iterations: 500,
      corrections: 10,
      path: { from: 30, steps: 150, iterations: 60 }
    })
  ],
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

/**
 * A small Transformer on systems of four unknowns, by AdamW with warm-up and a cosine (Sittoni and Tudisco 2025, at a size that
 * trains in a minute; rate, decay and warm-up are ours).
 */
export const transformerDemo: R.Recipe = R.make({
  name: 'transformer-demo',
  model: algebraformer({ n: 4, width: 32, blocks: 2, heads: 4 }),
  start: R.random(),
  stages: [
    R.adam({
      family: F.spd({ kappa: 5, sizes: 4 }),
      steps: 2000,
      batch: 64,
      rate: { peak: 2e-3, warmup: 100, decay: 'cosine' },
      weightDecay: 0.01
    })
  ],
  seed: 1,
  valid: F.spd({ kappa: 5, sizes: 4 })
})

/** Row operations of three layers for every square matrix with singular values that differ by a factor of 5 at most. */
export const polar3: R.Recipe = polarRecipe({ layers: 3, kappa: 5, symmetric: false })

/** The same with an identity block, for symmetric matrices of any signs: lower errors, on those alone. */
export const polarSymmetric3: R.Recipe = polarRecipe({ layers: 3, kappa: 5, symmetric: true })

export const recipes: readonly R.Recipe[] = [
  blockLinear2,
  blockLinear3,
  blockLinear3Blocks2,
  blockLinear4Universal,
  scalar3,
  block82,
  adamDemo,
  transformerDemo,
  polar3,
  polarSymmetric3,
  ...paperRecipes
]
