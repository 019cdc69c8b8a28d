/**
 * Networks by name: shipped checkpoints, closed forms, checkpoint files, and those handed in.
 */

import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { kappaOf } from '../../spec/family'

import * as checkpoint from '../checkpoint/checkpoint'
import type { Source } from './choose'
import { bestClosedForm, closedFormSource, largestKappa } from './closed-forms'
import { type GivenModel, type SolveError, solveError } from './solution'

// --- shipped checkpoints ---------------------------------------------------------------------------------------------

/** The networks that ship, with the condition numbers that they were trained for. */
export const shipped: Readonly<Record<string, { readonly kappa: number }>> = {
  'block-linear-2': { kappa: 5 },
  'block-linear-3': { kappa: 5 },
  'block-linear-3-blocks2': { kappa: 5 },
  'block-linear-4-universal': { kappa: 100 }
}

/** What stands in for a shipped network whose file is not there: the closed form of the same depth. */
const standIns: Readonly<Record<string, { readonly layers: number; readonly kappa: number }>> = {
  'block-linear-2': { layers: 2, kappa: 5 },
  'block-linear-3': { layers: 3, kappa: 5 },
  'block-linear-3-blocks2': { layers: 3, kappa: 5 },
  'block-linear-4-universal': { layers: 4, kappa: 100 }
}

const read = new Map<string, Source>()

const fromFile = async (file: string, name: string): Promise<E.Either<SolveError, Source>> => {
  const known = read.get(file)
  if (known !== undefined) return E.right(known)
  const found = await checkpoint.read(file)()
  if (E.isLeft(found)) return E.left(solveError('model', checkpoint.show(found.left)))
  const { model, weights, recipe } = found.right
  const kappa = (recipe === null ? null : kappaOf(recipe.valid))?.high ?? shipped[name]?.kappa ?? 5
  const source: Source = { name, model, weights, kappa, valid: recipe?.valid ?? null }
  read.set(file, source)
  return E.right(source)
}

/** The path of a shipped checkpoint, beside the sources or beside the built package; null if there is none. */
const shippedFile = async (name: string): Promise<string | null> => {
  const [{ existsSync }, { fileURLToPath }] = await Promise.all([import('node:fs'), import('node:url')])
  for (const folder of ['../../checkpoints/', '../checkpoints/', './checkpoints/']) {
    const file = fileURLToPath(new URL(`${folder}${name}.safetensors`, import.meta.url))
    if (existsSync(file)) return file
  }
  return null
}

const looked = new Map<string, Promise<E.Either<SolveError, Source>>>()

/** A shipped network, looked for once, or the closed form of its depth where its file is missing. */
const shippedSource = (name: string): Promise<E.Either<SolveError, Source>> => {
  const known = looked.get(name)
  if (known !== undefined) return known
  const found = findShipped(name)
  looked.set(name, found)
  return found
}

const findShipped = async (name: string): Promise<E.Either<SolveError, Source>> => {
  const file = await shippedFile(name)
  if (file !== null) return fromFile(file, name)
  const standIn = standIns[name]
  if (standIn === undefined) return E.left(unknown(name))
  return fromClosedForm(standIn.layers, standIn.kappa)
}

const fromClosedForm = (layers: number, kappa: number): E.Either<SolveError, Source> =>
  pipe(
    closedFormSource(layers, kappa),
    E.mapLeft((message) => solveError('model', message))
  )

// --- by name ---------------------------------------------------------------------------------------------------------

const unknown = (name: string): SolveError => {
  const names = [...Object.keys(shipped), 'closed-form-LAYERS-kappa-KAPPA'].join(', ')
  return solveError('model', `there is no model ${name}; there are ${names}, or give the path of a .safetensors file`)
}

const closedFormName = /^closed-form-([1-9]\d?)-kappa-(\d+(?:\.\d+)?(?:e\+?\d+)?)$/

/** The network of a name or file, or the one handed in. */
export const sourceOf = async (model: string | GivenModel): Promise<E.Either<SolveError, Source>> => {
  if (typeof model !== 'string') {
    const { kappa = 5, weights, valid = null } = model
    return kappa > 1 && kappa < Infinity
      ? E.right({ name: model.model.name, model: model.model, weights, kappa, valid })
      : E.left(solveError('model', `kappa of ${model.model.name}: expected a number above 1, got ${kappa}`))
  }
  const closed = closedFormName.exec(model)
  if (closed !== null) return fromClosedForm(Number(closed[1]), Number(closed[2]))
  if (Object.hasOwn(shipped, model)) return shippedSource(model)
  return model.endsWith('.safetensors') ? fromFile(model, model) : E.left(unknown(model))
}

// --- by condition number -----------------------------------------------------------------------------------------------

/** Trained networks are taken a little beyond what they were trained for: the estimate is no sharper than that. */
const slack = 1.05

/** The network for a condition number: the trained ones up to 5 and 100, closed forms beyond; null out of reach. */
export const sourceFor = async (
  kappa: number,
  safety: number,
  coarse: boolean
): Promise<E.Either<SolveError, Source> | null> => {
  if (!(kappa <= largestKappa)) return null
  if (kappa <= 5 * slack) return shippedSource('block-linear-3')
  if (kappa <= 100 * slack) return shippedSource('block-linear-4-universal')
  return pipe(
    bestClosedForm(kappa * safety, coarse),
    E.mapLeft((message) => solveError('model', message))
  )
}
