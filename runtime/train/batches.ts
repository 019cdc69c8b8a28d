/**
 * The batches of a stage `adam`: step t's is a function of the key and of t alone, so a run that goes on at step t sees what
 * it would have seen.
 */
import * as E from 'fp-ts/Either'

import { sizesOf } from '../../spec/family'
import { encodeFamily } from '../../spec/family-json'
import type { Recipe, Stage } from '../../spec/recipe'
import type { Dataset } from '../data/dataset'
import { type InputError, show } from '../io/errors'
import * as Key from '../random/key'
import { draw } from '../sample/draw'
import type { Sample } from '../sample/sample'
import type { Result } from './context'
import { trainError } from './state'

export type Adam = Extract<Stage, { readonly _tag: 'adam' }>

/** The key of a run's draws, and of those of one of its stages. */
export const runKey = (seed: number): Key.Key => Key.fold(Key.key(seed), 'train')
export const stageKey = (seed: number, stage: number): Key.Key => Key.fold(runKey(seed), stage)

/** The systems of step `step`, from 0; a Left where they cannot be read. */
export type Batches = (step: number) => Promise<Result<Sample>>

/** The systems at these places, in this order. */
export const gathered = (all: Sample, places: ArrayLike<number>): Sample => {
  const { n } = all
  const batch = places.length
  const [A, x, b] = [new Float64Array(batch * n * n), new Float64Array(batch * n), new Float64Array(batch * n)]
  for (let s = 0; s < batch; s++) {
    const from = places[s]!
    A.set(all.A.subarray(from * n * n, (from + 1) * n * n), s * n * n)
    x.set(all.x.subarray(from * n, (from + 1) * n), s * n)
    b.set(all.b.subarray(from * n, (from + 1) * n), s * n)
  }
  return { n, batch, A, x, b }
}

/**
 * Which systems of a fixed set the batches hold: epochs of `ceil(systems / batch)` steps, each in an order of its own. The
 * last batch of an epoch is filled up from the beginning of the epoch's order, so that all batches have one size.
 */
export const places = (key: Key.Key, systems: number, batch: number): ((step: number) => Int32Array) => {
  const steps = Math.ceil(systems / batch)
  let known = -1
  let order: Int32Array = new Int32Array(0)
  return (step) => {
    const epoch = Math.floor(step / steps)
    if (epoch !== known) order = Key.permutation(Key.fold(key, epoch), systems)
    known = epoch
    const first = (step % steps) * batch
    return Int32Array.from({ length: batch }, (_, k) => order[(first + k) % systems]!)
  }
}

/** Fresh systems for every step: a size drawn uniformly from the family's, then systems of that size. */
const fresh =
  (key: Key.Key, { family, batch }: Adam): Batches =>
  async (step) => {
    const own = Key.fold(key, step)
    const { low, high } = sizesOf(family)
    const n = Key.integers(Key.fold(own, 'size'), 1, low, high + 1)[0]!
    return E.right(draw(family, Key.fold(own, 'systems'), { n, batch }))
  }

/** The fixed set of a stage whose key is given. */
const setOf = (key: Key.Key, { family }: Adam, systems: number): Sample =>
  draw(family, Key.fold(key, 'set'), { n: sizesOf(family).low, batch: systems })

/** The fixed set that a recipe's last stage trains on with a seed, with its coefficients, or null where it has none. */
export const trainedOn = ({ stages }: Recipe, seed: number): Sample | null => {
  const stage = stages.at(-1)
  if (stage?._tag !== 'adam' || stage.systems === null) return null
  return setOf(stageKey(seed, stages.length - 1), stage, stage.systems)
}

const fixed = (key: Key.Key, stage: Adam, systems: number): Batches => {
  const { batch } = stage
  const all = setOf(key, stage, systems)
  const at = places(Key.fold(key, 'order'), systems, batch)
  return async (step) => E.right(gathered(all, at(step)))
}

/** The systems of a dataset, or the first so many of it, read as they are needed. */
const stored = (key: Key.Key, { batch }: Adam, systems: number, dataset: Dataset): Batches => {
  const at = places(Key.fold(key, 'order'), systems, batch)
  return async (step) =>
    E.mapLeft((error: InputError) => trainError(show(error), 'file'))(await dataset.read([...at(step)])())
}

/** Whether a dataset holds systems of a stage's family, and enough of them. */
export const holds = ({ manifest: { family, count } }: Dataset, { family: wanted, batch, systems }: Adam): boolean =>
  JSON.stringify(encodeFamily(family)) === JSON.stringify(encodeFamily(wanted)) && count >= (systems ?? batch)

/** The batches of a stage: from the dataset, if one is given that holds its systems, and drawn otherwise. */
export const batches = (key: Key.Key, stage: Adam, dataset: Dataset | null): Batches => {
  const { systems } = stage
  if (dataset !== null && holds(dataset, stage)) return stored(key, stage, systems ?? dataset.count, dataset)
  return systems === null ? fresh(key, stage) : fixed(key, stage, systems)
}

/** What of the stage's batches cannot be, or `undefined`. */
export const batchesProblem = ({ family, batch, systems }: Adam): string | undefined => {
  const { low, high } = sizesOf(family)
  if (systems === null) return undefined
  if (low !== high) return `expected one size n for a fixed set of systems, found sizes ${low} to ${high}`
  if (batch > systems) return `expected batches of at most the ${systems} systems of the fixed set, found ${batch}`
  return undefined
}
