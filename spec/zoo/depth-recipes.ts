/**
 * Recipes for one architecture against another: depth, tied weights, identity blocks, heads and embeddings, all else equal.
 */
import * as F from '../family'
import * as R from '../recipe'
import * as T from '../token'
import { type BlockLinearOptions, blockLinear } from './block-linear'
import { fullLinear } from './full-linear'

/** How much is spent on a recipe. */
export interface Effort {
  readonly starts: number
  readonly iterations: number
  readonly steps: number
  readonly perStep: number
}

/** Where first weights are found: the optimum there is followed to the condition number 5. */
const easier = 30

/** BLOCK without all-ones terms, on scalar nodes from random weights, by the same way for every architecture. */
export const onScalars = (options: BlockLinearOptions, effort: Effort): R.Recipe => {
  const model = blockLinear(options)
  return R.make({
    name: `depth-${model.name}`,
    model,
    start: R.random(),
    stages: [
      R.scalarNodes({
        kappas: [easier],
        nodes: 60,
        iterations: effort.iterations,
        starts: effort.starts,
        corrections: 10
      }),
      R.scalarNodes({
        kappas: [5],
        nodes: 60,
        iterations: effort.iterations,
        corrections: 10,
        path: { from: easier, steps: effort.steps, iterations: effort.perStep }
      })
    ],
    seed: 1,
    valid: F.spd({ kappa: 5, sizes: { low: 2, high: 64 } })
  })
}

export type Embedding = 'learned' | 'identity' | 'identity, then learned'

/**
 * Two ways to an embedding for a small n, on sampled systems: FULL with a learned one from random weights, BLOCK with the
 * identity, and FULL that goes on from that BLOCK model and learns its embedding too.
 */
export const embedded = (
  embedding: Embedding,
  options: { readonly n: number; readonly layers: number; readonly systems: number; readonly iterations: number }
): R.Recipe => {
  const { n, layers, systems, iterations } = options
  const family = F.spd({ kappa: 5, sizes: n })
  const full = fullLinear({ layers, embedding: T.learned(n, n), query: 'paper', bScale: null })
  const block = blockLinear({ layers, allOnes: true, query: 'paper', bScale: null })
  const on = (starts: number): readonly R.Stage[] => [R.levenbergMarquardt({ family, systems, iterations, starts })]
  const common = { seed: 1, valid: family }
  const name = `depth-${layers}-embedding-${n}`
  switch (embedding) {
    case 'learned':
      return R.make({ ...common, name: `${name}-learned`, model: full, start: R.random(), stages: on(4) })
    case 'identity':
      return R.make({ ...common, name: `${name}-identity`, model: block, start: R.random(), stages: on(4) })
    case 'identity, then learned': {
      const from = embedded('identity', options)
      const start = R.widened({ from, noise: 1e-3 })
      return R.make({ ...common, name: `${name}-both`, model: full, start, stages: on(1) })
    }
  }
}
