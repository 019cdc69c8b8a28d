/**
 * The gpu.js target: one function a kernel, float32, up to three axes. Arrays of more axes keep the first and the last and
 * merge those between, which the kernel takes apart once, at its head.
 */
import * as Dim from '../../spec/dim'
import { showEquation } from '../formula'
import type { Plan, PlanKernel } from '../plan'
import type { Program, ProgramKernel } from '../program'
import { valueOf } from '../schedules/affine'
import { type Dialect, javascriptWords, type Words } from './dialect'
import { branches, emit, hasLoop } from './emit'
import { type GpujsSchedule, type KernelSchedule, scheduleGpujs, unrollOf } from './gpujs-schedule'
import { float32Functions } from './special'

export { gpujs, gpujsWebasm, gpujsWebgpu } from './gpujs-schedule'

// --- sizes as constants ----------------------------------------------------------------------------------------------

const word = (d: Dim.Dim): string =>
  Dim.show(d).replace(/\+/g, '_plus_').replace(/-/g, '_minus_').replace(/\*/g, '_').replace(/\^/g, '_to_')

/** A size is a literal, or a constant of the kernel: `n`, `tokens` (n + 1), `batch`, `size_4n_plus_1`. */
const constantName = (d: Dim.Dim): string => {
  if (Dim.equals(d, Dim.n)) return 'n'
  if (Dim.equals(d, Dim.batch)) return 'batch'
  return Dim.equals(d, Dim.add(Dim.n, 1)) ? 'tokens' : `size_${word(d)}`
}

// --- axes ------------------------------------------------------------------------------------------------------------

/** Sizes as gpu.js has them: at most three, those in the middle merged; a single number is an array of one. */
export const packed = (dims: readonly number[]): readonly number[] => {
  if (dims.length === 0) return [1]
  if (dims.length <= 3) return dims
  const middle = dims.slice(1, -1).reduce((p, q) => p * q, 1)
  return [dims[0] as number, middle, dims[dims.length - 1] as number]
}

const wrap = (text: string): string => (/^\w+$/.test(text) ? text : `(${text})`)

/** `(h * blocks + m) * tokens + i`: several axes as one. */
const merged = (at: readonly string[], sizes: readonly string[]): string =>
  at.reduce(
    (before, own, k) =>
      k === 0 || before === '0' ? own : `${wrap(before)} * ${sizes[k]}${own === '0' ? '' : ` + ${own}`}`,
    ''
  )

const threads = ['x', 'y', 'z']

/** The lines that give every output index its variable. */
const indexLines = (k: PlanKernel, size: (d: Dim.Dim) => string): readonly string[] => {
  const { over } = k
  const thread = (axis: number, rank: number): string => `this.thread.${threads[rank - 1 - axis]}`
  if (over.length <= 3) return over.map((i, axis) => `  const ${i.name} = ${thread(axis, over.length)};`)
  const [first, ...rest] = over
  const last = rest[rest.length - 1]
  const middle = rest.slice(0, -1)
  const lines = [`  const ${first?.name} = this.thread.z;`]
  let left = 'this.thread.y'
  for (let at = middle.length - 1; at >= 1; at--) {
    const [own, by] = [middle[at]?.name, size((middle[at] as (typeof over)[number]).dim)]
    const up = at === 1 ? middle[0]?.name : `above_${own}`
    // The half keeps a quotient that rounds down a little from falling to the next whole number.
    lines.push(`  const ${up} = Math.floor((${left} + 0.5) / ${by});`, `  const ${own} = ${left} - ${up} * ${by};`)
    left = up ?? ''
  }
  return [...lines, `  const ${last?.name} = this.thread.x;`]
}

// --- kernels ---------------------------------------------------------------------------------------------------------

/** Every gpu.js backend has this number: masks and maxima need no infinity. */
const words: Words = { ...javascriptWords, lowest: -1e30 }

const functions = float32Functions(words)

const printKernel = (k: PlanKernel, plan: Plan, own: KernelSchedule): ProgramKernel => {
  const constants: Record<string, number> = {}
  const valueAt = valueOf(plan.sizes)
  const size = (d: Dim.Dim): string => {
    const literal = Dim.asConstant(d)
    if (literal !== undefined) return String(literal)
    const name = constantName(d)
    constants[name] = valueAt(d)
    return `this.constants.${name}`
  }
  const axesOf = new Map(k.parameters.map((p) => [p.label, p.axes]))
  const unroll = unrollOf(own, plan)
  const dialect: Dialect = {
    words,
    functions,
    size,
    ...(unroll === undefined ? {} : { unroll }),
    quotient: (over, by) => `Math.floor((${over} + 0.5) / ${by})`,
    read: (label, at) => {
      if (at.length === 0) return `${label}[0]`
      if (at.length <= 3) return `${label}${at.map((p) => `[${p}]`).join('')}`
      const axes = (axesOf.get(label) ?? []).slice(1, -1).map(size)
      return `${label}[${at[0]}][${merged(at.slice(1, -1), axes)}][${at[at.length - 1]}]`
    }
  }
  const labels = k.parameters.map((p) => p.label)
  const scope = new Map(k.over.map((i) => [i.name, i.name]))
  const { lines, result } = emit(k.value, scope, labels, dialect, '  ')
  const body =
    hasLoop(k.value) || k.value._tag !== 'where'
      ? [...lines, `  return ${result};`]
      : branches(k.value, scope, labels, dialect)
  const source = [
    `function ${k.name}(${labels.join(', ')}) {`,
    `  // ${showEquation(k.label, k.over, k.value, (name) => name)}`,
    ...indexLines(k, size),
    ...body,
    '}'
  ].join('\n')
  return {
    name: k.name,
    source,
    parameters: k.parameters.map((p) => ({ name: p.label, dims: packed(p.axes.map(valueAt)) })),
    output: packed(k.over.map((i) => valueAt(i.dim))),
    constants
  }
}

/** Print a plan: kernel texts, and the launch table as it is. */
export const print = (plan: Plan, schedule: GpujsSchedule = scheduleGpujs(plan)): Program => ({
  name: plan.name,
  inputs: plan.inputs,
  views: plan.views,
  kernels: plan.kernels.map((k, at) => printKernel(k, plan, schedule[at] as KernelSchedule)),
  launches: plan.launches,
  outputs: plan.outputs,
  updates: plan.updates
})
