/**
 * The rungs of a device: its kernels one by one, its programs whole, and the laws that hold on it.
 */
import type { Goal } from '../../codegen/compile'
import type { Equation, Equations, Tensor } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import type { Plan, PlanKernel } from '../../codegen/plan'
import type { Printers } from '../../codegen/printers'
import type { Target } from '../../codegen/schedule'
import { evaluate, interpret, lengthOf } from '../equations/interpret'
import { type Arrays, type Case, inputsOf, nudge } from './case'
import type { Compiler } from './compiler'
import { relative, u32, worstRatio } from './measure'
import { judgedOptimiser, row } from './reference'
import type { Row, RungName } from './rung'

type Singles = Readonly<Record<string, Float32Array>>

/** A compiled program on a device. */
export interface OnDevice {
  /** Every output for the given inputs (parameters, state and data alike). */
  readonly run: (inputs: Singles) => Promise<Singles>
  /** One launch alone. */
  readonly launch: (index: number, inputs: readonly Float32Array[]) => Promise<Float32Array>
  readonly dispose: () => Promise<void>
}

/** What the ladder asks of a backend; a failure is a rejected promise whose message is a sentence. */
export interface Device {
  readonly name: string
  readonly target: Target
  readonly compile: (plan: Plan, printers: Partial<Printers>) => Promise<OnDevice>
}

/** The least normal float32: devices may round what is smaller to zero, and exp stays above it. */
const least = 2 ** -125

/** How far a device's program may stray, in units of what float32 rounding alone does to it. */
const slack = 32

const singles = (arrays: Arrays): Singles =>
  Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, Float32Array.from(a)]))

// --- kernels ---------------------------------------------------------------------------------------------------------

/** A kernel as a program of one equation over its own labels. */
const alone = (k: PlanKernel): { readonly e: Equations; readonly eq: Equation } => {
  const tensors: Record<string, Tensor> = {}
  for (const p of k.parameters) tensors[p.label] = { name: p.label, dims: p.axes, role: 'data' }
  const defines = `${k.name} result`
  tensors[defines] = { name: defines, dims: k.over.map((i) => i.dim), role: 'value' }
  const eq: Equation = { defines, over: k.over, value: k.value, rule: '', part: k.part, path: '', labels: {} }
  return { e: { name: k.name, tensors, equations: [eq], outputs: [defines], updates: [] }, eq }
}

/** The number of terms of the longest sum. */
const longestSum = (value: X.Expr, c: Case): number =>
  Math.max(
    1,
    ...X.sums(value).map((s) =>
      lengthOf(
        s.over.map((i) => i.dim),
        c.sizes
      )
    )
  )

const viewsOf = (plan: Plan, arrays: Record<string, Float64Array>): void => {
  for (const v of plan.views) {
    const length = v.dims.reduce((p, q) => p * q, 1)
    arrays[v.name] = (arrays[v.of] ?? new Float64Array()).subarray(v.offset, v.offset + length)
  }
}

/** Every kernel of a program at its first launch, on the float32 values that reach it. */
const kernelRatios = async (
  c: Case,
  plan: Plan,
  on: OnDevice,
  inputs: Arrays,
  known: Set<string>,
  errors: Target['errors']
): Promise<{ readonly what: string; readonly error: number }> => {
  const arrays: Record<string, Float64Array> = { ...inputs }
  viewsOf(plan, arrays)
  let worst = { what: '', error: 0 }
  for (const [at, launch] of plan.launches.entries()) {
    const k = plan.kernels[launch.kernel] as PlanKernel
    const { e, eq } = alone(k)
    const given = launch.inputs.map((name) => arrays[name] ?? new Float64Array())
    const arguments_ = Object.fromEntries(k.parameters.map((p, i) => [p.label, given[i] as Float64Array]))
    arrays[launch.output] = evaluate(e, eq, c.sizes, arguments_, 'float32')
    const own = JSON.stringify(k)
    if (known.has(own)) continue
    known.add(own)
    const want = evaluate(e, eq, c.sizes, arguments_, 'float64')
    const absolute = evaluate(e, eq, c.sizes, arguments_, 'absolute', errors)
    const got = await on.launch(
      at,
      given.map((a) => Float32Array.from(a))
    )
    // Below the least normal number devices may round to zero.
    const factor = (8 + 1.5 * Math.sqrt(longestSum(k.value, c))) * u32
    const ratio = worstRatio(got, want, (place) => factor * (absolute[place] as number) + least)
    if (ratio > worst.error) worst = { what: k.name, error: ratio }
  }
  return worst
}

// --- whole programs --------------------------------------------------------------------------------------------------

interface Compiled {
  readonly e: Equations
  readonly plan: Plan
  readonly inputs: Arrays
  readonly on: OnDevice
}

const compileOn = async (c: Case, compiler: Compiler, device: Device, goal: Goal): Promise<Compiled> => {
  const e = compiler.optimise(compiler.lower(goal, c.typed))
  const plan = compiler.schedule(device.target, c.sizes, e)
  return { e, plan, inputs: inputsOf(c, e), on: await device.compile(plan, compiler.printers) }
}

/**
 * What float32 rounding does to every output, normwise: the largest of four runs of the equation interpreter with
 * rounding after every operation, three of them on nudged inputs, so that a lucky cancellation in one of them does not
 * pass for accuracy.
 */
const roundingErrors = (c: Case, made: Compiled, want: Arrays): Readonly<Record<string, number>> => {
  const runs = [0, 1, 2, 3].map((run) =>
    interpret(made.e, c.sizes, run === 0 ? made.inputs : nudge(c.key, made.inputs, run, u32), 'float32')
  )
  return Object.fromEntries(
    Object.keys(want).map((what) => [
      what,
      Math.max(u32, ...runs.map((rounded) => relative(rounded[what] ?? [], want[what] ?? [])))
    ])
  )
}

/** Every output, normwise: its error over the error of float32 arithmetic done right. */
const programRow = async (c: Case, rung: RungName, made: Compiled): Promise<Row> => {
  const want = interpret(made.e, c.sizes, made.inputs)
  const floor = roundingErrors(c, made, want)
  const got = await made.on.run(singles(made.inputs))
  const worst = Object.keys(want)
    .map((what) => ({ what, error: relative(got[what] ?? [], want[what] ?? []) / (floor[what] ?? u32) }))
    .reduce((p, q) => (q.error > p.error ? q : p), { what: 'x', error: 0 })
  return row(c, rung, worst, slack)
}

// --- laws ------------------------------------------------------------------------------------------------------------

const places = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k)

/** A rearrangement of every system's numbers that undoes itself. */
type Rearrange = (a: Float64Array) => Float64Array

/**
 * Whether the device commutes with a rearrangement of its data: `x(R A, R b) = R x(A, b)`, both sides near the truth, so
 * that a device that computes nothing does not pass.
 */
const commutes = async (c: Case, rung: RungName, rearrange: Rearrange, made: Compiled): Promise<Row> => {
  const got = await made.on.run(singles({ ...made.inputs, A: rearrange(c.A), b: rearrange(c.b) }))
  const straight = await made.on.run(singles(made.inputs))
  const want = interpret(made.e, c.sizes, made.inputs)['x'] ?? new Float64Array()
  const floor = roundingErrors(c, made, { x: want })['x'] ?? u32
  const back = rearrange(Float64Array.from(got['x'] ?? []))
  const error = Math.max(relative(back, straight['x'] ?? []), relative(back, want)) / floor
  return row(c, rung, { what: 'x', error }, slack)
}

/** The systems of a batch, last first. */
const reversedBatch =
  (batch: number): Rearrange =>
  (a) => {
    const size = a.length / batch
    const out = new Float64Array(a.length)
    for (const s of places(batch)) out.set(a.subarray(s * size, (s + 1) * size), (batch - 1 - s) * size)
    return out
  }

/** Equations and unknowns of every system, last first: `P A P^T` and `P b` with P a reversal. */
const reversedSystems =
  (batch: number): Rearrange =>
  (a) => {
    const size = a.length / batch
    return a.map((_, at) => a[at - (at % size) + size - 1 - (at % size)] as number)
  }

/**
 * Whether permuting a system's equations and unknowns permutes the answer: no weight tells one from another. Free matrices
 * tell the entries of a token apart, learned embeddings and positions the tokens (and fix n); a causal mask comes with matrices.
 */
const isEquivariant = (c: Case): boolean =>
  c.typed.parameters.every((p) => !/\.(matrix|left|right|H)$/.test(p.name)) && c.typed.n === null

// --- all of them -----------------------------------------------------------------------------------------------------

/** Every rung of one case on a device, in order; each row is handed on as it is measured. */
export const climb = async (
  c: Case,
  compiler: Compiler,
  device: Device,
  attempt: (rung: RungName, run: () => Promise<Row>) => Promise<void>
): Promise<void> => {
  const known = new Set<string>()
  let kernels = { what: '', error: 0 }
  const judge = async (rung: RungName, goal: Goal, more: (made: Compiled) => Promise<void> = async () => {}) => {
    let made: Compiled | undefined
    await attempt(rung, async () => {
      made = await compileOn(c, compiler, device, goal)
      return programRow(c, rung, made)
    })
    if (made === undefined) return
    const { plan, inputs, on } = made
    await attempt('kernels', async () => {
      const worst = await kernelRatios(c, plan, on, inputs, known, device.target.errors)
      if (worst.error > kernels.error) kernels = worst
      return row(c, 'kernels', worst, 1)
    })
    await more(made)
    await on.dispose()
  }
  await judge('forward', { _tag: 'forward' }, async (made) => {
    if (c.batch > 1) await attempt('batchOrder', () => commutes(c, 'batchOrder', reversedBatch(c.batch), made))
    if (isEquivariant(c) && c.n > 1)
      await attempt('equivariance', () => commutes(c, 'equivariance', reversedSystems(c.batch), made))
  })
  await judge('vjp', { _tag: 'vjp' })
  await judge('update', { _tag: 'update', optimiser: judgedOptimiser })
  await judge('step', { _tag: 'step', optimiser: judgedOptimiser })
}
