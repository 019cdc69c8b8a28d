/**
 * Following a recipe: first weights, then one stage after another, with progress, states to go on from, and cancellation.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as TE from 'fp-ts/TaskEither'

import * as I from '../../spec/infer'
import type { Recipe, Stage } from '../../spec/recipe'
import type { Dataset } from '../data/dataset'
import * as Key from '../random/key'
import { behind, embed } from '../weights/closed-form'
import { initialise } from '../weights/initialise'
import { validate, type Weights } from '../weights/weights'
import { widen } from '../weights/widen'
import { adam } from './adam'
import { runKey, stageKey } from './batches'
import type { Context, Result, StageResult } from './context'
import * as LM from './levenberg-marquardt'
import { problem } from './problem'
import { sampled } from './sampled'
import { scalarNodes } from './scalar-nodes'
import { atStage, type Progress, type TrainError, type TrainState, trainError } from './state'
import type { TrainBackend } from './stepper'
import { flatten, unflatten } from './vector'

export type { Progress, TrainError, TrainState } from './state'
export type { TrainBackend } from './stepper'

// --- model -----------------------------------------------------------------------------------------------------------

export interface FollowOptions {
  /** Instead of the recipe's own seed. */
  readonly seed?: number
  /** Where stages with Adam run; Levenberg-Marquardt needs float64 and runs in plain JavaScript. Default `javascript`. */
  readonly backend?: TrainBackend
  /**
   * Threads of the backend `wasm` that share every batch of stages with Adam: the same bytes for the same number. Default 1: the
   * whole batch in one program, whose kernels may still take threads.
   */
  readonly threads?: number
  readonly onProgress?: (progress: Progress) => void
  /** Iterations between two states that are handed to `onState`. Default 100. */
  readonly checkpointEvery?: number
  /** Keeps a state; a `Left` (a full disk, say) ends the run. */
  readonly onState?: (state: TrainState) => TE.TaskEither<string, void>
  /** Go on from here instead of from the start. */
  readonly resume?: TrainState
  /** Follows the recipe that first weights come from, where that has been done already; by default it is done here. */
  readonly trained?: (recipe: Recipe, seed: number) => TE.TaskEither<TrainError, Weights>
  readonly signal?: AbortSignal
  /** Stages with Adam train on its systems, where it is of their family and holds enough, instead of drawing them. */
  readonly dataset?: Dataset
}

export interface Trained {
  readonly _tag: 'finished' | 'interrupted'
  readonly state: TrainState
  readonly weights: Weights
  /** Mean square error on what the last stage trained on. */
  readonly loss: number
}

// --- first weights ---------------------------------------------------------------------------------------------------

const withNoise = (typed: I.Typed, n: number, weights: Weights, noise: number, key: Key.Key): Weights => {
  const theta = flatten(typed, n, weights)
  const draws = Key.normal(key, theta.length)
  return unflatten(
    typed,
    n,
    theta.map((value, k) => value + noise * draws[k]!)
  )
}

/** The weights of an independent start; the first is start 0. `narrow` are those of the recipe that it is from. */
const firstWeights = (
  recipe: Recipe,
  typed: I.Typed,
  n: number,
  narrow: Weights | null,
  key: Key.Key,
  start: number
): Result<Weights> => {
  const own = Key.fold(Key.fold(key, 'start'), start)
  const from = recipe.start
  switch (from._tag) {
    case 'random':
      return E.right(initialise(typed, n, own, from.scale))
    case 'closedForm':
      return pipe(
        embed(typed.model, from.kappa),
        E.mapLeft((reason) => trainError(`recipe ${recipe.name}: start from the closed form: ${reason}`)),
        E.map((weights) => withNoise(typed, n, weights, from.noise, own))
      )
    case 'continued':
      if (narrow === null) throw new Error('internal: a continued start without the weights that it is from')
      return pipe(
        validate(typed, n, narrow),
        E.mapLeft((reason) => trainError(`recipe ${recipe.name}: start from ${from.from.name}: ${reason}`))
      )
    case 'widened':
      if (narrow === null) throw new Error('internal: a widened start without the weights that it is from')
      return pipe(
        widen(from.from.model, narrow, typed.model),
        E.mapLeft((reason) => trainError(`recipe ${recipe.name}: start from ${from.from.name}: ${reason}`)),
        E.map((weights) => withNoise(typed, n, weights, from.noise, own))
      )
    case 'behindClosedForm':
      if (narrow === null) throw new Error('internal: a start behind the closed form without the weights behind it')
      return pipe(
        behind(typed.model, from.kappa, { model: from.from.model, weights: narrow }),
        E.mapLeft((reason) => trainError(`recipe ${recipe.name}: start behind the closed form: ${reason}`)),
        E.map((weights) => withNoise(typed, n, weights, from.noise, own))
      )
  }
}

/** Whether a run comes to first weights: from the start, or on the way to another of its independent starts. */
const needsFirst = ({ stages }: Recipe, resume: TrainState | undefined): boolean => {
  const [first] = stages
  if (resume === undefined) return true
  if (first === undefined || first._tag === 'adam' || resume.stage > 0) return false
  return resume.iteration === 0 || resume.start + 1 < first.starts
}

// --- following -------------------------------------------------------------------------------------------------------

const runStage = (c: Context, stage: Stage, state: TrainState): Promise<Result<StageResult>> => {
  switch (stage._tag) {
    case 'scalarNodes':
    case 'eigenvalues':
      return scalarNodes(c, stage, state)
    case 'levenbergMarquardt':
      return sampled(c, stage, state)
    case 'adam':
      return adam(c, stage, state)
  }
}

/** Lets timers, signals and files have their turn. */
const breathe = (): Promise<void> => new Promise((done) => setImmediate(done))

const follower = (recipe: Recipe, typed: I.Typed, options: FollowOptions) => {
  const n = typed.n ?? 1
  const { resume, signal, onProgress, onState, checkpointEvery = 100 } = options
  const seed = resume?.seed ?? options.seed ?? recipe.seed
  const key = runKey(seed)
  let narrow: Weights | null = null
  const first = (start: number): Result<Weights> => firstWeights(recipe, typed, n, narrow, key, start)

  /** Weights of the recipe that the start is from, by the same seed. */
  const before = async (): Promise<Result<Weights | null>> => {
    if (!('from' in recipe.start)) return E.right(null)
    const { from } = recipe.start
    if (options.trained !== undefined) return options.trained(from, seed)()
    const told = onProgress === undefined ? {} : { onProgress }
    const place = {
      ...(options.backend === undefined ? {} : { backend: options.backend }),
      ...(options.threads === undefined ? {} : { threads: options.threads })
    }
    const result = await follow(from, { seed, ...place, ...told, ...(signal === undefined ? {} : { signal }) })()
    if (E.isRight(result) && result.right._tag === 'interrupted') {
      return E.left(trainError(`recipe ${recipe.name}: interrupted in ${from.name}, before there was anything to keep`))
    }
    return E.map(({ weights }: Trained) => weights)(result)
  }

  const keep = async (state: TrainState): Promise<Result<void>> =>
    onState === undefined
      ? E.right(undefined)
      : E.mapLeft((reason: string) => trainError(`the state of training could not be kept: ${reason}`))(
          await onState(state)()
        )

  const tick: Context['tick'] = async (progress, state) => {
    onProgress?.(progress)
    await breathe()
    if (signal?.aborted === true) return E.right(false)
    if (progress.iteration % checkpointEvery !== 0) return E.right(true)
    const now = await state()
    if (E.isLeft(now)) return now
    return E.map(() => true)(await keep(now.right))
  }

  const begin = (): Result<TrainState> =>
    resume !== undefined
      ? E.right(resume)
      : E.map(
          (weights: Weights): TrainState => ({
            seed,
            backend: options.backend ?? 'javascript',
            threads: options.threads ?? 1,
            stage: 0,
            start: 0,
            iteration: 0,
            draw: 0,
            accepted: 0,
            stale: 0,
            damping: LM.firstDamping,
            loss: Number.POSITIVE_INFINITY,
            weights,
            best: null,
            moments: {}
          })
        )(first(0))

  const begun = async (): Promise<Result<TrainState>> => {
    if (needsFirst(recipe, resume)) {
      const weights = await before()
      if (E.isLeft(weights)) return weights
      narrow = weights.right
    }
    return begin()
  }

  const run = async (): Promise<Result<Trained>> => {
    const at = await begun()
    if (E.isLeft(at)) return at
    let state = at.right
    while (state.stage < recipe.stages.length) {
      const c: Context = {
        recipe,
        typed,
        n,
        key: stageKey(seed, state.stage),
        dataset: options.dataset ?? null,
        first,
        tick
      }
      const result = await runStage(c, recipe.stages[state.stage]!, state)
      if (E.isLeft(result)) return result
      state = result.right.interrupted
        ? result.right.state
        : atStage(result.right.state, state.stage + 1, LM.firstDamping)
      const kept = await keep(state)
      if (E.isLeft(kept)) return kept
      if (result.right.interrupted) {
        return E.right({ _tag: 'interrupted', state, weights: state.weights, loss: state.loss })
      }
      if (!Number.isFinite(state.loss)) {
        const place = `recipe ${recipe.name}: stage ${state.stage}`
        return E.left(trainError(`${place}: found no weights with a finite loss; try another seed or a smaller start`))
      }
    }
    return E.right({ _tag: 'finished', state, weights: state.weights, loss: state.loss })
  }
  return { begun, run }
}

const following = (recipe: Recipe, options: FollowOptions): E.Either<TrainError, ReturnType<typeof follower>> =>
  pipe(
    I.infer(recipe.model),
    E.mapLeft((error) => trainError(`recipe ${recipe.name}: ${I.show(error)}`)),
    E.chainFirst((model) => {
      const found = problem(recipe, model, options)
      return found === undefined ? E.right(undefined) : E.left(trainError(found))
    }),
    E.map((typed) => follower(recipe, typed, options))
  )

/** Where a recipe begins: its first weights, before any step. */
export const begin = (recipe: Recipe, options: FollowOptions = {}): TE.TaskEither<TrainError, TrainState> => {
  const found = following(recipe, options)
  return E.isLeft(found) ? async () => found : found.right.begun
}

/**
 * Follow a recipe from its first weights to its last. With the same seed and backend the result has the same bytes, also
 * when the run was interrupted and went on from any state that it handed out.
 */
export const follow = (recipe: Recipe, options: FollowOptions = {}): TE.TaskEither<TrainError, Trained> => {
  const found = following(recipe, options)
  return E.isLeft(found) ? async () => found : found.right.run
}
