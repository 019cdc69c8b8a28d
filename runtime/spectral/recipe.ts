/**
 * Recipes for a spectrum: how deep a network must be, and how it is trained for an interval or a set of eigenvalues.
 */
import * as F from '../../spec/family'
import * as R from '../../spec/recipe'
import { blockLinear } from '../../spec/zoo/block-linear'
import { twoLayers } from '../../spec/zoo/recipes'
import { kappaBehind } from '../weights/closed-form'

// --- depth -----------------------------------------------------------------------------------------------------------

/** The depths that are tried where none is asked for, and the deepest that may be. */
export const mostLayers = { chosen: 8, asked: 12 } as const
/** What a pass may leave of an error where no depth is asked for. */
export const wanted = 5e-6

/**
 * The degree of the residual polynomial: two trained layers have 8, closed-form ones 6, and each closed-form layer before
 * them takes it times 3.
 */
const degreeOf = (layers: number, closed: boolean): number => (layers === 1 ? 2 : (closed ? 6 : 8) * 3 ** (layers - 2))

/** Least squares leaves this much more at its worst than the best polynomial of the degree. */
const slack = 1.5

/** What a network of so many layers leaves of an error at most, about: `1 / T_m(z)`, `z = (kappa+1)/(kappa-1)`. */
export const reachOf = (layers: number, kappa: number, closed: boolean): number => {
  const z = (kappa + 1) / (kappa - 1)
  return (closed ? 1 : slack) / Math.cosh(degreeOf(layers, closed) * Math.acosh(z))
}

/** The fewest layers that leave at most `wanted`, or `null` where it takes more than `most`. */
export const depthFor = (kappa: number, most: number, closed: boolean): number | null => {
  for (let layers = 1; layers <= most; layers++) if (reachOf(layers, kappa, closed) <= wanted) return layers
  return null
}

// --- recipes ---------------------------------------------------------------------------------------------------------

export interface RecipeOptions {
  readonly name: string
  readonly layers: number
  readonly kappa: number
  readonly seed: number
  /** Eigenvalues to train on in the end, in the network's units; `null` for the interval. */
  readonly eigenvalues: readonly number[] | null
  /** The closed form as it is, nothing trained. */
  readonly closedForm: boolean
  readonly sizes: { readonly low: number; readonly high: number }
}

/** Where two layers leave less than this, the closed form is at rounding and there is nothing to train. */
const atRounding = 1e-15
/** Condition numbers nearer to one than this are taken for it: one point needs no network. */
const nearestToOne = 1 + 1e-6

const start = (layers: number, kappa: number): { readonly start: R.Start; readonly stages: readonly R.Stage[] } => {
  if (layers === 1) {
    const stages = [R.scalarNodes({ kappas: [kappa], nodes: 60, iterations: 50, corrections: 10 })]
    return { start: R.closedForm({ kappa, noise: 0 }), stages }
  }
  if (layers === 2) {
    const { start: from, stages } = twoLayers(kappa)
    return { start: from, stages }
  }
  const left = kappaBehind(layers - 2, kappa)
  if (!(left > 1) || reachOf(2, left, false) < atRounding)
    return { start: R.closedForm({ kappa, noise: 0 }), stages: [] }
  return { start: R.behindClosedForm({ kappa, from: twoLayers(left) }), stages: [] }
}

/** The recipe of a network for a condition number, and where they are given for the very eigenvalues. */
export const recipeFor = (o: RecipeOptions): R.Recipe => {
  const kappa = Math.max(o.kappa, nearestToOne)
  const first = o.closedForm ? { start: R.closedForm({ kappa, noise: 0 }), stages: [] } : start(o.layers, kappa)
  const onThem =
    o.eigenvalues === null ? [] : [R.eigenvalues({ eigenvalues: o.eigenvalues, iterations: 1000, corrections: 10 })]
  return R.make({
    name: o.name,
    model: { ...blockLinear({ layers: o.layers }), name: o.name },
    start: first.start,
    stages: [...first.stages, ...onThem],
    seed: o.seed,
    valid: F.spd({ kappa, sizes: o.sizes })
  })
}

// Note [Why two trained layers behind closed forms]
// A closed-form layer leaves the same problem with a smaller condition number, so depth is bought there without training,
// at any condition number. What closed forms waste is at the end: their last two layers have a residual of degree 6 where
// two layers can have one of degree 8, and training two layers on scalars finds it in a second. All layers trained at once
// would reach degree 3^L - 1 instead of 8 3^(L-2), two ninths more, and take minutes to find it.
