/** Small trainings to be killed: every kind of stage and of judging, on every backend of the processor. */
import type { FollowOptions } from '../../runtime/train/train'
import { Family, Recipe, T, Zoo } from '../../spec'

export interface KillCase {
  readonly name: string
  readonly recipe: Recipe.Recipe
  readonly place: Pick<FollowOptions, 'backend' | 'threads'>
  /** Systems of a dataset on disk that it trains on, or none. */
  readonly stored: number | null
}

/** Iterations between two states that are kept. */
export const interval = 3

const three = Family.spd({ kappa: 5, sizes: 3 })
const some = Family.spd({ kappa: 5, sizes: { low: 2, high: 4 } })
const model = Zoo.blockLinear({ layers: 2, identityBlocks: 1 })
const rate = { peak: 1e-2, warmup: 4, decay: 'cosine' } as const

const recipe = (given: Partial<Recipe.Recipe> & Pick<Recipe.Recipe, 'stages'>): Recipe.Recipe =>
  Recipe.make({ name: 'killed', model, start: Recipe.random(), seed: 3, valid: three, ...given })

/** Epochs of three steps over ten systems, in an order of its own each. */
const judged = Recipe.epochs({
  family: three,
  systems: 10,
  epochs: 40,
  batch: 4,
  rate,
  weightDecay: 0.01,
  evaluation: { systems: 20, every: 5, patience: null }
})

/** Leaves its best weights soon, and gives up forty steps later. */
const patient: Recipe.Stage = {
  ...judged,
  steps: 3000,
  rate: { peak: 0.3, warmup: 0, decay: 'none' },
  evaluation: { systems: 8, every: 4, patience: 10 }
}

const path = { from: 9, steps: 4, iterations: 5 }
const nodes = Recipe.scalarNodes({ kappas: [5], nodes: 20, iterations: 20, starts: 2, path })
const onMatrices = { systems: 4, iterations: 20, redraw: 3 }
const matrices = Recipe.levenbergMarquardt({ ...onMatrices, family: some })
const fresh = Recipe.adam({ family: some, steps: 60, batch: 6, rate })

const paper = { query: 'paper', bScale: null } as const
const narrow = recipe({
  name: 'narrow',
  model: Zoo.blockLinear({ layers: 2, allOnes: true, ...paper }),
  stages: [Recipe.levenbergMarquardt({ ...onMatrices, family: three })]
})
const wide = recipe({
  name: 'wide',
  model: Zoo.fullLinear({ layers: 2, embedding: T.learned(3, 3), ...paper }),
  start: Recipe.widened({ from: narrow, noise: 1e-6 }),
  stages: [Recipe.levenbergMarquardt({ family: three, systems: 2, iterations: 10, redraw: 3, starts: 2 })]
})
const tuned: Recipe.Recipe = { ...wide, name: 'tuned', start: Recipe.continued({ from: wide }), stages: [judged] }

/** Large enough for kernels that are dealt out to threads. */
const transformer = recipe({
  model: Zoo.algebraformer({ n: 17, width: 36, blocks: 1, heads: 3, std: 0.2 }),
  stages: [
    {
      ...judged,
      family: Family.spd({ kappa: 5, sizes: 17 }),
      steps: 30,
      batch: 6,
      evaluation: { systems: 6, every: 7, patience: null }
    }
  ]
})

const on = (name: string, place: KillCase['place'], given: Recipe.Recipe, stored: number | null = null): KillCase => ({
  name,
  place,
  recipe: given,
  stored
})

export const killCases: readonly KillCase[] = [
  on('float64, a fixed set, the best of it kept', {}, recipe({ stages: [judged] })),
  on('float64, three recipes one after the other', {}, tuned),
  on('cpu, until patience ends', { backend: 'cpu' }, recipe({ stages: [patient] })),
  on('webasm, three kinds of stages', { backend: 'webasm' }, recipe({ stages: [nodes, matrices, fresh] })),
  on('wasm, until patience ends, on a dataset', { backend: 'wasm' }, recipe({ stages: [nodes, patient] }), 12),
  on('wasm, kernels on threads', { backend: 'wasm' }, transformer),
  on('wasm, shares on two threads, a dataset', { backend: 'wasm', threads: 2 }, recipe({ stages: [judged] }), 30)
]
