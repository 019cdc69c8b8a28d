/** The history of a run that goes on: its points in memory, and in the file beside the checkpoint. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import { chain, type Recipe } from '../../../spec/recipe'
import { type CheckpointError, show } from '../../checkpoint/error'
import { addHistory, historyFile, type Run, readHistory, writeHistory } from '../../checkpoint/history'
import { type History, isKept, type Point, pointOf, upTo } from '../../train/history'
import type { Progress, TrainState } from '../../train/state'
import { type Failure, failing } from '../exit'
import { note } from '../print'

export interface Recorder {
  readonly record: (progress: Progress) => void
  readonly points: () => History
  /** Seconds of training so far, those of the runs that this one goes on from included. */
  readonly seconds: () => number
  /** Bring the file up to the points, before the checkpoint that they lead to is written. */
  readonly save: () => TE.TaskEither<CheckpointError, void>
}

/** What a run goes on from, and where it lies. */
export interface Resumed {
  readonly file: string
  readonly state: TrainState
}

/** What a run that is resumed has behind it. */
const earlier = async ({ file, state }: Resumed, run: Run, parts: number): Promise<E.Either<Failure, History>> => {
  const name = historyFile(file)
  const found = await readHistory(name, run)()
  if (E.isLeft(found)) return E.left(failing('input', show)(found.left))
  if (found.right === null) {
    note(`${name}: there is no such file, so curves begin at stage ${state.stage + 1}, iteration ${state.iteration}`)
  }
  return E.right(upTo(found.right ?? [], parts, state))
}

/** A recorder for a run whose checkpoint is `kept`, with what lies beside the checkpoint that it goes on from. */
export const recorder = async (
  kept: string,
  recipe: Recipe,
  seed: number,
  resume: Resumed | undefined
): Promise<E.Either<Failure, Recorder>> => {
  const run: Run = { recipe: recipe.name, seed }
  const found = resume === undefined ? E.right([]) : await earlier(resume, run, chain(recipe).length)
  if (E.isLeft(found)) return found
  const points: Point[] = [...found.right]
  const before = points.at(-1)?.seconds ?? 0
  const began = performance.now()
  const seconds = (): number => before + (performance.now() - began) / 1000
  const file = historyFile(kept)
  let saved: number | null = null

  return E.right({
    record: (p) => {
      if (isKept(p)) points.push(pointOf(p, seconds()))
    },
    points: () => points,
    seconds,
    save: () => {
      const count = points.length
      return pipe(
        saved === null ? writeHistory(file, run, points) : addHistory(file, points.slice(saved)),
        TE.chainFirstIOK(() => () => {
          saved = count
        })
      )
    }
  })
}
