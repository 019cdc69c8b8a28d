/**
 * Training a network for a target: the depth that it takes, the recipe, and the weights.
 */
import * as E from 'fp-ts/Either'

import type { Recipe } from '../../spec/recipe'
import { follow, type Progress, type Trained } from '../train/train'
import { largestAt } from './contraction'
import { depthFor, mostLayers, reachOf, recipeFor, wanted } from './recipe'
import type { Target } from './target'

// --- model -----------------------------------------------------------------------------------------------------------

export interface SpectralOptions {
  readonly name: string
  readonly target: Target
  readonly on: 'interval' | 'eigenvalues'
  /** `null` takes the fewest that leave at most `wanted`. */
  readonly layers: number | null
  readonly closedForm: boolean
  readonly seed: number
  readonly signal?: AbortSignal
  readonly onProgress?: (layers: number, progress: Progress) => void
}

export interface SpectralModel {
  readonly layers: number
  readonly recipe: Recipe
  readonly trained: Trained
}

// --- depth -----------------------------------------------------------------------------------------------------------

const about = (value: number): string => value.toExponential(1)

/** Why so many layers are not enough, and how many would be. */
const outOfReach = ({ target: { label, kappa }, closedForm }: SpectralOptions, layers: number): string => {
  const deeper = depthFor(kappa, 60, closedForm)
  return (
    `${label}: its spectrum is out of reach of ${layers} layers, which leave ${about(Math.min(1, reachOf(layers, kappa, closedForm)))} ` +
    `of an error at condition number ${kappa.toPrecision(3)}; ${deeper === null ? 'no depth' : `${deeper} layers`} would do`
  )
}

/** What leaves more of an error is no solver. */
const leastUseful = 0.1

// --- training --------------------------------------------------------------------------------------------------------

const trainAt = async (o: SpectralOptions, layers: number): Promise<E.Either<string, SpectralModel>> => {
  const { target, on } = o
  const n = target.matrix?.n
  const recipe = recipeFor({
    name: o.name,
    layers,
    kappa: target.kappa,
    seed: o.seed,
    eigenvalues: on === 'eigenvalues' ? Array.from(target.eigenvalues ?? []) : null,
    closedForm: o.closedForm,
    sizes: n === undefined ? { low: 2, high: 64 } : { low: n, high: n }
  })
  const trained = await follow(recipe, {
    seed: o.seed,
    ...(o.signal === undefined ? {} : { signal: o.signal }),
    onProgress: (progress) => o.onProgress?.(layers, progress)
  })()
  return E.isLeft(trained) ? E.left(trained.left.message) : E.right({ layers, recipe, trained: trained.right })
}

/** The fewest layers that leave at most `wanted` on the eigenvalues themselves; those of the interval are enough. */
const onEigenvalues = async (
  o: SpectralOptions,
  eigenvalues: Float64Array
): Promise<E.Either<string, SpectralModel>> => {
  const most = depthFor(o.target.kappa, mostLayers.chosen, false) ?? mostLayers.chosen
  let best: SpectralModel | null = null
  let least = Infinity
  for (let layers = 2; layers <= most; layers++) {
    const made = await trainAt(o, layers)
    if (E.isLeft(made) || made.right.trained._tag === 'interrupted') return made
    const { recipe, trained } = made.right
    const found = largestAt({ model: recipe.model, weights: trained.weights }, eigenvalues)
    if (E.isLeft(found)) return found
    if (found.right.residual < least) {
      best = made.right
      least = found.right.residual
    }
    if (least <= wanted) break
  }
  return best !== null && least < leastUseful
    ? E.right(best)
    : E.left(
        `${o.target.label}: its ${eigenvalues.length} eigenvalues are out of reach of ${most} layers, which leave ` +
          `${about(least)} of an error at condition number ${o.target.kappa.toPrecision(3)}`
      )
}

/** Train for a target; `Left` is one sentence, also where the depth does not suffice. */
export const trainSpectral = async (o: SpectralOptions): Promise<E.Either<string, SpectralModel>> => {
  const { target, on, layers } = o
  if (on === 'eigenvalues') {
    if (target.eigenvalues === null) {
      return E.left(`${target.label}: expected all eigenvalues to be known, found only their interval; train on that`)
    }
    return layers === null ? onEigenvalues(o, target.eigenvalues) : trainAt(o, layers)
  }
  const depth = layers ?? depthFor(target.kappa, mostLayers.chosen, o.closedForm)
  if (depth === null) return E.left(outOfReach(o, mostLayers.chosen))
  if (reachOf(depth, target.kappa, o.closedForm) > leastUseful) return E.left(outOfReach(o, depth))
  return trainAt(o, depth)
}
