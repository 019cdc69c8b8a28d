/** What `ansatz train` needs before its first iteration: the run that it goes on with, a dataset, a backend. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { show as showFamily } from '../../../spec/family'
import { chain, type Recipe } from '../../../spec/recipe'
import { encodeRecipe } from '../../../spec/recipe-json'
import { choose } from '../../backends/choose'
import { type Dataset, openDataset } from '../../data/dataset'
import { show as showInput } from '../../io/errors'
import { holds } from '../../train/batches'
import type { TrainBackend, TrainState } from '../../train/train'
import { type Failure, fail, failure } from '../exit'
import { readCheckpoint } from '../model'

type Result<A> = E.Either<Failure, A>

// --- where a run stands ----------------------------------------------------------------------------------------------

const same = (p: Recipe, q: Recipe): boolean => JSON.stringify(encodeRecipe(p)) === JSON.stringify(encodeRecipe(q))

/** The state to go on from, which must be of this very recipe. */
export const resumed = async (file: string, recipe: Recipe): Promise<Result<TrainState>> => {
  const found = await readCheckpoint(file)
  if (E.isLeft(found)) return found
  const { state, recipe: own } = found.right
  if (state === null)
    return fail(
      'model',
      `${file}: holds weights and no run to go on with; give the .training.safetensors that a run kept`
    )
  if (own === null || !same(own, recipe)) {
    return fail(
      'model',
      `${file}: is of the recipe ${own?.name ?? 'of another origin'} as it was then, not of ${recipe.name} as it is now`
    )
  }
  return E.right(state)
}

// --- datasets --------------------------------------------------------------------------------------------------------

/** The dataset of a folder, which one of the recipe's stages must be able to train on; nothing without a folder. */
export const datasetOf = async (folder: string | undefined, recipe: Recipe): Promise<Result<Dataset | undefined>> => {
  if (folder === undefined) return E.right(undefined)
  const dataset = await openDataset(folder)()
  if (E.isLeft(dataset)) return fail('input', showInput(dataset.left))
  const trains = chain(recipe)
    .flatMap(({ stages }) => stages)
    .filter((stage) => stage._tag === 'adam')
  if (trains.some((stage) => holds(dataset.right, stage))) return dataset
  await dataset.right.close()
  const { family, count } = dataset.right.manifest
  const wanted = trains.map((s) => `${s.systems ?? s.batch} or more systems (${showFamily(s.family)})`)
  return fail(
    'model',
    wanted.length === 0
      ? `recipe ${recipe.name}: has no stage with Adam, which alone trains on a dataset`
      : `${folder}: holds ${count} systems (${showFamily(family)}); recipe ${recipe.name} trains on ${wanted.join(', or on ')}`
  )
}

// --- backends ---------------------------------------------------------------------------------------------------------

/** The backend of a name, `auto` among them. */
export const backendOf = async (name: string): Promise<Result<TrainBackend>> => {
  if (name === 'javascript') return E.right(name)
  return pipe(
    await choose(name)(),
    E.mapLeft((error) => failure('backend', error.message))
  )
}
