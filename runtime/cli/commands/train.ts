/** `ansatz train`: a recipe followed to its end, with a checkpoint to go on from kept beside the result. */
import { unlink } from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import { show as showFamily } from '../../../spec/family'
import { chain, type Recipe } from '../../../spec/recipe'
import { encodeRecipe } from '../../../spec/recipe-json'
import { choose } from '../../backends/choose'
import { card, render } from '../../checkpoint/card'
import { show, write } from '../../checkpoint/checkpoint'
import { ofState } from '../../checkpoint/trained'
import { type Dataset, openDataset } from '../../data/dataset'
import { show as showInput } from '../../io/errors'
import { holds } from '../../train/batches'
import { type FollowOptions, follow, type Progress, type TrainBackend, type TrainState } from '../../train/train'
import { type Failure, fail, failing, failure, type Outcome } from '../exit'
import { interruptible } from '../interrupt'
import { readCheckpoint } from '../model'
import { duration, note, say, sayJson, scientific } from '../print'
import { bar } from '../progress'
import { findRecipe } from '../recipe'

interface Options {
  readonly out?: string
  readonly resume?: string
  readonly data?: string
  readonly seed?: number
  readonly backend: string
  readonly threads?: number
  readonly every: number
  readonly json?: boolean
}

type Result<A> = E.Either<Failure, A>

// --- where a run stands ----------------------------------------------------------------------------------------------

const same = (p: Recipe, q: Recipe): boolean => JSON.stringify(encodeRecipe(p)) === JSON.stringify(encodeRecipe(q))

/** The state to go on from, which must be of this very recipe. */
const resumed = async (file: string, recipe: Recipe): Promise<Result<TrainState>> => {
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
const datasetOf = async (folder: string | undefined, recipe: Recipe): Promise<Result<Dataset | undefined>> => {
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

// --- following -------------------------------------------------------------------------------------------------------

/** Exit codes by what stops a run. */
const exitOf = { recipe: 'model', backend: 'backend', file: 'input' } as const

const titled = (p: Progress): string => {
  const start = p.starts > 1 ? `, start ${p.start + 1} of ${p.starts}` : ''
  const part = p.parts > 1 ? `recipe ${p.part + 1} of ${p.parts}, ` : ''
  return `${part}stage ${p.stage + 1} of ${p.stages}${start}  loss ${scientific(p.loss)}${p.starts > 1 ? `  best ${scientific(p.best)}` : ''}`
}

const backendOf = async (name: string): Promise<Result<TrainBackend>> => {
  if (name === 'javascript') return E.right(name)
  return pipe(
    await choose(name)(),
    E.mapLeft((error) => failure('backend', error.message))
  )
}

const withoutExtension = (file: string): string => file.replace(/\.safetensors$/, '')

export const train = async (name: string, o: Options): Promise<Outcome> => {
  const recipe = await findRecipe(name)
  if (E.isLeft(recipe)) return recipe
  const { model } = recipe.right
  const out = o.out ?? `${recipe.right.name}.safetensors`
  const kept = `${withoutExtension(out)}.training.safetensors`
  const state = o.resume === undefined ? E.right(undefined) : await resumed(o.resume, recipe.right)
  if (E.isLeft(state)) return state
  const backend = state.right === undefined ? await backendOf(o.backend) : E.right(undefined)
  if (E.isLeft(backend)) return backend
  const dataset = await datasetOf(o.data, recipe.right)
  if (E.isLeft(dataset)) return dataset

  const { signal, release } = interruptible('interrupted: keeping a checkpoint; once more ends at once')
  const progress = await bar('training')
  const began = Date.now()
  const options: FollowOptions = {
    checkpointEvery: o.every,
    signal,
    onProgress: (p) => progress.update(p.iteration, p.iterations, titled(p)),
    onState: (now) => pipe(write(kept, ofState(recipe.right, now)), TE.mapLeft(show)),
    ...(state.right === undefined ? {} : { resume: state.right }),
    ...(backend.right === undefined ? {} : { backend: backend.right }),
    ...(o.seed === undefined ? {} : { seed: o.seed }),
    ...(o.threads === undefined ? {} : { threads: o.threads }),
    ...(dataset.right === undefined ? {} : { dataset: dataset.right })
  }
  const trained = await follow(recipe.right, options)()
  await dataset.right?.close()
  progress.stop()
  release()
  if (E.isLeft(trained)) return fail(exitOf[trained.left.about], trained.left.message)
  const { _tag, weights, loss, state: last } = trained.right

  if (_tag === 'interrupted') {
    if (o.json === true) sayJson({ recipe: recipe.right.name, status: 'interrupted', loss, resume: kept })
    note(
      `interrupted ${last.ahead === 0 ? '' : `in ${chain(recipe.right).at(-1 - last.ahead)?.name} `}at stage ${last.stage + 1}, iteration ${last.iteration}; go on with: ansatz train ${name}${o.data === undefined ? '' : ` --data ${o.data}`} --out ${out} --resume ${kept}`
    )
    return E.right('interrupted')
  }

  const made = card(recipe.right, weights)
  if (E.isLeft(made)) return fail('model', `recipe ${recipe.right.name}: ${made.left}`)
  const written = await write(out, {
    model,
    weights,
    recipe: recipe.right,
    seed: last.seed,
    loss,
    card: made.right,
    state: null
  })()
  if (E.isLeft(written)) return E.left(failing('input', show)(written.left))
  await unlink(kept).catch(() => undefined)
  if (o.json === true) {
    sayJson({
      recipe: recipe.right.name,
      status: 'finished',
      seed: last.seed,
      backend: last.backend,
      loss,
      seconds: (Date.now() - began) / 1000,
      out,
      card: made.right
    })
    return E.right('done')
  }
  say(render(recipe.right.name, made.right))
  say(
    `\nloss ${scientific(loss)} after ${duration(Date.now() - began)}, seed ${last.seed}, on ${last.backend}; the weights are in ${out}`
  )
  return E.right('done')
}
