/** `ansatz train`: a recipe followed to its end, with a checkpoint to go on from kept beside the result. */
import { unlink } from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import { chain, type Recipe } from '../../../spec/recipe'
import { card, render } from '../../checkpoint/card'
import { show, write } from '../../checkpoint/checkpoint'
import { historyFile } from '../../checkpoint/history'
import { ofState } from '../../checkpoint/trained'
import type { Dataset } from '../../data/dataset'
import type { End } from '../../report/training'
import { type History, judgements } from '../../train/history'
import { type FollowOptions, follow, type TrainBackend, type Trained, type TrainState } from '../../train/train'
import { type Failure, fail, failing, failure, type Outcome } from '../exit'
import { interruptible } from '../interrupt'
import { duration, note, say, sayJson, scientific } from '../print'
import { findRecipe } from '../recipe'
import { type Recorder, recorder } from './train-history'
import { type Reporter, reporter } from './train-report'
import { backendOf, datasetOf, resumed } from './train-start'
import { lastPlot, view } from './train-view'

interface Options {
  readonly out?: string
  readonly resume?: string
  readonly data?: string
  readonly seed?: number
  readonly backend: string
  readonly threads?: number
  readonly every: number
  readonly plot?: boolean
  readonly report?: string
  readonly json?: boolean
}

type Result<A> = E.Either<Failure, A>

/** All that a run needs, found before its first iteration. */
interface Run {
  readonly recipe: Recipe
  readonly state: TrainState | undefined
  readonly backend: TrainBackend | undefined
  readonly dataset: Dataset | undefined
  readonly recorder: Recorder
  readonly report: Reporter | null
  readonly out: string
  readonly kept: string
}

// --- before ----------------------------------------------------------------------------------------------------------

const withoutExtension = (file: string): string => file.replace(/\.safetensors$/, '')

const prepared = async (name: string, o: Options): Promise<Result<Run>> => {
  const recipe = await findRecipe(name)
  if (E.isLeft(recipe)) return recipe
  const out = o.out ?? `${recipe.right.name}.safetensors`
  const kept = `${withoutExtension(out)}.training.safetensors`
  const report = o.report === undefined ? E.right(null) : await reporter(o.report)
  if (E.isLeft(report)) return report
  const state = o.resume === undefined ? E.right(undefined) : await resumed(o.resume, recipe.right)
  if (E.isLeft(state)) return state
  const seed = state.right?.seed ?? o.seed ?? recipe.right.seed
  const history = await recorder(
    kept,
    recipe.right,
    seed,
    o.resume === undefined || state.right === undefined ? undefined : { file: o.resume, state: state.right }
  )
  if (E.isLeft(history)) return history
  const backend = state.right === undefined ? await backendOf(o.backend) : E.right(undefined)
  if (E.isLeft(backend)) return backend
  const dataset = await datasetOf(o.data, recipe.right)
  if (E.isLeft(dataset)) return dataset
  return E.right({
    recipe: recipe.right,
    state: state.right,
    backend: backend.right,
    dataset: dataset.right,
    recorder: history.right,
    report: report.right,
    out,
    kept
  })
}

// --- following -------------------------------------------------------------------------------------------------------

/** Exit codes by what stops a run. */
const exitOf = { recipe: 'model', backend: 'backend', file: 'input' } as const

/** How a run ended, and after how many seconds of training. */
type Ended = Trained & { readonly seconds: number }

const followed = async (run: Run, o: Options): Promise<Result<Ended>> => {
  const { recipe, state, backend, dataset, recorder: history, kept } = run
  const shown = await view(o.plot === true, history.points)
  const { signal, release } = interruptible('interrupted: keeping a checkpoint; once more ends at once', shown.clear)
  const options: FollowOptions = {
    checkpointEvery: o.every,
    signal,
    onProgress: (p) => {
      history.record(p)
      if (!signal.aborted) shown.update(p)
    },
    onState: (now) =>
      pipe(
        history.save(),
        TE.chain(() => write(kept, ofState(recipe, now))),
        TE.mapLeft(show)
      ),
    ...(state === undefined ? {} : { resume: state }),
    ...(backend === undefined ? {} : { backend }),
    ...(o.seed === undefined ? {} : { seed: o.seed }),
    ...(o.threads === undefined ? {} : { threads: o.threads }),
    ...(dataset === undefined ? {} : { dataset })
  }
  const trained = await follow(recipe, options)()
  const seconds = history.seconds()
  await dataset?.close()
  shown.clear()
  release()
  if (o.plot === true) lastPlot(history.points())
  return pipe(
    trained,
    E.bimap(
      ({ about, message }) => failure(exitOf[about], message),
      (ended) => ({ ...ended, seconds })
    )
  )
}

// --- after -----------------------------------------------------------------------------------------------------------

/** Judgements as `--json` gives them; stages are counted from 1, as everywhere in texts. */
const judgementsOf = (recipe: Recipe, points: History): readonly object[] =>
  judgements(points).map(({ part, stage, iteration, seconds, loss, heldOut }) => ({
    recipe: chain(recipe)[part]?.name ?? null,
    stage: stage + 1,
    iteration,
    seconds,
    loss,
    ...heldOut
  }))

/** Writes the report, where one is asked for. */
const reported = (run: Run, o: Options, end: End, loss: number, seconds: number): Promise<Result<void>> => {
  const { recipe, state, recorder: history, report } = run
  return report === null
    ? Promise.resolve(E.right(undefined))
    : report({
        recipe,
        seed: state?.seed ?? o.seed ?? recipe.seed,
        backend: state?.backend ?? run.backend ?? 'javascript',
        threads: state?.threads ?? o.threads ?? 1,
        data: o.data ?? null,
        end,
        loss,
        points: history.points(),
        seconds
      })
}

/** A word as a shell takes it. */
const word = (text: string): string => (/^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

const stopped =
  (name: string) =>
  async (run: Run, o: Options, { state, loss, seconds }: Ended): Promise<Outcome> => {
    const { recipe, recorder: history, out, kept } = run
    const again = [
      ...(o.data === undefined ? [] : [`--data ${word(o.data)}`]),
      ...(o.plot === true ? ['--plot'] : []),
      ...(o.report === undefined ? [] : [`--report ${word(o.report)}`])
    ]
    const goOn = ['ansatz train', word(name), ...again, `--out ${word(out)} --resume ${word(kept)}`].join(' ')
    if (o.json === true) {
      sayJson({
        recipe: recipe.name,
        status: 'interrupted',
        loss,
        resume: kept,
        seconds,
        judgements: judgementsOf(recipe, history.points())
      })
    }
    const part = chain(recipe).length - 1 - state.ahead
    const within = state.ahead === 0 ? '' : `in ${chain(recipe)[part]?.name} `
    note(`interrupted ${within}at stage ${state.stage + 1}, iteration ${state.iteration}; go on with: ${goOn}`)
    const written = await reported(
      run,
      o,
      { _tag: 'interrupted', at: { part, stage: state.stage, iteration: state.iteration }, goOn },
      loss,
      seconds
    )
    return E.isLeft(written) ? written : E.right('interrupted')
  }

const finished = async (run: Run, o: Options, { state, weights, loss, seconds }: Ended): Promise<Outcome> => {
  const { recipe, recorder: history, out, kept } = run
  const made = card(recipe, weights)
  if (E.isLeft(made)) return fail('model', `recipe ${recipe.name}: ${made.left}`)
  const { seed } = state
  const { model } = recipe
  const written = await write(out, { model, weights, recipe, seed, loss, card: made.right, state: null })()
  if (E.isLeft(written)) return E.left(failing('input', show)(written.left))
  const told = await reported(run, o, { _tag: 'finished', out, card: made.right }, loss, seconds)
  if (E.isLeft(told)) return told
  // With the report written, nothing is left to go on to.
  for (const file of [kept, historyFile(kept)]) await unlink(file).catch(() => undefined)
  if (o.json === true) {
    const { backend } = state
    const status = 'finished'
    const judged = judgementsOf(recipe, history.points())
    sayJson({ recipe: recipe.name, status, seed, backend, loss, seconds, out, card: made.right, judgements: judged })
    return E.right('done')
  }
  say(render(recipe.name, made.right))
  say(
    `\nloss ${scientific(loss)} after ${duration(1000 * seconds)}, seed ${seed}, on ${state.backend}; the weights are in ${out}`
  )
  return E.right('done')
}

// --- the command -----------------------------------------------------------------------------------------------------

export const train = async (name: string, o: Options): Promise<Outcome> => {
  const run = await prepared(name, o)
  if (E.isLeft(run)) return run
  const trained = await followed(run.right, o)
  if (E.isRight(trained))
    return (trained.right._tag === 'finished' ? finished : stopped(name))(run.right, o, trained.right)
  const { recorder: history } = run.right
  const end: End = { _tag: 'failed', cause: trained.left.message }
  const told = await reported(run.right, o, end, history.points().at(-1)?.loss ?? Number.NaN, history.seconds())
  if (E.isLeft(told)) note(told.left.message)
  return trained
}
