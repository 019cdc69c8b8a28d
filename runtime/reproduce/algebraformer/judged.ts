/**
 * Networks, competitors and LU judged on the same systems: mean square error, relative error and backward error.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Recipe } from '../../../spec/recipe'
import { type Setting, settings } from '../../../spec/zoo/algebraformer-recipes'
import { open } from '../../backends/open'
import type { Runtime } from '../../backends/runtime'
import { batchLu } from '../../linalg/batch'
import type { Sample } from '../../sample/sample'
import { type Judgement, judge } from '../../train/held-out'
import { count } from '../../weights/weights'
import { answers32, inferred } from '../answers'
import { operationsOf } from '../cost'
import type { Cell, Config, RowContext, TrainedRun } from '../row'
import type { Answering } from './competitors'
import { lu32 } from './lu32'

// --- model -----------------------------------------------------------------------------------------------------------

/** A method judged on one sample: once, or once for every seed of its training. */
export interface Judged {
  readonly name: string
  /** How it was chosen, in a few words. */
  readonly about: string
  readonly judgements: readonly Judgement[]
}

type Result<A> = E.Either<string, A>

// --- settings --------------------------------------------------------------------------------------------------------

export const settingOf = ({ config }: { readonly config: Config }): Setting => settings[config]

/** Seeds of the runs: the report's own first, so that rows share that run. */
export const seedsOf = (config: Config, seed: number, most = Number.POSITIVE_INFINITY): readonly number[] =>
  Array.from({ length: Math.min(settings[config].seeds, most) }, (_, k) => seed + 1000 * k)

/** Systems that everything is judged on. */
export const testSystems = ({ quick }: { readonly quick: boolean }): number => (quick ? 64 : 512)

/** One recipe with some seeds. */
export const trainedAll = async (
  c: RowContext,
  recipe: Recipe,
  seeds: readonly number[]
): Promise<Result<readonly TrainedRun[]>> => {
  const runs: TrainedRun[] = []
  for (const seed of seeds) {
    const run = await c.train(recipe, seed)
    if (E.isLeft(run)) return run
    runs.push(run.right)
  }
  return E.right(runs)
}

// --- judging ---------------------------------------------------------------------------------------------------------

/** Our WebAssembly, for the time of some work. */
export const withRuntime = async <A>(work: (runtime: Runtime) => Promise<Result<A>>): Promise<Result<A>> => {
  const runtime = await open('wasm')()
  if (E.isLeft(runtime)) return E.left(runtime.left.message)
  try {
    return await work(runtime.right)
  } finally {
    await runtime.right.close()
  }
}

/** A training's weights on a sample, in float32. */
export const judgeRun = async (runtime: Runtime, run: TrainedRun, sample: Sample): Promise<Result<Judgement>> => {
  const { model, name } = run.recipe
  const x = await answers32({ name, model, weights: run.weights }, runtime, sample)
  return E.map((answer: Float32Array) => judge([sample], [answer]))(x)
}

export const judgeRuns = async (
  runtime: Runtime,
  name: string,
  runs: readonly TrainedRun[],
  sample: Sample
): Promise<Result<Judged>> => {
  const judgements: Judgement[] = []
  for (const run of runs) {
    const found = await judgeRun(runtime, run, sample)
    if (E.isLeft(found)) return found
    judgements.push(found.right)
  }
  return E.right({ name, about: `${runs.length} ${runs.length === 1 ? 'seed' : 'seeds'}`, judgements })
}

export const judgeAnswers = (name: string, about: string, answer: Answering, sample: Sample): Judged => ({
  name,
  about,
  judgements: [judge([sample], [answer(sample)])]
})

/** LU with partial pivoting on the systems as they are, in float32 and in float64. */
export const factorisations: readonly { readonly name: string; readonly answer: Answering }[] = [
  { name: 'LU in float32', answer: (sample) => Float64Array.from(lu32(sample)) },
  { name: 'LU in float64', answer: ({ A, b, batch, n }) => batchLu(A, b, batch, n).x }
]

// --- showing ---------------------------------------------------------------------------------------------------------

/** The middle one, or the mean of both middle ones. */
export const middle = (values: readonly number[]): number => {
  const sorted = [...values].sort((p, q) => p - q)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}

export const mseOf = ({ judgements }: Judged): number => middle(judgements.map((j) => j.mse))

export const errorColumns: readonly string[] = [
  'method',
  'chosen',
  'MSE (median)',
  'MSE (best)',
  'MSE (worst)',
  'relative L2 (median)',
  'backward error (median)'
]

export const errorCells = (j: Judged): readonly Cell[] => {
  const mse = j.judgements.map((one) => one.mse)
  return [
    j.name,
    j.about,
    middle(mse),
    Math.min(...mse),
    Math.max(...mse),
    middle(j.judgements.map((one) => one.relative.median)),
    middle(j.judgements.map((one) => one.backward))
  ]
}

/** Parameters and training operations of a recipe. */
export const sizeCells = (recipe: Recipe): readonly Cell[] =>
  pipe(
    inferred(recipe.model),
    E.chain((typed) =>
      E.map((operations: number | null): readonly Cell[] => [count(typed, typed.n ?? 1), operations])(
        operationsOf(recipe)
      )
    ),
    E.getOrElse((): readonly Cell[] => [null, null])
  )

/** `1.2e-3`. */
export const e = (value: number): string => (Number.isFinite(value) ? value.toExponential(2) : String(value))

/** `1.2%`. */
export const percent = (value: number): string => `${(100 * value).toPrecision(2)}%`
