/**
 * Recipes: how a model is trained, from its first weights to its last. Pure data; `runtime/train` follows them.
 */
import type { Family } from './family'
import type { Model } from './model'

// --- model -----------------------------------------------------------------------------------------------------------

/** What the weights are before the first stage. */
export type Start =
  /** By the initial laws of the parameters, what is drawn multiplied by `scale`. */
  | { readonly _tag: 'random'; readonly scale: number }
  /** The closed-form weights for `kappa`, plus N(0, noise^2) on every scalar. */
  | { readonly _tag: 'closedForm'; readonly kappa: number; readonly noise: number }
  /**
   * What the recipe `from` gives a BLOCK model, written out as the free matrices of a FULL one, plus N(0, noise^2) on every
   * entry: identity blocks are a learned embedding's values, and Block weights are matrices.
   */
  | { readonly _tag: 'widened'; readonly from: Recipe; readonly noise: number }
  /**
   * Closed-form layers for `kappa`, and behind them what the recipe `from` gives its fewer layers, plus N(0, noise^2) on
   * every scalar. With `z = (kappa+1)/(kappa-1)` a closed-form layer leaves the same problem with `z <- 4 z^3 - 3 z`, for
   * which `from` trains.
   */
  | { readonly _tag: 'behindClosedForm'; readonly kappa: number; readonly from: Recipe; readonly noise: number }
  /** What the recipe `from` gives the same model: transfer to another family, and fine-tuning. */
  | { readonly _tag: 'continued'; readonly from: Recipe }

/**
 * Condition numbers on the way to those of a stage: `steps` times `iterations` iterations, the first for `from`, so that an
 * optimum found where it is easy is followed to where it is hard. Each step is as long in `arcosh((kappa+1)/(kappa-1))`:
 * what polynomials of one degree can attain falls by the same factor.
 */
export interface Path {
  readonly from: number
  readonly steps: number
  readonly iterations: number
}

/** A learning rate over the steps of a stage: linear warm-up, then constant or a cosine to zero. */
export interface Rate {
  readonly peak: number
  readonly warmup: number
  readonly decay: 'none' | 'cosine'
}

/**
 * Held-out systems, drawn by a key of their own, judged after every `every` steps and after the last. The weights with the
 * smallest mean square error on them are the result; `patience` judgements without a smaller one end the stage (`null`: none
 * do).
 */
export interface Evaluation {
  readonly systems: number
  readonly every: number
  readonly patience: number | null
}

export type Stage =
  /**
   * Levenberg-Marquardt on scalar nodes: the model at n = 1 on `nodes` Chebyshev nodes of each interval
   * `[2/(1+kappa), 2 kappa/(1+kappa)]`, target `x = 1`. Exact for models that are functions of each eigenvalue.
   */
  | {
      readonly _tag: 'scalarNodes'
      readonly kappas: readonly number[]
      readonly nodes: number
      readonly iterations: number
      /** Independent starts, of which the best is kept. */
      readonly starts: number
      /** Least squares by Householder QR (accurate to roundoff) or by normal equations (faster). */
      readonly solver: 'qr' | 'normal'
      /** The most corrections that lead a step back into its valley before it is judged. */
      readonly corrections: number
      readonly path: Path | null
    }
  /** Levenberg-Marquardt at n = 1 on given eigenvalues, each with the same share, instead of on nodes of intervals. */
  | {
      readonly _tag: 'eigenvalues'
      readonly eigenvalues: readonly number[]
      readonly iterations: number
      readonly starts: number
      readonly solver: 'qr' | 'normal'
      readonly corrections: number
    }
  /** Levenberg-Marquardt on `systems` sampled systems of every size, drawn anew after `redraw` accepted steps. */
  | {
      readonly _tag: 'levenbergMarquardt'
      readonly family: Family
      readonly systems: number
      readonly iterations: number
      readonly redraw: number
      /** Independent starts, of which the best is kept. */
      readonly starts: number
    }
  /** Adam (decoupled weight decay when it is not zero) on batches of freshly drawn systems, or of a fixed set. */
  | {
      readonly _tag: 'adam'
      readonly family: Family
      readonly steps: number
      readonly batch: number
      readonly rate: Rate
      readonly weightDecay: number
      /** The largest global norm of the gradient, or `null`. */
      readonly clip: number | null
      /** Systems of a fixed set, shuffled anew every epoch of `ceil(systems / batch)` steps; `null`: fresh ones every step. */
      readonly systems: number | null
      readonly evaluation: Evaluation | null
    }

export interface Recipe {
  readonly name: string
  readonly model: Model
  readonly start: Start
  readonly stages: readonly Stage[]
  readonly seed: number
  /** Where the result is meant to be used; the model card measures it there. */
  readonly valid: Family
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** The recipes that are followed, in their order: those that first weights come from, the innermost first, then the recipe. */
export const chain = (recipe: Recipe): readonly Recipe[] =>
  'from' in recipe.start ? [...chain(recipe.start.from), recipe] : [recipe]

// --- constructors ----------------------------------------------------------------------------------------------------

export const make = (recipe: Recipe): Recipe => recipe

export const random = (scale = 1): Start => ({ _tag: 'random', scale })

export const closedForm = (options: { readonly kappa: number; readonly noise: number }): Start => ({
  _tag: 'closedForm',
  ...options
})

export const widened = (options: { readonly from: Recipe; readonly noise: number }): Start => ({
  _tag: 'widened',
  ...options
})

export const behindClosedForm = (options: {
  readonly kappa: number
  readonly from: Recipe
  readonly noise?: number
}): Start => ({ _tag: 'behindClosedForm', kappa: options.kappa, from: options.from, noise: options.noise ?? 0 })

export const continued = (options: { readonly from: Recipe }): Start => ({ _tag: 'continued', ...options })

export const scalarNodes = (options: {
  readonly kappas: readonly number[]
  readonly nodes?: number
  readonly iterations?: number
  readonly starts?: number
  readonly solver?: 'qr' | 'normal'
  readonly corrections?: number
  readonly path?: Path
}): Stage => ({
  _tag: 'scalarNodes',
  kappas: options.kappas,
  nodes: options.nodes ?? 60,
  iterations: options.iterations ?? 400,
  starts: options.starts ?? 1,
  solver: options.solver ?? 'qr',
  corrections: options.corrections ?? 0,
  path: options.path ?? null
})

export const eigenvalues = (options: {
  readonly eigenvalues: readonly number[]
  readonly iterations?: number
  readonly starts?: number
  readonly solver?: 'qr' | 'normal'
  readonly corrections?: number
}): Stage => ({
  _tag: 'eigenvalues',
  eigenvalues: options.eigenvalues,
  iterations: options.iterations ?? 400,
  starts: options.starts ?? 1,
  solver: options.solver ?? 'qr',
  corrections: options.corrections ?? 0
})

export const levenbergMarquardt = (options: {
  readonly family: Family
  readonly systems: number
  readonly iterations: number
  readonly redraw?: number
  readonly starts?: number
}): Stage => ({ _tag: 'levenbergMarquardt', redraw: 20, starts: 1, ...options })

interface AdamOptions {
  readonly family: Family
  readonly batch: number
  readonly rate: Rate
  readonly weightDecay?: number
  readonly clip?: number | null
  readonly evaluation?: Evaluation | null
}

export const adam = (
  options: AdamOptions & { readonly steps: number; readonly systems?: number | null }
): Extract<Stage, { readonly _tag: 'adam' }> => ({
  _tag: 'adam',
  family: options.family,
  steps: options.steps,
  batch: options.batch,
  rate: options.rate,
  weightDecay: options.weightDecay ?? 0,
  clip: options.clip === undefined ? 1 : options.clip,
  systems: options.systems ?? null,
  evaluation: options.evaluation ?? null
})

/** Adam on a fixed set of `systems` systems, each seen once in each of `epochs` epochs of `ceil(systems / batch)` steps. */
export const epochs = ({
  epochs: count,
  systems,
  ...options
}: AdamOptions & { readonly epochs: number; readonly systems: number }) =>
  adam({ ...options, systems, steps: count * Math.ceil(systems / options.batch) })
