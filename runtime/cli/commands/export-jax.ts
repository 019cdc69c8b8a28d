/** `ansatz export --target jax`: a folder with a Python program that trains a model by a recipe, on any number of hosts. */
import { access, mkdir } from 'node:fs/promises'
import path from 'node:path'
import * as E from 'fp-ts/Either'

import { sizesOf } from '../../../spec/family'
import type { Typed } from '../../../spec/infer'
import type { Recipe } from '../../../spec/recipe'
import { show } from '../../checkpoint/error'
import { writeWhole } from '../../checkpoint/file'
import { show as showInput } from '../../io/errors'
import { systemError } from '../../io/source'
import { type Files, programFiles, stageOf, systemFiles } from '../../jax/files'
import { begin, type TrainState } from '../../train/train'
import { count } from '../../weights/weights'
import { type Failure, fail, failure, type Outcome } from '../exit'
import { type Found, findModel } from '../model'
import { say, sayJson } from '../print'
import { findRecipe } from '../recipe'
import type { ExportOptions } from './export-options'

type Result<A> = E.Either<Failure, A>

const wrong = (message: string): Failure => failure('model', message)

/** The model for systems of the size that the recipe trains on. */
const typedFor = (found: Found, recipe: Recipe): Result<Typed> => {
  const [stage] = recipe.stages
  return found.typed(stage?._tag === 'adam' ? sizesOf(stage.family).low : 1)
}

/** Where the program begins: at a checkpoint's weights where the model came as one, else as the recipe says. */
const start = async (found: Found, recipe: Recipe): Promise<Result<TrainState>> => {
  const state = await begin(recipe, { backend: 'wasm' })()
  if (E.isLeft(state)) return E.left(wrong(state.left.message))
  const given = found.checkpoint?.weights
  return E.right(given === undefined ? state.right : { ...state.right, weights: given })
}

/** Nothing is written over another program, or over what it was trained to, unawares. */
const free = async (folder: string, files: Files): Promise<Result<void>> => {
  for (const name of Object.keys(files)) {
    try {
      await access(path.join(folder, name))
    } catch {
      continue
    }
    return fail('input', `${folder}: holds ${name} already; give another folder, or --force to replace it`)
  }
  return E.right(undefined)
}

const writeAll = async (folder: string, files: Files): Promise<Result<void>> => {
  const encoder = new TextEncoder()
  for (const [name, data] of Object.entries(files)) {
    const file = path.join(folder, name)
    try {
      await mkdir(path.dirname(file), { recursive: true })
    } catch (cause) {
      return fail('input', showInput(systemError(path.dirname(file), cause, 'write')))
    }
    const written = await writeWhole(file, typeof data === 'string' ? encoder.encode(data) : data)()
    if (E.isLeft(written)) return fail('input', show(written.left))
  }
  return E.right(undefined)
}

const report = (name: string, typed: Typed, recipe: Recipe, files: Files, o: ExportOptions): void => {
  const sizes = Object.fromEntries(Object.entries(files).map(([file, { length }]) => [file, length]))
  const parameters = count(typed, typed.n ?? 1)
  if (o.json === true) {
    sayJson({ out: o.out, target: o.target, model: name, recipe: recipe.name, parameters, files: sizes })
    return
  }
  say(`${name} by ${recipe.name}: ${Object.keys(files).join(', ')} in ${o.out}, ${parameters} parameters`)
  const own = 'train/A.npy' in files
  const data = own ? path.join(o.out, 'train') : 'FOLDER'
  const judge = 'held-out/A.npy' in files ? ` --held-out ${path.join(o.out, 'held-out')}` : ''
  say(`  python ${path.join(o.out, 'train.py')} --data ${data}${judge}`)
}

export const exportJax = async (name: string, o: ExportOptions): Promise<Outcome> => {
  if (o.recipe === undefined) return fail('usage', '--target jax: expected --recipe, how the program trains the model')
  if (o.n !== undefined) return fail('usage', '--target jax: the recipe says for which n the program is, not --n')
  if (o.precision !== undefined)
    return fail('usage', '--target jax: train.py --dtype says its precision, not --precision')
  const [found, named] = [await findModel(name, { weights: false }), await findRecipe(o.recipe)]
  if (E.isLeft(found)) return found
  if (E.isLeft(named)) return named
  const typed = typedFor(found.right, named.right)
  if (E.isLeft(typed)) return typed
  const recipe: Recipe = { ...named.right, model: typed.right.model, seed: o.seed ?? named.right.seed }
  const stage = stageOf(recipe, typed.right)
  if (E.isLeft(stage)) return E.left(wrong(stage.left))
  const state = await start(found.right, recipe)
  if (E.isLeft(state)) return state
  const program = programFiles(recipe, typed.right, state.right)
  if (E.isLeft(program)) return E.left(wrong(program.left))
  const files = { ...program.right, ...(o.systems === true ? systemFiles(recipe, stage.right) : {}) }
  const room = o.force === true ? E.right(undefined) : await free(o.out, files)
  if (E.isLeft(room)) return room
  const written = await writeAll(o.out, files)
  if (E.isLeft(written)) return written
  report(name, typed.right, recipe, files, o)
  return E.right('done')
}
