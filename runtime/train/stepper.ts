/**
 * Training steps of the compiled program `step`, in float64 JavaScript or in float32 on a backend, where parameters and
 * optimiser state stay on the device between steps.
 */
import * as E from 'fp-ts/Either'

import { plan as planFor, toJavaScript } from '../../codegen/compile'
import type { ProgramInput } from '../../codegen/program'
import type { Optimiser } from '../../codegen/rules/optimiser'
import type { Typed } from '../../spec/infer'
import type { BackendError, BackendName } from '../backends/error'
import { open } from '../backends/open'
import type { Arrays, Executable, Runtime } from '../backends/runtime'
import { type Float64Executable, load64 } from '../javascript/run'
import type { Sample } from '../sample/sample'
import { sizesAt, type Weights } from '../weights/weights'
import { inChunks } from './answers'
import type { Result } from './context'
import { trainError } from './state'

// --- model -----------------------------------------------------------------------------------------------------------

/** Where training steps run: float64 in plain JavaScript, or float32 on a backend. */
export type TrainBackend = 'javascript' | BackendName

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

// --- first values ----------------------------------------------------------------------------------------------------

/** The optimiser's arrays before the first step: no moments, and powers of beta at `beta^0 = 1`. */
const zeroMoment = ({ name, dims }: ProgramInput): Float64Array =>
  new Float64Array(dims.reduce((p, q) => p * q, 1)).fill(name.startsWith('power') ? 1 : 0)

const withMoments = (inputs: readonly ProgramInput[], values: Values): Values => ({
  ...Object.fromEntries(inputs.filter((i) => i.role === 'state').map((i) => [i.name, zeroMoment(i)])),
  ...values
})

/** The model's own arrays, without the optimiser's. */
const parametersOf = (typed: Typed, values: Values): Values =>
  Object.fromEntries(sizesAt(typed, typed.n ?? 1).map(({ name }) => [name, values[name]!]))

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

// --- on a backend --------------------------------------------------------------------------------------------------------

const single = (values: Values): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(values).map(([name, array]) => [name, new Float32Array(array)]))

const double = (values: Readonly<Record<string, Float32Array>>): Values =>
  Object.fromEntries(Object.entries(values).map(([name, array]) => [name, new Float64Array(array)]))

const onDevice = (runtime: Runtime, typed: Typed, optimiser: Optimiser, first: Values): Stepper => {
  const executables = new Map<string, Executable>()
  const names = sizesAt(typed, typed.n ?? 1).map(({ name }) => name)
  /** The newest values are on the device with `current`, else in `values`. */
  let current: Executable | null = null
  let values = first

  const read = async (): Promise<Result<Values>> => {
    if (current === null) return E.right(values)
    const found = await current.read()()
    if (E.isLeft(found)) return E.left(trainError(found.left.message))
    values = double(found.right)
    return E.right(values)
  }

  const compiled = async (n: number, batch: number): Promise<Result<Executable>> => {
    const plan = planFor(runtime.target, { _tag: 'step', optimiser }, typed, { n, batch })
    if (E.isLeft(plan)) return E.left(trainError(plan.left))
    const made = await runtime.compile(plan.right)()
    if (E.isLeft(made)) return E.left(trainError(made.left.message))
    values = withMoments(plan.right.inputs, values)
    return made
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
    const loaded = made.right.load(single(values))
    if (E.isLeft(loaded)) return E.left(trainError(loaded.left.message))
    current = made.right
    return made
  }

  const forwards = new Map<string, Executable>()

  const forwardOf = async (n: number, batch: number): Promise<Result<Executable>> => {
    const key = `${n} ${batch}`
    const known = forwards.get(key)
    if (known !== undefined) return E.right(known)
    const plan = planFor(runtime.target, { _tag: 'forward' }, typed, { n, batch })
    if (E.isLeft(plan)) return E.left(trainError(plan.left))
    const made = await runtime.compile(plan.right)()
    if (E.isLeft(made)) return E.left(trainError(made.left.message))
    forwards.set(key, made.right)
    return made
  }

  /** The present parameters, as the device has them. */
  const parameters = async (): Promise<Result<Arrays>> => {
    if (current === null) return E.right(single(parametersOf(typed, values)))
    return E.mapLeft((error: BackendError) => trainError(error.message))(await current.read(names)())
  }

  const answers = async (systems: Sample): Promise<Result<Float64Array>> => {
    const weights = await parameters()
    if (E.isLeft(weights)) return weights
    let loaded: Executable | null = null
    return inChunks(systems, async ({ n, batch, A, b }) => {
      const made = await forwardOf(n, batch)
      if (E.isLeft(made)) return made
      const given = loaded === made.right ? E.right(undefined) : made.right.load(weights.right)
      if (E.isLeft(given)) return E.left(trainError(given.left.message))
      loaded = made.right
      const out = await made.right.run(single({ A, b }), ['x'])()
      return E.isLeft(out) ? E.left(trainError(out.left.message)) : E.right(out.right['x']!)
    })
  }

  return {
    answers,
    step: async ({ n, batch, A, b, x }, rate) => {
      const executable = await moved(n, batch)
      if (E.isLeft(executable)) return executable
      const data = single({ A, b, target: x, rate: Float64Array.of(rate) })
      const out = await executable.right.run(data, ['loss'])()
      return E.isLeft(out) ? E.left(trainError(out.left.message)) : E.right(out.right['loss']![0]!)
    },
    read,
    close: () => runtime.close()
  }
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** Parameters and, where a run goes on, the optimiser's arrays, ready for steps. */
export const stepper = async (
  backend: TrainBackend,
  typed: Typed,
  optimiser: Optimiser,
  first: Values
): Promise<Result<Stepper>> => {
  if (backend === 'javascript') return E.right(javascript(typed, optimiser, first))
  const runtime = await open(backend)()
  return E.isLeft(runtime)
    ? E.left(trainError(runtime.left.message))
    : E.right(onDevice(runtime.right, typed, optimiser, first))
}
