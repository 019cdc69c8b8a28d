/**
 * Training steps of the compiled program `step` in float32 on a backend, where parameters and optimiser state stay on the
 * device between steps.
 */
import * as E from 'fp-ts/Either'

import { plan as planFor } from '../../codegen/compile'
import type { Optimiser } from '../../codegen/rules/optimiser'
import type { Typed } from '../../spec/infer'
import type { Arrays, Executable, Runtime } from '../backends/runtime'
import { answering } from './answers'
import type { Result } from './context'
import { asResult, double, namesOf, parametersOf, type Stepper, single, type Values, withMoments } from './machine'
import { trainError } from './state'

export const onDevice = (runtime: Runtime, typed: Typed, optimiser: Optimiser, first: Values): Stepper => {
  const executables = new Map<string, Executable>()
  const answer = answering(runtime, typed)
  /** The newest values are on the device with `current`, else in `values`. */
  let current: Executable | null = null
  let values = first

  const read = async (): Promise<Result<Values>> => {
    if (current === null) return E.right(values)
    const found = asResult(await current.read()())
    if (E.isLeft(found)) return found
    values = double(found.right)
    return E.right(values)
  }

  const compiled = async (n: number, batch: number): Promise<Result<Executable>> => {
    const plan = planFor(runtime.target, { _tag: 'step', optimiser }, typed, { n, batch })
    if (E.isLeft(plan)) return E.left(trainError(plan.left))
    values = withMoments(plan.right.inputs, values)
    return asResult(await runtime.compile(plan.right)())
  }

  /** The program for a batch, with the newest values. */
  const moved = async (n: number, batch: number): Promise<Result<Executable>> => {
    const key = `${n} ${batch}`
    const known = executables.get(key)
    if (known !== undefined && known === current) return E.right(known)
    const newest = await read()
    if (E.isLeft(newest)) return newest
    const made = known === undefined ? await compiled(n, batch) : E.right(known)
    if (E.isLeft(made)) return made
    executables.set(key, made.right)
    const loaded = asResult(made.right.load(single(values)))
    if (E.isLeft(loaded)) return loaded
    current = made.right
    return made
  }

  /** The present parameters, as the device has them. */
  const parameters = async (): Promise<Result<Arrays>> =>
    current === null ? E.right(single(parametersOf(typed, values))) : asResult(await current.read(namesOf(typed))())

  return {
    answers: async (systems) => {
      const weights = await parameters()
      return E.isLeft(weights) ? weights : answer(weights.right, systems)
    },
    step: async ({ n, batch, A, b, x }, rate) => {
      const executable = await moved(n, batch)
      if (E.isLeft(executable)) return executable
      const data = single({ A, b, target: x, rate: Float64Array.of(rate) })
      return E.map((out: Arrays) => out['loss']![0]!)(asResult(await executable.right.run(data, ['loss'])()))
    },
    read,
    close: () => runtime.close()
  }
}
