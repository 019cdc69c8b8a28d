/**
 * Training steps: in float64 JavaScript, in float32 on a backend, or on several threads with a share of every batch each.
 */
import * as E from 'fp-ts/Either'

import { toJavaScript } from '../../codegen/compile'
import type { Optimiser } from '../../codegen/rules/optimiser'
import type { Typed } from '../../spec/infer'
import type { BackendName } from '../backends/error'
import { open } from '../backends/open'
import { type Float64Executable, load64 } from '../javascript/run'
import { inChunks } from './answers'
import type { Result } from './context'
import { asResult, parametersOf, type Stepper, type Values, withMoments } from './machine'
import { onDevice } from './on-device'
import { onThreads } from './on-threads'
import { trainError } from './state'

export type { Stepper, Values } from './machine'

/** Where training steps run: float64 in plain JavaScript, or float32 on a backend. */
export type TrainBackend = 'javascript' | BackendName

/** Where, and on how many threads; more than one need `wasm`. */
export interface Place {
  readonly backend: TrainBackend
  readonly threads: number
}

// --- plain JavaScript ------------------------------------------------------------------------------------------------

const javascript = (typed: Typed, optimiser: Optimiser, first: Values): Stepper => {
  const programs = new Map<string, ReturnType<typeof compile>>()
  const compile = (n: number, batch: number) =>
    E.map((program: Parameters<typeof load64>[0]) => ({ program, executable: load64(program) }))(
      toJavaScript({ _tag: 'step', optimiser }, typed, { n, batch })
    )
  const forwards = new Map<string, E.Either<string, Float64Executable>>()
  const forwardOf = (n: number, batch: number): E.Either<string, Float64Executable> =>
    E.map(load64)(toJavaScript({ _tag: 'forward' }, typed, { n, batch }))
  let values = first
  return {
    step: async ({ n, batch, A, b, x }, rate) => {
      const key = `${n} ${batch}`
      const made = programs.get(key) ?? compile(n, batch)
      programs.set(key, made)
      if (E.isLeft(made)) return E.left(trainError(made.left))
      const { plan } = made.right.program
      values = withMoments(plan.inputs, values)
      const data = { A, b, target: x, rate: Float64Array.of(rate) }
      const out = made.right.executable.run({ ...values, ...data })
      const next = plan.updates.map(({ input, output }) => [input, out[output]!.slice()] as const)
      values = { ...values, ...Object.fromEntries(next) }
      return E.right(out['loss']![0]!)
    },
    answers: (systems) =>
      inChunks(systems, async ({ n, batch, A, b }) => {
        const key = `${n} ${batch}`
        const made = forwards.get(key) ?? forwardOf(n, batch)
        forwards.set(key, made)
        if (E.isLeft(made)) return E.left(trainError(made.left))
        return E.right(made.right.run({ ...parametersOf(typed, values), A, b })['x']!)
      }),
    read: async () => E.right(values),
    close: async () => {}
  }
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** Parameters and, where a run goes on, the optimiser's arrays, ready for steps. */
export const stepper = async (
  { backend, threads }: Place,
  typed: Typed,
  optimiser: Optimiser,
  first: Values
): Promise<Result<Stepper>> => {
  if (backend === 'javascript') return E.right(javascript(typed, optimiser, first))
  const runtime = asResult(await open(backend)())
  if (E.isLeft(runtime)) return runtime
  return threads === 1
    ? E.right(onDevice(runtime.right, typed, optimiser, first))
    : onThreads(runtime.right, threads, typed, optimiser, first)
}
