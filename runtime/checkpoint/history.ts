/**
 * The history of a training run as a file beside its checkpoint, in lines of JSON: one that says whose it is, and one for every
 * point. Lines are added before a checkpoint is written, so that the file is never behind it.
 */
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import * as D from '../../spec/decoder'
import type { Judgement } from '../train/held-out'
import type { History, Point } from '../train/history'
import { type CheckpointError, checkpointError, refuse } from './error'
import { readWhole, sentence, writeWhole } from './file'

// --- model -----------------------------------------------------------------------------------------------------------

/** The run that a history is of. */
export interface Run {
  readonly recipe: string
  readonly seed: number
}

type Result<A> = E.Either<CheckpointError, A>

const format = 'ansatz-history'

/** `NAME.training.jsonl` for the checkpoint `NAME.training.safetensors`. */
export const historyFile = (checkpoint: string): string => `${checkpoint.replace(/\.safetensors$/, '')}.jsonl`

// --- writing ---------------------------------------------------------------------------------------------------------

/** JSON has no infinity: it is `null`. */
const line = (value: object): string => `${JSON.stringify(value)}\n`

const lines = (points: History): string =>
  points.map((p) => line({ ...p, seconds: Number(p.seconds.toFixed(3)) })).join('')

/** Begin a history, or replace the one that is there, with these points. */
export const writeHistory = (
  file: string,
  { recipe, seed }: Run,
  points: History
): TE.TaskEither<CheckpointError, void> =>
  writeWhole(file, Buffer.from(line({ format, version: 1, recipe, seed }) + lines(points)))

/** Add points to a history that is there; they are on the disk when it is done. */
export const addHistory =
  (file: string, points: History): TE.TaskEither<CheckpointError, void> =>
  async () => {
    if (points.length === 0) return E.right(undefined)
    try {
      const handle = await open(file, 'a')
      try {
        await handle.writeFile(lines(points))
        await handle.sync()
      } finally {
        await handle.close()
      }
      return E.right(undefined)
    } catch (cause) {
      return refuse(file, 'io', `cannot write it: ${sentence(cause)}`)
    }
  }

// --- reading ---------------------------------------------------------------------------------------------------------

const count = D.whole(0, Number.MAX_SAFE_INTEGER)

const size: D.Decoder<number> = (value, path) =>
  value === null ? E.right(Number.POSITIVE_INFINITY) : D.number(value, path, 0)

const judgement = D.struct<Judgement>({
  systems: count,
  mse: size,
  relative: D.struct<Judgement['relative']>({ median: size, mean: size }),
  backward: size
})

const point = D.struct<Point>({
  part: count,
  stage: count,
  start: count,
  iteration: count,
  loss: size,
  rate: D.nullable(D.number),
  seconds: D.number,
  heldOut: D.nullable(judgement)
})

const head = D.struct<Run & { readonly format: string; readonly version: number }>({
  format: D.oneOf(format),
  version: D.whole(1, 1),
  recipe: D.name,
  seed: count
})

const decoded = <A>(file: string, text: string, number: number, decoder: D.Decoder<A>): Result<A> =>
  pipe(
    E.tryCatch(
      (): unknown => JSON.parse(text),
      () => 'expected JSON, found other text'
    ),
    E.chain((value) => E.mapLeft(D.show)(decoder(value, '', 0))),
    E.mapLeft((cause) =>
      checkpointError(file, 'damaged', `line ${number}: ${cause}; remove the file to go on without it`)
    )
  )

/** The points in a text. A last line without an end is one that was cut off as it was written, and is left out. */
export const parseHistory = (file: string, text: string, run: Run): Result<History> => {
  const [first = '', ...rest] = text.split('\n').slice(0, -1)
  const { recipe, seed } = run
  return pipe(
    decoded(file, first, 1, head),
    E.filterOrElseW(
      (found) => found.recipe === recipe && found.seed === seed,
      (found) =>
        checkpointError(
          file,
          'foreign',
          `is the history of ${found.recipe}, seed ${found.seed}, expected that of ${recipe}, seed ${seed}; remove the file to go on without it`
        )
    ),
    E.chain(() =>
      pipe(
        rest,
        E.traverseReadonlyArrayWithIndex((k: number, text: string) => decoded(file, text, k + 2, point))
      )
    )
  )
}

/** The history in a file, or `null` where there is none. */
export const readHistory = (file: string, run: Run): TE.TaskEither<CheckpointError, History | null> =>
  existsSync(file)
    ? pipe(
        readWhole(file),
        TE.chainEitherK((bytes) => parseHistory(file, Buffer.from(bytes).toString('utf8'), run))
      )
    : TE.right(null)
