/**
 * Models by the names that people give: of the zoo, of shipped checkpoints, of files.
 */

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import { kappaOf } from '../../spec/family'

import * as I from '../../spec/infer'
import * as Json from '../../spec/json'
import type { Model } from '../../spec/model'
import * as T from '../../spec/token'
import { blockLinear } from '../../spec/zoo/block-linear'
import { catalogue } from '../../spec/zoo/catalogue'
import { columnLinear } from '../../spec/zoo/column-linear'
import { fullLinear } from '../../spec/zoo/full-linear'
import { polynomial } from '../../spec/zoo/polynomial'
import { type Checkpoint, read, show } from '../checkpoint/checkpoint'
import { show as showInput } from '../io/errors'
import { systemError } from '../io/source'
import { shipped } from '../package/root'
import { sourceOf } from '../solve/models'
import type { Weights } from '../weights/weights'
import { type Failure, fail, failure } from './exit'
import { didYouMean, quoted } from './suggest'

// --- model -----------------------------------------------------------------------------------------------------------

/** Weights with the condition number that they are made for. */
export interface Frozen {
  readonly weights: Weights
  readonly kappa: number
}

/** A model, judged, made for systems of n where it is not for every n; with weights where it came with some. */
export interface Found {
  readonly name: string
  readonly typed: (n: number) => E.Either<Failure, I.Typed>
  readonly checkpoint: Checkpoint | null
  readonly frozen: Frozen | null
}

type Result<A> = E.Either<Failure, A>

// --- the zoo ---------------------------------------------------------------------------------------------------------

const most = { layers: 64, degree: 4096 }

/** Families of the zoo by a number: `block-linear-7`, `polynomial-24`. */
const families: readonly { readonly name: string; readonly most: number; readonly model: (k: number) => Model }[] = [
  { name: 'block-linear', most: most.layers, model: (layers) => blockLinear({ layers }) },
  { name: 'full-linear', most: most.layers, model: (layers) => fullLinear({ layers, embedding: T.identity(3) }) },
  { name: 'column-linear', most: most.layers, model: (layers) => columnLinear({ layers }) },
  { name: 'polynomial', most: most.degree, model: (degree) => polynomial({ degree, low: 0.2, high: 1.8 }) }
]

/** An architecture of the zoo, by its name in the catalogue or by a family's name and a number. */
export const zooModel = (name: string): ((n: number) => Model) | undefined => {
  if (Object.hasOwn(catalogue, name)) return catalogue[name]?.model
  const at = name.lastIndexOf('-')
  const family = families.find((f) => f.name === name.slice(0, at))
  const number = name.slice(at + 1)
  if (family === undefined || !/^[1-9][0-9]{0,3}$/.test(number) || Number(number) > family.most) return undefined
  const model = { ...family.model(Number(number)), name }
  return () => model
}

// --- checkpoints -----------------------------------------------------------------------------------------------------

const extension = '.safetensors'

export const shippedFile = (name: string): string => shipped('checkpoints', `${name}${extension}`)

/** The names of the shipped checkpoints. */
export const shippedNames = async (): Promise<readonly string[]> => {
  const files = await readdir(shipped('checkpoints')).catch((): readonly string[] => [])
  return files
    .filter((f) => f.endsWith(extension) && !f.startsWith('.'))
    .map((f) => f.slice(0, -extension.length))
    .sort()
}

export const readCheckpoint = async (file: string): Promise<Result<Checkpoint>> =>
  E.mapLeft((e: Parameters<typeof show>[0]) => failure('model', show(e)))(await read(file)())

// --- finding ---------------------------------------------------------------------------------------------------------

/** The most bytes of a spec in JSON. */
const mostBytes = 2 ** 24

const readSpec = async (file: string): Promise<Result<Model>> => {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    return fail('model', showInput(systemError(file, cause, 'read')))
  }
  if (text.length > mostBytes) return fail('model', `${file}: is longer than any spec of a model`)
  const model = Json.parse(text)
  return E.isLeft(model) ? fail('model', `${file}: ${Json.show(model.left)}`) : model
}

const inferred = (model: Model): Result<I.Typed> =>
  E.mapLeft((e: I.ShapeError) => failure('model', I.show(e)))(I.infer(model))

const fixed = (name: string, model: Model, checkpoint: Checkpoint | null, frozen: Frozen | null): Result<Found> =>
  E.map((typed: I.Typed): Found => ({ name, typed: () => E.right(typed), checkpoint, frozen }))(inferred(model))

/** What a checkpoint is taken to be made for where it does not say. */
const usualKappa = 5

const fromCheckpoint = async (name: string, file: string): Promise<Result<Found>> => {
  const found = await readCheckpoint(file)
  if (E.isLeft(found)) return found
  const { model, weights, recipe } = found.right
  return fixed(name, model, found.right, {
    weights,
    kappa: (recipe === null ? null : kappaOf(recipe.valid))?.high ?? usualKappa
  })
}

/** `closed-form-LAYERS-kappa-KAPPA`. */
const isClosedForm = (name: string): boolean => name.startsWith('closed-form-')

const fromClosedForm = async (name: string): Promise<Result<Found>> => {
  const source = await sourceOf(name)
  if (E.isLeft(source)) return fail('model', source.left.message)
  const { model, weights, kappa } = source.right
  return fixed(name, model, null, { weights, kappa })
}

const looksLikeFile = (name: string): boolean => /[\\/]/.test(name) || ['.json', extension].includes(path.extname(name))

/**
 * The model of a name: an architecture of the zoo, a closed form, a shipped checkpoint, a file of one or a spec in JSON. With
 * `weights`, shipped checkpoints come before architectures of the same name.
 */
export const findModel = async (name: string, options: { readonly weights: boolean }): Promise<Result<Found>> => {
  if (looksLikeFile(name)) {
    if (path.extname(name) !== '.json') return fromCheckpoint(name, name)
    const model = await readSpec(name)
    return E.isLeft(model) ? model : fixed(name, model.right, null, null)
  }
  if (isClosedForm(name)) return fromClosedForm(name)
  const ships = await shippedNames()
  const zoo = zooModel(name)
  if (ships.includes(name) && (options.weights || zoo === undefined)) return fromCheckpoint(name, shippedFile(name))
  if (zoo !== undefined) return E.right({ name, typed: (n) => inferred(zoo(n)), checkpoint: null, frozen: null })
  const near = didYouMean(name, [...Object.keys(catalogue), ...ships])
  return fail(
    'model',
    `there is no model ${quoted(name)}${near === '' ? '; ansatz models lists them, and a checkpoint or spec is given as a file' : near}`
  )
}
