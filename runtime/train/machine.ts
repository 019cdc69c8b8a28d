/**
 * What makes training steps, and the arrays that it keeps.
 */
import * as E from 'fp-ts/Either'

import type { ProgramInput } from '../../codegen/program'
import type { Typed } from '../../spec/infer'
import type { BackendError } from '../backends/error'
import type { Sample } from '../sample/sample'
import { sizesAt, type Weights } from '../weights/weights'
import type { Result } from './context'
import { trainError } from './state'

// --- model -----------------------------------------------------------------------------------------------------------

/** Parameters and optimiser state by name. */
export type Values = Weights

export interface Stepper {
  /** One step on a batch; the loss before it. */
  readonly step: (systems: Sample, rate: number) => Promise<Result<number>>
  /** Answers of the present weights to the systems of a sample, [batch, n]. */
  readonly answers: (systems: Sample) => Promise<Result<Float64Array>>
  readonly read: () => Promise<Result<Values>>
  readonly close: () => Promise<void>
}

// --- arrays ----------------------------------------------------------------------------------------------------------

/** The optimiser's arrays before the first step: no moments, and powers of beta at `beta^0 = 1`. */
const zeroMoment = ({ name, dims }: ProgramInput): Float64Array =>
  new Float64Array(dims.reduce((p, q) => p * q, 1)).fill(name.startsWith('power') ? 1 : 0)

export const withMoments = (inputs: readonly ProgramInput[], values: Values): Values => ({
  ...Object.fromEntries(inputs.filter((i) => i.role === 'state').map((i) => [i.name, zeroMoment(i)])),
  ...values
})

/** Names of the model's own arrays, without the optimiser's. */
export const namesOf = (typed: Typed): readonly string[] => sizesAt(typed, typed.n ?? 1).map(({ name }) => name)

/** The model's own arrays. */
export const parametersOf = (typed: Typed, values: Values): Values =>
  Object.fromEntries(namesOf(typed).map((name) => [name, values[name]!]))

export const single = (values: Values): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(values).map(([name, array]) => [name, new Float32Array(array)]))

export const double = (values: Readonly<Record<string, Float32Array>>): Values =>
  Object.fromEntries(Object.entries(values).map(([name, array]) => [name, new Float64Array(array)]))

// --- failures --------------------------------------------------------------------------------------------------------

/** A backend's failure, as one of training. */
export const asResult: <A>(result: E.Either<BackendError, A>) => Result<A> = E.mapLeft((error) =>
  trainError(error.message, 'backend')
)
