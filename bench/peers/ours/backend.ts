/** What Ansatz does on any of its backends: plans made for the backend's target, parameters and state resident. */
import { byHand } from '../../../codegen/by-hand'
import { type Goal, plan as planFor } from '../../../codegen/compile'
import type { Equations } from '../../../codegen/equation'
import * as X from '../../../codegen/expr'
import { adam as adamOptimiser } from '../../../codegen/rules/optimiser'
import { schedule } from '../../../codegen/schedule'
import type { Arrays, Executable, Runtime } from '../../../runtime/backends/runtime'
import * as Infer from '../../../spec/infer'
import { algebraformer } from '../../../spec/zoo/algebraformer'
import type { Job, Method, Ready } from '../contestant'
import { adam, dimensions, type Shape } from '../reference/transformer'
import { operand, size } from '../serve'
import { network, rate } from '../workloads/block'
import { elements, fresh } from '../workloads/numbers'
import { block, must } from './network'

const ready = (executable: Executable, data: Arrays, output: string): Ready => {
  const call = async (): Promise<Float32Array> => must(await executable.run(data, [output])())[output]!
  return { call, answer: call, close: () => executable.dispose() }
}

const single = (weights: Readonly<Record<string, Float64Array>>): Arrays =>
  Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, Float32Array.from(values)]))

// --- contraction -----------------------------------------------------------------------------------------------------

/** `C[i,j] = sum_c A[i,c] B[c,j]`, B a parameter. */
const product = (m: number, k: number, n: number): Equations => {
  const [i, j, c] = [X.index('i', m), X.index('j', n), X.index('c', k)]
  const [A, B] = [X.tensor('A'), X.tensor('B')]
  return byHand({
    name: 'contraction',
    inputs: [
      { name: 'A', role: 'data', dims: [m, k] },
      { name: 'B', role: 'parameter', dims: [k, n] }
    ],
    equations: [{ defines: 'C', over: [i, j], value: X.sum([c], A(i, c), B(c, j)) }],
    outputs: ['C']
  })
}

const multiplier = async (runtime: Runtime, job: Job): Promise<Executable> => {
  const equations = product(size(job, 'm'), size(job, 'k'), size(job, 'n'))
  const plan = must(schedule(runtime.target, { n: 1, batch: 1 })(equations))
  return must(await runtime.compile(plan)())
}

const contraction = (runtime: Runtime) => async (job: Job) => {
  const executable = await multiplier(runtime, job)
  must(executable.load({ B: operand(job, 'B') }))
  return ready(executable, { A: operand(job, 'A') }, 'C')
}

/** Both operands and the answer stay where they are; for backends that run a program whatever is wanted of it. */
const residentContraction = (runtime: Runtime) => async (job: Job) => {
  const executable = await multiplier(runtime, job)
  must(executable.load({ A: operand(job, 'A'), B: operand(job, 'B') }))
  const { answer, close } = ready(executable, {}, 'C')
  return { call: async () => must(await executable.run({}, [])()), answer, close }
}

// --- systems ---------------------------------------------------------------------------------------------------------

const systems = (runtime: Runtime) => async (job: Job) => {
  const { model, weights } = await block()
  const sizes = { n: size(job, 'n'), batch: size(job, 'batch') }
  const plan = must(planFor(runtime.target, { _tag: 'forward' }, must(Infer.infer(model)), sizes))
  const executable = must(await runtime.compile(plan)())
  must(executable.load(single(weights)))
  return ready(executable, { A: operand(job, 'A'), b: operand(job, 'b') }, 'x')
}

// --- networks, forward and trained -------------------------------------------------------------------------------------

interface Network {
  readonly typed: Infer.Typed
  readonly weights: Arrays
  readonly sizes: { readonly n: number; readonly batch: number }
}

type NetworkOf = (job: Job) => Promise<Network>

const blockOf: NetworkOf = async (job) => ({
  ...(await network()),
  sizes: { n: size(job, 'n'), batch: size(job, 'batch') }
})

const typedOf = ({ tokens, width, heads, hidden, blocks }: Shape): Infer.Typed =>
  must(Infer.infer(algebraformer({ n: tokens, width, heads, hidden, blocks, gelu: 'tanh' })))

const transposed = (W: Float32Array, [rows, columns]: readonly number[]): Float32Array => {
  const T = new Float32Array(W.length)
  for (let i = 0; i < rows!; i++) for (let j = 0; j < columns!; j++) T[j * rows! + i] = W[i * columns! + j]!
  return T
}

/** The benchmark's weights under our names: both stand in the order of use, and our matrices are [out, in]. */
const weightsOf = (job: Job, typed: Infer.Typed): Arrays => {
  const given = Object.entries(dimensions(job.sizes as unknown as Shape))
  if (given.length !== typed.parameters.length) throw new Error('internal: another number of weights')
  return Object.fromEntries(
    typed.parameters.map(({ name: ours }, k) => {
      const [name, dims] = given[k]!
      const values = operand(job, name)
      return [ours, name.endsWith('.W') ? transposed(values, dims) : values]
    })
  )
}

const transformerOf: NetworkOf = async (job) => {
  const shape = job.sizes as unknown as Shape
  const typed = typedOf(shape)
  return { typed, weights: weightsOf(job, typed), sizes: { n: shape.tokens, batch: shape.batch } }
}

/** The compiled network with its weights and, where it is trained, a fresh optimiser's state. */
const program = async (runtime: Runtime, goal: Goal, { typed, weights, sizes }: Network): Promise<Executable> => {
  const plan = must(planFor(runtime.target, goal, typed, sizes))
  const executable = must(await runtime.compile(plan)())
  const state = plan.inputs
    .filter(({ role }) => role === 'state')
    .map(({ name, dims }) => [name, fresh(name, elements(dims))])
  must(executable.load({ ...weights, ...Object.fromEntries(state) }))
  return executable
}

const forward = (of: NetworkOf) => (runtime: Runtime) => async (job: Job) => {
  const executable = await program(runtime, { _tag: 'forward' }, await of(job))
  return ready(executable, { A: operand(job, 'A'), b: operand(job, 'b') }, 'x')
}

/** Steps with Adam, whose answer is the losses before the first three. */
const training =
  (of: NetworkOf, { rate, ...constants }: typeof adam) =>
  (runtime: Runtime) =>
  async (job: Job): Promise<Ready> => {
    const optimiser = { ...adamOptimiser, ...constants }
    const executable = await program(runtime, { _tag: 'step', optimiser }, await of(job))
    const data = {
      A: operand(job, 'A'),
      b: operand(job, 'b'),
      target: operand(job, 'target'),
      rate: Float32Array.of(rate)
    }
    const call = async (): Promise<number> => must(await executable.run(data, ['loss'])())['loss']![0]!
    return {
      call,
      answer: async () => Float32Array.of(await call(), await call(), await call()),
      close: () => executable.dispose()
    }
  }

export const resident = (runtime: Runtime): Method => ({
  workload: 'contraction',
  name: 'resident',
  gives: 'C',
  prepare: residentContraction(runtime)
})

export const methods = (runtime: Runtime): readonly Method[] => [
  { workload: 'contraction', name: 'in and out', gives: 'C', prepare: contraction(runtime) },
  { workload: 'systems', name: 'BLOCK', gives: 'x', prepare: systems(runtime) },
  { workload: 'block', name: 'forward', gives: 'x', prepare: forward(blockOf)(runtime) },
  {
    workload: 'block',
    name: 'step',
    gives: 'losses',
    prepare: training(blockOf, { ...adamOptimiser, rate })(runtime)
  },
  { workload: 'transformer', name: 'forward', gives: 'x', prepare: forward(transformerOf)(runtime) },
  { workload: 'training', name: 'forward', gives: 'x', prepare: forward(transformerOf)(runtime) },
  { workload: 'training', name: 'step', gives: 'losses', prepare: training(transformerOf, adam)(runtime) }
]
