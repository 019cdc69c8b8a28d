/**
 * Weights for a report's rows: a recipe is followed once for a seed, goes on from another run whose stages it begins with,
 * and with a folder of kept weights is not followed again; a training that was interrupted goes on from its last state there.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import { z } from 'zod'

import type { Recipe } from '../../spec/recipe'
import { encodeRecipe } from '../../spec/recipe-json'
import { read, show, write } from '../checkpoint/checkpoint'
import { writeWhole } from '../checkpoint/file'
import { ofState } from '../checkpoint/trained'
import { firstDamping } from '../train/levenberg-marquardt'
import { type TrainState, trainError } from '../train/state'
import { type FollowOptions, follow, type Progress, type TrainBackend } from '../train/train'
import type { TrainedRun } from './row'

// --- model -----------------------------------------------------------------------------------------------------------

type Result<A> = E.Either<string, A>

export type Train = (
  recipe: Recipe,
  seed: number,
  onProgress?: (progress: Progress) => void
) => Promise<Result<TrainedRun>>

// --- naming ----------------------------------------------------------------------------------------------------------

const keyOf = (recipe: Recipe, seed: number): string => `${JSON.stringify(encodeRecipe(recipe))} ${seed}`

/** Runs of one name but different recipes do not meet. */
const fileOf = (folder: string, recipe: Recipe, seed: number): string => {
  const hash = createHash('sha256').update(keyOf(recipe, seed)).digest('hex').slice(0, 8)
  return path.join(folder, `${recipe.name.replace(/[^\w.-]+/g, '-')}-seed-${seed}-${hash}.safetensors`)
}

const timeFileOf = (file: string): string => file.replace(/\.safetensors$/, '.json')

/** Where a training stands that is not done. */
const stateFileOf = (file: string): string => file.replace(/\.safetensors$/, '.training.safetensors')

// --- going on from another run ---------------------------------------------------------------------------------------

/** Whether a recipe does all that another one does, and then more. */
export const continues = (longer: Recipe, shorter: Recipe): boolean => {
  const count = shorter.stages.length
  if (count === 0 || count >= longer.stages.length) return false
  const part = (recipe: Recipe): string =>
    JSON.stringify(
      encodeRecipe({ ...recipe, name: 'part', seed: 0, valid: longer.valid, stages: recipe.stages.slice(0, count) })
    )
  return part(longer) === part(shorter)
}

/** Where a run stands that has done all its stages. */
const endOf = ({ recipe, seed, weights, loss }: TrainedRun, backend: TrainBackend): TrainState => ({
  seed,
  backend,
  threads: 1,
  data: null,
  ahead: 0,
  stage: recipe.stages.length,
  start: 0,
  iteration: 0,
  draw: 0,
  accepted: 0,
  stale: 0,
  damping: firstDamping,
  loss,
  weights,
  base: null,
  best: null,
  moments: {}
})

// --- keeping ---------------------------------------------------------------------------------------------------------

const timed = z.strictObject({ seconds: z.number().nonnegative() })

/** The seconds that a text says, or null. */
const secondsIn = (text: string): number | null => {
  try {
    return timed.parse(JSON.parse(text)).seconds
  } catch {
    return null
  }
}

/** What an earlier report kept, or null. */
const kept = async (folder: string, recipe: Recipe, seed: number): Promise<Result<TrainedRun | null>> => {
  const file = fileOf(folder, recipe, seed)
  const text = await readFile(timeFileOf(file), 'utf8').catch(() => null)
  if (text === null) return E.right(null)
  const found = await read(file)()
  if (E.isLeft(found)) return E.left(`kept weights: ${show(found.left)}; remove the file to train anew`)
  const { weights, loss, recipe: own } = found.right
  if (own === null || found.right.seed !== seed || keyOf(own, seed) !== keyOf(recipe, seed)) {
    return E.left(
      `${file}: expected weights of the recipe ${recipe.name}, seed ${seed}, found others; remove the file to train anew`
    )
  }
  const seconds = secondsIn(text)
  return seconds === null
    ? E.left(
        `${timeFileOf(file)}: expected the seconds that training took, found other text; remove the file to train anew`
      )
    : E.right({ recipe, seed, weights, loss, seconds })
}

const keep = async (folder: string, run: TrainedRun): Promise<Result<void>> => {
  const { recipe, seed, weights, loss, seconds } = run
  const file = fileOf(folder, recipe, seed)
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    return E.left(`${folder}: cannot make the folder: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  const written = await write(file, { model: recipe.model, weights, recipe, seed, loss, card: null, state: null })()
  if (E.isLeft(written)) return E.left(show(written.left))
  // The seconds go last: without them the weights do not count as kept.
  const time = await writeWhole(timeFileOf(file), Buffer.from(`${JSON.stringify({ seconds })}\n`))()
  if (E.isLeft(time)) return E.left(show(time.left))
  const state = stateFileOf(file)
  for (const old of [timeFileOf(state), state]) await rm(old, { force: true })
  return E.right(undefined)
}

// --- training --------------------------------------------------------------------------------------------------------

/** Iterations between two states that are kept. */
const interval = 200

/** A training that goes on: where it stands, and the seconds that it took to come there. */
interface Underway {
  readonly state: TrainState
  readonly seconds: number
}

/** The state that an interrupted report left, or null. */
const underway = async (folder: string, recipe: Recipe, seed: number): Promise<Result<Underway | null>> => {
  const file = stateFileOf(fileOf(folder, recipe, seed))
  const text = await readFile(timeFileOf(file), 'utf8').catch(() => null)
  if (text === null) return E.right(null)
  const found = await read(file)()
  if (E.isLeft(found)) return E.left(`a kept state: ${show(found.left)}; remove the file to train anew`)
  const { state, recipe: own } = found.right
  const seconds = secondsIn(text)
  return state === null || own === null || seconds === null || keyOf(own, state.seed) !== keyOf(recipe, seed)
    ? E.left(
        `${file}: expected a state of the recipe ${recipe.name}, seed ${seed}, found another; remove the file to train anew`
      )
    : E.right({ state, seconds })
}

/** Keeps states in a folder as a training goes on; `seconds` says how long it took so far. */
const keepingStates = (
  folder: string,
  recipe: Recipe,
  seconds: () => number
): Pick<FollowOptions, 'onState' | 'checkpointEvery'> => ({
  checkpointEvery: interval,
  onState: (state) => async () => {
    const file = stateFileOf(fileOf(folder, recipe, state.seed))
    await mkdir(folder, { recursive: true })
    const written = await write(file, ofState(recipe, state))()
    if (E.isLeft(written)) return E.left(show(written.left))
    const time = await writeWhole(timeFileOf(file), Buffer.from(`${JSON.stringify({ seconds: seconds() })}\n`))()
    return E.isLeft(time) ? E.left(show(time.left)) : E.right(undefined)
  }
})

/**
 * A trainer that remembers; with a folder, from one report to the next. Stages with Adam run on `backend`; a training that goes
 * on stays on its own.
 */
export const trainer = (folder: string | null, backend: TrainBackend = 'javascript'): Train => {
  const runs = new Map<string, Promise<Result<TrainedRun>>>()
  const done: TrainedRun[] = []

  const train: Train = async (recipe, seed, onProgress) => {
    const old = folder === null ? E.right(null) : await kept(folder, recipe, seed)
    if (E.isLeft(old)) return old
    if (old.right !== null) return E.right(old.right)
    const begun = folder === null ? E.right(null) : await underway(folder, recipe, seed)
    if (E.isLeft(begun)) return begun
    const before = done
      .filter((run) => run.seed === seed && continues(recipe, run.recipe))
      .reduce<TrainedRun | null>(
        (p, q) => (p !== null && p.recipe.stages.length >= q.recipe.stages.length ? p : q),
        null
      )
    const start = performance.now()
    let earlier = begun.right?.seconds ?? before?.seconds ?? 0
    const seconds = (): number => (performance.now() - start) / 1000 + earlier
    const from: FollowOptions =
      begun.right !== null
        ? { resume: begun.right.state }
        : before !== null
          ? { resume: endOf(before, backend) }
          : { seed, backend }
    const trained = await follow(recipe, {
      ...from,
      ...(folder === null ? {} : keepingStates(folder, recipe, seconds)),
      trained: (from, own) => async () => {
        const asked = performance.now()
        const run = await remembered(from, own, onProgress)
        if (E.isLeft(run)) return E.left(trainError(run.left))
        earlier += run.right.seconds - (performance.now() - asked) / 1000 // its own time, whether it ran now or earlier
        return E.right(run.right.weights)
      },
      ...(onProgress === undefined ? {} : { onProgress })
    })()
    if (E.isLeft(trained)) return E.left(trained.left.message)
    const { weights, loss } = trained.right
    const run: TrainedRun = { recipe, seed, weights, loss, seconds: seconds() }
    const written = folder === null ? E.right(undefined) : await keep(folder, run)
    return E.isLeft(written) ? written : E.right(run)
  }

  const remembered: Train = (recipe, seed, onProgress) => {
    const key = keyOf(recipe, seed)
    const known = runs.get(key)
    if (known !== undefined) return known
    const run = train(recipe, seed, onProgress).then((result) => {
      if (E.isRight(result)) done.push(result.right)
      return result
    })
    runs.set(key, run)
    return run
  }
  return remembered
}
