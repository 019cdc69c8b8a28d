/**
 * The network's rows: forward, VJP and training step of a BLOCK model on its tokens, and the polynomial it amounts to.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { type Goal, plan as planFor, toJavaScript } from '../codegen/compile'
import type { Plan } from '../codegen/plan'
import type { ProgramInput } from '../codegen/program'
import { adam } from '../codegen/rules/optimiser'
import type { Runtime } from '../runtime/backends/runtime'
import { load64 } from '../runtime/javascript/run'
import type { Sample } from '../runtime/sample/sample'
import { specialise } from '../runtime/weights/specialise'
import type { Weights } from '../runtime/weights/weights'
import * as Infer from '../spec/infer'
import type { Model } from '../spec/model'

export interface Network {
  readonly typed: Infer.Typed
  readonly weights: Weights
}

/** A row of the table: which network, computed how far. */
export interface Row {
  readonly what: string
  readonly network: Network
  readonly goal: Goal
  /** The outputs that are read back; the rest stay where they are. */
  readonly wanted: (program: { readonly outputs: readonly { readonly name: string }[] }) => readonly string[]
}

/** A program ready to be called again and again on the same systems. */
export interface Prepared {
  readonly call: () => Promise<void> | void
  readonly close: () => Promise<void>
}

const typed = (model: Model): Infer.Typed => {
  const judged = Infer.infer(model)
  if (E.isLeft(judged)) throw new Error(`internal: ${Infer.show(judged.left)}`)
  return judged.right
}

const named =
  (...names: readonly string[]) =>
  () =>
    names

/** Forward, VJP and step on the tokens; and, where the weights amount to one, the polynomial that `solve` runs. */
export const rows = (model: Model, weights: Weights, interval: { readonly low: number; readonly high: number }) => {
  const network: Network = { typed: typed(model), weights }
  const tokens: readonly Row[] = [
    { what: 'forward', network, goal: { _tag: 'forward' }, wanted: named('x') },
    {
      what: 'vjp',
      network,
      goal: { _tag: 'vjp' },
      wanted: (program) => program.outputs.map((o) => o.name).filter((name) => name.startsWith('d('))
    },
    { what: 'step', network, goal: { _tag: 'step', optimiser: adam }, wanted: named('loss') }
  ]
  const polynomial = pipe(
    specialise({ model, weights, ...interval }),
    E.map(
      (s): Row => ({
        what: `polynomial`,
        network: { typed: typed(s.model), weights: s.weights },
        goal: { _tag: 'forward' },
        wanted: named('x')
      })
    )
  )
  return E.isRight(polynomial) ? [...tokens, polynomial.right] : tokens
}

/** First values of what a program is given: weights, fresh optimiser state, the systems, a cotangent, a learning rate. */
const valueOf = (input: ProgramInput, { weights }: Network, systems: Sample): Float64Array => {
  const given: Readonly<Record<string, Float64Array>> = {
    ...weights,
    A: systems.A,
    b: systems.b,
    dx: systems.x,
    target: systems.x,
    rate: Float64Array.of(1e-9)
  }
  const found = given[input.name]
  if (found !== undefined) return found
  return new Float64Array(input.dims.reduce((p, q) => p * q, 1)).fill(input.name.startsWith('power') ? 1 : 0)
}

const valuesOf = (
  inputs: readonly ProgramInput[],
  network: Network,
  systems: Sample
): Readonly<Record<string, Float64Array>> =>
  Object.fromEntries(inputs.map((input) => [input.name, valueOf(input, network, systems)]))

const single = (values: Readonly<Record<string, Float64Array>>): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(values).map(([name, array]) => [name, Float32Array.from(array)]))

const must = <A>(result: E.Either<{ readonly message: string } | string, A>): A => {
  if (E.isLeft(result)) throw new Error(typeof result.left === 'string' ? result.left : result.left.message)
  return result.right
}

/** Bytes that a program keeps between its kernels, if nothing were shared: what decides whether a batch fits. */
const bytes = (plan: Plan): number => plan.buffers.reduce((sum, b) => sum + 4 * b.elements, 0)

/** Memory above which a batch is taken to be too large. */
const mostBytes = 2 ** 31

/** On a backend, in float32; parameters and optimiser state are loaded once and stay there. */
export const onBackend =
  (runtime: Runtime) =>
  async (row: Row, systems: Sample): Promise<Prepared> => {
    const { n, batch } = systems
    const plan = must(planFor(runtime.target, row.goal, row.network.typed, { n, batch }))
    if (bytes(plan) > mostBytes) throw new Error(`needs ${(bytes(plan) / 2 ** 30).toFixed(1)} GiB`)
    const executable = must(await runtime.compile(plan)())
    const values = single(valuesOf(plan.inputs, row.network, systems))
    const ofRole = (data: boolean) =>
      Object.fromEntries(plan.inputs.filter((i) => (i.role === 'data') === data).map((i) => [i.name, values[i.name]!]))
    must(executable.load(ofRole(false)))
    const [data, wanted] = [ofRole(true), row.wanted(plan)]
    return {
      call: async () => {
        must(await executable.run(data, wanted)())
      },
      close: () => executable.dispose()
    }
  }

/** In plain JavaScript, in float64. */
export const onJavaScript = async (row: Row, systems: Sample): Promise<Prepared> => {
  const { n, batch } = systems
  const program = must(toJavaScript(row.goal, row.network.typed, { n, batch }))
  if (8 * program.plan.slots.reduce((p, q) => p + q, 0) > mostBytes) throw new Error('needs too much memory')
  const executable = load64(program)
  const values = valuesOf(program.plan.inputs, row.network, systems)
  return { call: () => void executable.run(values), close: async () => {} }
}
