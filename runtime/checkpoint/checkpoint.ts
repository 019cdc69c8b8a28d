/**
 * Checkpoints: weights, or the state of a training run, with everything that says what they are, in one file.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import type * as I from '../../spec/infer'
import { validate, type Weights } from '../weights/weights'
import { isIntact, seal } from './checksum'
import { type CheckpointError, checkpointError, refuse } from './error'
import { readWhole, writeWhole } from './file'
import { type Described, describe, described } from './metadata'
import type { Checkpoint } from './model'
import { decode, encode, type Tensor } from './safetensors'
import { isOwn, type Models, modelsOf, shapeOf, shapesOf } from './shapes'

export { type CheckpointError, show } from './error'
export type { Checkpoint } from './model'

// --- writing ---------------------------------------------------------------------------------------------------------

const prefixed = (prefix: string, arrays: Weights): Weights =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${prefix}${name}`, array]))

/** Weights under their own names; the rest of a training state under `base/`, `best/` and `moments/`. */
const arraysOf = ({ weights, state }: Checkpoint): Weights => ({
  ...weights,
  ...(state === null
    ? {}
    : {
        ...prefixed('base/', state.base ?? {}),
        ...prefixed('best/', state.best?.weights ?? {}),
        ...prefixed('moments/', state.moments)
      })
})

/** The bytes of a checkpoint; the same checkpoint has the same bytes. */
export const toBytes = (file: string, checkpoint: Checkpoint): E.Either<CheckpointError, Uint8Array> => {
  const models = modelsOf(checkpoint)
  if (E.isLeft(models)) return refuse(file, 'foreign', `its model: ${models.left}`)
  const shapes = shapesOf(models.right)
  const tensors: Record<string, Tensor> = {}
  for (const [name, data] of Object.entries(arraysOf(checkpoint))) {
    const shape = shapeOf(shapes, name)
    if (shape === undefined || shape.reduce((p, q) => p * q, 1) !== data.length) {
      return refuse(file, 'foreign', `array ${name} is not one of the model's`)
    }
    const bad = data.findIndex((value) => !Number.isFinite(value))
    if (bad >= 0) return refuse(file, 'damaged', `array ${name} holds ${data[bad]} at entry ${bad} and is not written`)
    tensors[name] = { dtype: 'F64', shape, data }
  }
  return pipe(
    encode({ metadata: describe(checkpoint), tensors }),
    E.map(seal),
    E.mapLeft((cause) => checkpointError(file, 'foreign', cause))
  )
}

export const write = (file: string, checkpoint: Checkpoint): TE.TaskEither<CheckpointError, void> =>
  pipe(
    TE.fromEither(toBytes(file, checkpoint)),
    TE.chain((bytes) => writeWhole(file, bytes))
  )

// --- reading ---------------------------------------------------------------------------------------------------------

/** The arrays whose names begin with a prefix, without it. */
const under = (prefix: string, arrays: Weights): Weights =>
  Object.fromEntries(
    Object.entries(arrays).flatMap(([name, array]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), array] as const] : []
    )
  )

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, k) => size === b[k])

/** The first array that does not belong to the model, by name, shape or a number that is not finite. */
const arrayFault = (models: Models, tensors: Readonly<Record<string, Tensor>>): string | undefined => {
  const shapes = shapesOf(models)
  for (const [name, { shape, data, dtype }] of Object.entries(tensors)) {
    const expected = shapeOf(shapes, name)
    if (expected === undefined) return `array ${name} is not one of the model's`
    if (!sameShape(shape, expected)) {
      return `array ${name}: expected the shape [${expected.join(', ')}], found [${shape.join(', ')}]`
    }
    if (dtype !== 'F64' && !isOwn(name)) return `array ${name}: expected dtype F64, found ${dtype}`
    const bad = data.findIndex((value) => !Number.isFinite(value))
    if (bad >= 0) return `array ${name}: expected finite numbers, found ${data[bad]} at entry ${bad}`
  }
  return undefined
}

const assemble = (about: Described, arrays: Weights): Checkpoint => {
  const { model, recipe, seed, loss, card } = about
  const weights = Object.fromEntries(Object.entries(arrays).filter(([name]) => isOwn(name)))
  const best = about.bestLoss === null ? null : { weights: under('best/', arrays), loss: about.bestLoss }
  const base = Object.keys(arrays).some((name) => name.startsWith('base/')) ? under('base/', arrays) : null
  const moments = under('moments/', arrays)
  const state = about.state === null ? null : { ...about.state, weights, base, best, moments }
  return { model, weights, recipe, seed, loss, card, state }
}

/** The checkpoint in these bytes; `file` is its name in errors. Nothing damaged or unknown gets through. */
export const fromBytes = (file: string, bytes: Uint8Array): E.Either<CheckpointError, Checkpoint> => {
  const content = decode(bytes)
  if (E.isLeft(content)) return refuse(file, 'damaged', content.left)
  const { metadata, tensors } = content.right
  const checksum = metadata['checksum']
  if (checksum === undefined)
    return refuse(file, 'foreign', 'a safetensors file without a checksum: no checkpoint of ours')
  if (!isIntact(bytes, checksum)) {
    return refuse(file, 'damaged', 'its checksum does not match its bytes: it was changed after it was written')
  }
  const about = described(metadata)
  if (E.isLeft(about)) return refuse(file, 'foreign', about.left)
  const models = modelsOf(about.right)
  if (E.isLeft(models)) return refuse(file, 'foreign', `its model: ${models.left}`)
  const fault = arrayFault(models.right, tensors)
  if (fault !== undefined) return refuse(file, 'damaged', fault)
  const arrays = Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data]))
  const checkpoint = assemble(about.right, arrays)
  const { own, base } = models.right
  const { state } = checkpoint
  const held: readonly (readonly [I.Typed, Weights])[] = [
    [own, checkpoint.weights],
    ...(state?.best ? [[own, state.best.weights] as const] : []),
    ...(state?.base && base !== null ? [[base, state.base] as const] : [])
  ]
  for (const [typed, weights] of held) {
    const judged = validate(typed, typed.n ?? 1, weights)
    if (E.isLeft(judged)) return refuse(file, 'damaged', judged.left)
  }
  return E.right(checkpoint)
}

export const read = (file: string): TE.TaskEither<CheckpointError, Checkpoint> =>
  pipe(
    readWhole(file),
    TE.chainEitherK((bytes) => fromBytes(file, bytes))
  )
