/**
 * Models in the paper's convention of weights, departures from it, and what becomes of their all-ones terms.
 */
import * as E from 'fp-ts/Either'

import * as R from '../../../spec/recipe'
import { blockLinear } from '../../../spec/zoo/block-linear'
import { blockJoint, blockNine, shortened } from '../../../spec/zoo/paper-recipes'
import type { Weights } from '../../weights/weights'
import { closedFormModel, shippedModel, type Weighted } from '../answers'
import type { RowContext } from '../row'

// --- recipes ---------------------------------------------------------------------------------------------------------

/** The paper's own training at N = 9, of a model that departs from its convention. */
const instead = (name: string, model: R.Recipe['model']): R.Recipe => R.make({ ...blockNine, name, model })

/** All-ones terms divided by their norm. */
const onesOverN = instead(
  'block-82-over-n',
  blockLinear({ layers: 3, identityBlocks: 3, allOnes: true, muScale: 'n', query: 'paper', bScale: null })
)

/** No all-ones terms, and b scaled to a tiny norm: 34 scalars a layer. */
const lean = instead('block-34', blockLinear({ layers: 3, identityBlocks: 3 }))

// --- all-ones terms --------------------------------------------------------------------------------------------------

const isOnes = (name: string): boolean => /\.(?:mu2|column|row)$/.test(name)

/** The same weights with every all-ones term zero. */
const withoutOnes = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, a]) => [name, isOnes(name) ? a.map(() => 0) : a]))

const largest = (weights: Weights, ending: string): number =>
  Object.entries(weights)
    .filter(([name]) => name.endsWith(ending))
    .reduce((most, [, a]) => a.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0)

/** `max |mu2| / max |mu1|`; zero without all-ones terms. */
export const onesSize = (weights: Weights): number => largest(weights, '.mu2') / (largest(weights, '.mu1') || 1)

// --- models ----------------------------------------------------------------------------------------------------------

export interface Entrant extends Weighted {
  /** The largest size and condition number that it was made for; null where it does not depend on the size. */
  readonly n: number | null
  readonly kappa: number
}

/** The largest size trained on. */
export const most = 9

const trained = async (c: RowContext, recipe: R.Recipe, name: string): Promise<E.Either<string, Entrant>> => {
  const run = await c.train(recipe, c.seed)
  return E.isLeft(run) ? run : E.right({ name, model: recipe.model, weights: run.right.weights, n: most, kappa: 5 })
}

export const names = {
  single: '82 scalars, N = 9',
  zeroed: '82 scalars, N = 9, ones zeroed',
  overN: '82 scalars, N = 9, mu2 / N',
  joint: '82 scalars, N in [2, 9]',
  lean: '34 scalars, no ones, N = 9'
}

/** What is trained here, first and foremost the models of figure 4 with the report's own seed. */
const followed: readonly (readonly [recipe: R.Recipe, name: string])[] = [
  [blockNine, names.single],
  [onesOverN, names.overN],
  [blockJoint, names.joint],
  [lean, names.lean]
]

const cut = (c: Pick<RowContext, 'quick'>, recipe: R.Recipe): R.Recipe => (c.quick ? shortened(recipe) : recipe)

/** The recipes that `entrants` follows, by name. */
export const recipes = (c: Pick<RowContext, 'quick'>): readonly string[] =>
  followed.map(([recipe]) => cut(c, recipe).name)

export const entrants = async (c: RowContext): Promise<E.Either<string, readonly Entrant[]>> => {
  const found: Entrant[] = []
  for (const [recipe, name] of followed) {
    const one = await trained(c, cut(c, recipe), name)
    if (E.isLeft(one)) return one
    found.push(one.right)
    if (name !== names.single) continue
    found.push({ ...one.right, name: names.zeroed, weights: withoutOnes(one.right.weights) })
  }
  for (const [name, kappa] of [
    ['block-linear-2', 5],
    ['block-linear-3', 5],
    ['block-linear-4-universal', 100]
  ] as const) {
    const one = await shippedModel(name)
    if (E.isLeft(one)) return one
    found.push({ ...one.right, n: null, kappa })
  }
  for (const [layers, kappa] of [
    [3, 5],
    [4, 100]
  ] as const) {
    const one = closedFormModel(layers, kappa)
    if (E.isLeft(one)) return one
    found.push({ ...one.right, n: null, kappa })
  }
  return E.right(found)
}
