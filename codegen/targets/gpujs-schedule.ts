/**
 * The gpu.js schedule: what gpu.js's backends want done differently. Axis order is part of the plan already (it is a choice
 * for the whole program); how sums are written is chosen here, kernel by kernel.
 */
import * as X from '../expr'
import type { Plan, PlanKernel } from '../plan'
import type { Target } from '../schedule'
import { valueOf } from '../schedules/affine'
import { float32Errors } from './special'
import { type Unroll, unrolled } from './unroll'

// --- targets ---------------------------------------------------------------------------------------------------------

/** Plain JavaScript and OpenGL: axes as written, every sum a loop. */
export const gpujs: Target = { name: 'gpujs', mostArrays: 7, errors: float32Errors }

/** WebAssembly: four neighbouring threads are the lanes of a vector. */
export const gpujsWebasm: Target = { ...gpujs, name: 'gpujs-webasm', ordersAxes: true, strips: true }

/** WebGPU: neighbouring threads read together. */
export const gpujsWebgpu: Target = { ...gpujs, name: 'gpujs-webgpu', ordersAxes: true }

export const gpujsTargets: readonly Target[] = [gpujs, gpujsWebasm, gpujsWebgpu]

// --- model -----------------------------------------------------------------------------------------------------------

/** Every turn in a loop; or up to `terms` turns in one statement, and longer sums by steps of `step`. */
export type Sums =
  | { readonly _tag: 'loops' }
  | { readonly _tag: 'unrolled'; readonly terms: number; readonly step: number }

export interface KernelSchedule {
  /** The index that neighbouring threads run along, the output's last; null for a single number. */
  readonly along: string | null
  readonly sums: Sums
}

/** One for every kernel of the plan. */
export type GpujsSchedule = readonly KernelSchedule[]

/** What may be asked of a schedule, for experiments. */
export interface GpujsWishes {
  readonly sums?: Sums
}

const loops: Sums = { _tag: 'loops' }

/** More terms in a statement are more than V8 keeps in registers; see Note [Why sums are written out]. */
const written: Sums = { _tag: 'unrolled', terms: 24, step: 8 }

export const scheduleGpujs = (plan: Plan, wishes: GpujsWishes = {}): GpujsSchedule =>
  plan.kernels.map((k) => ({
    along: k.over.at(-1)?.name ?? null,
    sums: wishes.sums ?? (plan.target === gpujsWebasm.name ? written : loops)
  }))

/** What the printer does with it. */
export const unrollOf = ({ sums }: KernelSchedule, plan: Plan): Unroll | undefined =>
  sums._tag === 'loops' ? undefined : { terms: sums.terms, step: sums.step, extent: valueOf(plan.sizes) }

// --- for the eye -----------------------------------------------------------------------------------------------------

const showSum = (sum: X.Reduction, unroll: Unroll | undefined): string => {
  const how = sum._tag === 'sum' ? unrolled(sum, unroll) : null
  const names = (all: readonly { readonly name: string }[]): string => all.map((i) => i.name).join(',')
  if (how === null) return `loop ${names(sum.over)}`
  const inside = sum.over.filter((i) => !how.outer.includes(i))
  const outer = how.outer.length === 0 ? '' : `loop ${names(how.outer)}, `
  const rest = how.statements.reduce((total, turns) => total + turns.length, 0)
  if (how.stepped === null) return `${outer}write ${names(inside)} (${rest} turns)`
  return `${outer}${how.stepped.index} by ${how.stepped.by} to ${how.stepped.to}${rest === 0 ? '' : `, write ${rest}`}`
}

/** The kernel's threads and sums: `along s; loop m, write c (9 turns)`. */
export const showKernelSchedule = (k: PlanKernel, own: KernelSchedule, plan: Plan): string => {
  const sums = X.reductions(k.value).map((sum) => showSum(sum, unrollOf(own, plan)))
  return [...(own.along === null ? ['one thread'] : [`along ${own.along}`]), ...sums].join('; ')
}

/*
Note [Why sums are written out]
~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
A turn of a loop in gpu.js's WebAssembly computes the address of every read anew. Written out, all reads of an array in a
statement share one address and state their distance from it, and the loop's own work is gone: batched products of 9 x 9
matrices run twice as fast. It holds for the patched generator; without the patch, statements are no slower than loops.
*/
