/**
 * The files of a training program in Python: the program, where it begins, the recipe that `ansatz train` goes on with, and the
 * recipe's own systems.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { printTraining } from '../../codegen/targets/jax/print'
import * as Dim from '../../spec/dim'
import { sizesOf } from '../../spec/family'
import type { Typed } from '../../spec/infer'
import type { Recipe } from '../../spec/recipe'
import { encodeRecipe } from '../../spec/recipe-json'
import { toBytes } from '../checkpoint/checkpoint'
import { show } from '../checkpoint/error'
import { write as npy } from '../io/npy'
import * as Key from '../random/key'
import { draw } from '../sample/draw'
import type { Sample } from '../sample/sample'
import type { Adam } from '../train/batches'
import type { TrainState } from '../train/state'
import { sizesAt } from '../weights/weights'

/** Files by their names, slashes between folders. */
export type Files = Readonly<Record<string, string | Uint8Array>>

/** The one stage of a recipe, which the program runs, or a sentence on why there is no such program. */
export const stageOf = (recipe: Recipe, typed: Typed): E.Either<string, Adam> => {
  const [stage, ...more] = recipe.stages
  if (stage?._tag !== 'adam' || more.length > 0) {
    return E.left(
      `recipe ${recipe.name}: expected one stage of Adam, found ${recipe.stages.map((s) => s._tag).join(', ')}`
    )
  }
  const { low, high } = sizesOf(stage.family)
  if (low !== high) {
    return E.left(`recipe ${recipe.name}: expected systems of one size, found n from ${low} to ${high}`)
  }
  const symbolic = typed.parameters.find((p) => p.dims.some((d) => Dim.asConstant(d) === undefined))
  if (typed.n === null && symbolic !== undefined) {
    return E.left(
      `${typed.model.name}: parameter ${symbolic.name} has a size that depends on n, and the model fixes no n`
    )
  }
  return typed.n !== null && typed.n !== low
    ? E.left(`recipe ${recipe.name}: trains on systems of n = ${low}, and the model is made for n = ${typed.n}`)
    : E.right(stage)
}

/** `train.py`, `start.safetensors` and `recipe.json`; the state is the one that the run begins with. */
export const programFiles = (recipe: Recipe, typed: Typed, state: TrainState): E.Either<string, Files> =>
  pipe(
    E.Do,
    E.bind('stage', () => stageOf(recipe, typed)),
    E.bind('start', () => {
      const { model, seed } = recipe
      const checkpoint = { model, recipe, seed, weights: state.weights, loss: state.loss, card: null, state }
      return E.mapLeft(show)(toBytes('start.safetensors', checkpoint))
    }),
    E.map(({ stage, start }) => {
      const json = encodeRecipe(recipe)
      const shapes = sizesAt(typed, typed.n ?? 1)
      return {
        'train.py': printTraining({ typed, stage, recipe: JSON.stringify(json), shapes }),
        'start.safetensors': start,
        'recipe.json': `${JSON.stringify(json, null, 2)}\n`
      }
    })
  )

const arrays = (folder: string, { n, batch, A, b, x }: Sample): Files => ({
  [`${folder}/A.npy`]: npy([batch, n, n], A),
  [`${folder}/b.npy`]: npy([batch, n], b),
  [`${folder}/x.npy`]: npy([batch, n], x)
})

/**
 * The systems that `ansatz train` draws for a stage: those that it trains on, where they are a fixed set, and those that judge
 * it.
 */
export const systemFiles = (recipe: Recipe, stage: Adam): Files => {
  const key = Key.fold(Key.fold(Key.key(recipe.seed), 'train'), 0)
  const { low: n } = sizesOf(stage.family)
  const own = (folder: string, label: string, batch: number | undefined): Files =>
    batch === undefined ? {} : arrays(folder, draw(stage.family, Key.fold(key, label), { n, batch }))
  return {
    ...own('train', 'set', stage.systems ?? undefined),
    ...own('held-out', 'held out', stage.evaluation?.systems)
  }
}
