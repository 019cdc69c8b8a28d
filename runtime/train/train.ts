/**
 * Following a recipe and, before it, those that its first weights come from: one stage after another, with progress, states
 * to go on from, and cancellation.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import type { Recipe, Stage } from '../../spec/recipe'
import type { Dataset } from '../data/dataset'
import type { Weights } from '../weights/weights'
import { adam } from './adam'
import { runKey, stageKey } from './batches'
import type { Context, Result, StageResult } from './context'
import { firstWeights, startsAgain } from './first-weights'
import * as LM from './levenberg-marquardt'
import { type Part, partAt, partsOf } from './parts'
import { problem } from './problem'
import { sampled } from './sampled'
import { scalarNodes } from './scalar-nodes'
import { atStage, type Progress, type TrainError, type TrainState, trainError } from './state'
import type { TrainBackend } from './stepper'

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
  /** The most iterations between two states that are handed to `onState`. Default 100. */
  readonly checkpointEvery?: number
  /** Keeps a state; a `Left` (a full disk, say) ends the run. */
  readonly onState?: (state: TrainState) => TE.TaskEither<string, void>
  /** Go on from here instead of from the start. */
  readonly resume?: TrainState
  /** Gives what the recipe that first weights come from gave, where it was followed already; by default it is followed here. */
  readonly trained?: (recipe: Recipe, seed: number) => TE.TaskEither<TrainError, Weights>
  readonly signal?: AbortSignal
  /** Stages with Adam train on its systems, where it is of their family and holds enough, instead of drawing them. */
  readonly dataset?: Dataset
}

export interface Trained {
  readonly _tag: 'finished' | 'interrupted'
  readonly state: TrainState
  /** Those of the recipe; where the run was interrupted in one before it, that one's. */
  readonly weights: Weights
  /** Mean square error on what the last stage trained on. */
  readonly loss: number
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

const follower = (parts: readonly Part[], options: FollowOptions) => {
  const { resume, signal, onProgress, onState, trained, checkpointEvery = 100 } = options
  const last = parts.length - 1
  const seed = resume?.seed ?? options.seed ?? partAt(parts, last).recipe.seed
  const key = runKey(seed)
  /** Iterations since a state was kept. */
  let unkept = 0

  const keep = async (state: TrainState): Promise<Result<void>> => {
    unkept = 0
    if (onState === undefined) return E.right(undefined)
    return E.mapLeft((reason: string) => trainError(`the state of training could not be kept: ${reason}`, 'file'))(
      await onState(state)()
    )
  }

  const ticking =
    (part: number): Context['tick'] =>
    async (progress, state) => {
      onProgress?.({ part, parts: parts.length, ...progress })
      await breathe()
      if (signal?.aborted === true) return E.right(false)
      if (++unkept < checkpointEvery) return E.right(true)
      const now = await state()
      if (E.isLeft(now)) return now
      return E.map(() => true)(await keep(now.right))
    }

  /** The beginning of a recipe of the chain; `base` is what the one before gave. */
  const beginning = (part: number, base: Weights | null): Result<TrainState> => {
    const { recipe, typed } = partAt(parts, part)
    return pipe(
      firstWeights(recipe, typed, base, key, 0),
      E.map((weights) => ({
        seed,
        backend: resume?.backend ?? options.backend ?? 'javascript',
        threads: resume?.threads ?? options.threads ?? 1,
        data: options.dataset?.id ?? null,
        ahead: last - part,
        stage: 0,
        start: 0,
        iteration: 0,
        draw: 0,
        accepted: 0,
        stale: 0,
        damping: LM.firstDamping,
        loss: Number.POSITIVE_INFINITY,
        weights,
        base: startsAgain(recipe) ? base : null,
        best: null,
        moments: {}
      }))
    )
  }

  /** All stages of the recipe that a state is in, from there on. */
  const throughStages = async (from: TrainState): Promise<Result<StageResult>> => {
    const part = last - from.ahead
    const { recipe, typed } = partAt(parts, part)
    let state = from
    while (state.stage < recipe.stages.length) {
      const { base } = state
      const c: Context = {
        recipe,
        typed,
        n: typed.n ?? 1,
        key: stageKey(seed, state.stage),
        dataset: options.dataset ?? null,
        first: (start) => firstWeights(recipe, typed, base, key, start),
        tick: ticking(part)
      }
      const result = await runStage(c, recipe.stages[state.stage]!, state)
      if (E.isLeft(result)) return result
      const { interrupted } = result.right
      state = interrupted ? result.right.state : atStage(result.right.state, state.stage + 1, LM.firstDamping)
      const kept = await keep(state)
      if (E.isLeft(kept)) return kept
      if (interrupted) return E.right({ state, interrupted })
      if (!Number.isFinite(state.loss)) {
        const place = `recipe ${recipe.name}: stage ${state.stage}`
        return E.left(trainError(`${place}: found no weights with a finite loss; try another seed or a smaller start`))
      }
    }
    return E.right({ state, interrupted: false })
  }

  /** Where the run goes on, or begins. */
  const entry = async (): Promise<Result<TrainState>> => {
    if (resume !== undefined) return E.right(resume)
    if (trained === undefined || last === 0) return beginning(0, null)
    const base = await trained(partAt(parts, last - 1).recipe, seed)()
    return E.isLeft(base) ? base : beginning(last, base.right)
  }

  /** Through the recipes before the last to its beginning, or to where they were interrupted. */
  const led = async (): Promise<Result<StageResult>> => {
    const at = await entry()
    if (E.isLeft(at)) return at
    let state = at.right
    while (state.ahead > 0) {
      const result = await throughStages(state)
      if (E.isLeft(result) || result.right.interrupted) return result
      const next = beginning(last - state.ahead + 1, result.right.state.weights)
      if (E.isLeft(next)) return next
      state = next.right
    }
    return E.right({ state, interrupted: false })
  }

  const run = async (): Promise<Result<Trained>> => {
    const before = await led()
    if (E.isLeft(before)) return before
    const result = before.right.interrupted ? before : await throughStages(before.right.state)
    return E.map(
      ({ state, interrupted }: StageResult): Trained => ({
        _tag: interrupted ? 'interrupted' : 'finished',
        state,
        weights: state.weights,
        loss: state.loss
      })
    )(result)
  }
  return { led, run }
}

/** Every recipe of the chain judged before anything runs. */
const following = (whole: Recipe, options: FollowOptions): E.Either<TrainError, ReturnType<typeof follower>> =>
  pipe(
    partsOf(whole),
    E.chainFirst((parts) => {
      const found = problem(parts, options)
      return found === undefined ? E.right(undefined) : E.left(trainError(found))
    }),
    E.map((parts) => follower(parts, options))
  )

/** Where a recipe begins: its first weights, before any step of its own. */
export const begin = (recipe: Recipe, options: FollowOptions = {}): TE.TaskEither<TrainError, TrainState> =>
  pipe(
    TE.fromEither(following(recipe, options)),
    TE.chain(({ led }) => led),
    TE.chainEitherK(({ state, interrupted }) =>
      interrupted ? E.left(trainError(`recipe ${recipe.name}: interrupted before its first step`)) : E.right(state)
    )
  )

/**
 * Follow a recipe from its first weights to its last, with those that it begins from before it. With the same seed and backend
 * the result has the same bytes, also when the run was interrupted and went on from any state that it handed out.
 */
export const follow = (recipe: Recipe, options: FollowOptions = {}): TE.TaskEither<TrainError, Trained> =>
  pipe(
    TE.fromEither(following(recipe, options)),
    TE.chain(({ run }) => run)
  )
