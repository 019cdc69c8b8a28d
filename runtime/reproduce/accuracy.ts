/**
 * Mean square errors by size in the standard setting, of a model with the weights of several seeds, beside those of conjugate
 * gradients on the same systems.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as F from '../../spec/family'
import type { Model } from '../../spec/model'
import { cgStepsTo } from '../evaluate/evaluate'
import { batchCg } from '../linalg/batch'
import * as Key from '../random/key'
import { draw } from '../sample/draw'
import type { Sample } from '../sample/sample'
import type { Weights } from '../weights/weights'
import { answering64, meanSquare } from './answers'

// --- model -----------------------------------------------------------------------------------------------------------

/** A model with the weights that each seed gave. */
export interface Seeded {
  readonly name: string
  readonly model: Model
  readonly weights: readonly Weights[]
  /** The one size that it fits, or null. */
  readonly n: number | null
}

export interface Accuracy {
  readonly name: string
  readonly n: number
  readonly systems: number
  /** Mean square errors, one for each seed, in their order. */
  readonly mse: readonly number[]
  /** CG-equivalents of those. */
  readonly steps: readonly number[]
}

/** All models at one size. */
export interface AtSize {
  readonly n: number
  readonly accuracies: readonly Accuracy[]
  /** Mean square errors of 1, 2, ... iterations of conjugate gradients. */
  readonly cg: readonly number[]
}

// --- many seeds ------------------------------------------------------------------------------------------------------

/** The middle of the values, between the two middle ones for an even number (in the logarithm: errors are compared so). */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((p, q) => p - q)
  const half = sorted.length >> 1
  const [low, high] = [sorted[half - 1] ?? Number.NaN, sorted[half] ?? Number.NaN]
  return sorted.length % 2 === 1 ? high : Math.sqrt(low) * Math.sqrt(high)
}

/** The smallest error. */
export const best = (values: readonly number[]): number => Math.min(...values)

// --- conjugate gradients ---------------------------------------------------------------------------------------------

/**
 * CG-equivalents: the number of iterations with the given mean square error, interpolated log-linearly; zero where the answer
 * zero is as good. `errors` keeps those of CG that were computed.
 */
export const equivalents = (sample: Sample, mse: number, errors: number[]): number => {
  if (!Number.isFinite(mse)) return 0
  const steps = cgStepsTo(sample, mse, errors)
  return Number.isNaN(steps) ? Number.NaN : Math.max(0, steps)
}

const cgErrors = (sample: Sample, most: number, errors: number[]): readonly number[] =>
  Array.from({ length: most }, (_, k) => {
    const { A, b, x, batch, n } = sample
    errors[k + 1] ??= meanSquare(batchCg(A, b, batch, n, k + 1), x)
    return errors[k + 1]!
  })

// --- measuring -------------------------------------------------------------------------------------------------------

/** Systems of the standard setting: condition number 5, uniform spectrum, `x ~ N(0, I)`. */
export const standard = (key: Key.Key, n: number, systems: number): Sample =>
  draw(F.spd({ kappa: 5, sizes: n }), Key.fold(Key.fold(key, 'systems'), n), { n, batch: systems })

const measured = (m: Seeded, sample: Sample, errors: number[]): E.Either<string, Accuracy> =>
  pipe(
    answering64(m.model, sample),
    E.map((answer) => {
      const mse = m.weights.map((weights) => meanSquare(answer(weights, sample), sample.x))
      const steps = mse.map((error) => equivalents(sample, error, errors))
      return { name: m.name, n: sample.n, systems: sample.batch, mse, steps }
    })
  )

/** Every model that fits the sample, on the sample; `iterations` are those of CG that are wanted. */
export const atSize = (models: readonly Seeded[], sample: Sample, iterations: number): E.Either<string, AtSize> => {
  const errors: number[] = []
  return pipe(
    models.filter(({ n }) => n === null || n === sample.n),
    E.traverseArray((m) => measured(m, sample, errors)),
    E.map((accuracies) => ({ n: sample.n, accuracies, cg: cgErrors(sample, iterations, errors) }))
  )
}

/** One model at one size among all that was measured. */
export const find = (sweep: readonly AtSize[], name: string, n: number): Accuracy | undefined =>
  sweep.find((at) => at.n === n)?.accuracies.find((a) => a.name === name)
