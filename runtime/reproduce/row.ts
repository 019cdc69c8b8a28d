/**
 * Rows of a reproduction report: one experiment each, which computes tables and plots and ends in a verdict on every
 * claim of the paper that it tests. A row writes nothing; `runtime/reproduce/report` does.
 */
import type * as E from 'fp-ts/Either'

import type { Recipe } from '../../spec/recipe'
import type { Key } from '../random/key'
import type { Weights } from '../weights/weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** How much is done: in minutes, to see that everything runs; on two cores of a processor; at the published size. */
export type Config = 'quick' | 'reduced' | 'full'

export const configs: readonly Config[] = ['quick', 'reduced', 'full']

export type Verdict = 'reproduced' | 'not reproduced' | 'not testable here'

/** A sentence of the paper (or of ours, going beyond it), its number and ours. */
export interface Claim {
  readonly claim: string
  /** What the paper says, or `-` where the claim is ours. */
  readonly paper: string
  readonly ours: string
  readonly verdict: Verdict
  /** Why, where the verdict alone does not say it: what was tried, what differs. */
  readonly note?: string
}

export type Cell = string | number | null

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  /** Numbers are kept whole in `results.json` and shortened in the report. */
  readonly rows: readonly (readonly Cell[])[]
}

/** A figure as a Vega-Lite specification with its data inline. */
export interface Plot {
  /** The file's name without an extension. */
  readonly name: string
  readonly caption: string
  readonly spec: Readonly<Record<string, unknown>>
}

export interface RowResult {
  readonly claims: readonly Claim[]
  readonly tables: readonly Table[]
  readonly plots: readonly Plot[]
  /** What computed it: `javascript float64`, `webasm float32`. */
  readonly backends: readonly string[]
  /** Names of the recipes whose weights were used. */
  readonly recipes: readonly string[]
  /** The setting in words, reconstructions and doubts. */
  readonly notes: readonly string[]
}

/** What a recipe gave for one seed. */
export interface TrainedRun {
  readonly recipe: Recipe
  readonly seed: number
  readonly weights: Weights
  /** Mean square error on what the last stage trained on. */
  readonly loss: number
  /** Seconds it took when it was trained (kept with the weights when they come from a folder of kept weights). */
  readonly seconds: number
}

/** A recipe that a row follows, and with which seeds. */
export interface Planned {
  readonly recipe: Recipe
  readonly seeds: readonly number[]
}

export interface RowContext {
  readonly config: Config
  /** Whether `config` is `quick`. */
  readonly quick: boolean
  readonly seed: number
  /** The row's own key, split from the seed. */
  readonly key: Key
  /** Backends of gpu.js that work here, best first. */
  readonly backends: readonly string[]
  /** Follows a recipe with a seed, once: rows that ask again, and runs with kept weights, get the same. */
  readonly train: (recipe: Recipe, seed: number) => Promise<E.Either<string, TrainedRun>>
  /** Told as the row goes on; `done` of `total`. */
  readonly progress: (what: string, done: number, total: number) => void
}

export interface Row {
  /** What `--only` takes, such as `figure-4`. */
  readonly id: string
  readonly title: string
  /** What is done and in which setting, in a few sentences of Markdown. */
  readonly about: string
  /** What it trains, for its budget and the time left; nothing is counted where it is left out. */
  readonly trainings?: (config: Config, seed: number) => readonly Planned[]
  readonly run: (c: RowContext) => Promise<E.Either<string, RowResult>>
}
