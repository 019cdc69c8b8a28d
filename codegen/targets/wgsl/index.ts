/**
 * The WGSL target: compute shaders from a plan. Kernels whose texts are equal are one; arrays that no dispatch hands to
 * another have no buffer at all.
 */
import type { Plan } from '../../plan'
import type { Target } from '../../schedule'
import { allot } from '../../slots'
import { float32Errors } from '../special'
import { arrange } from './arrange'
import { elementsGroups, printElements } from './elements'
import { type PrintedGroup, printFused } from './fused'
import { kernelAt, usesOf } from './group'
import type { Bound, Leaf, Limits, WgslDispatch, WgslKernel, WgslProgram } from './program'
import { guaranteed } from './program'
import { type Schedule, type Step, scheduleWgsl, type Wishes } from './schedule'
import { groupsOf, product } from './text'
import { printTiled } from './tiled'

export const wgsl: Target = { name: 'wgsl', mostArrays: 7, errors: float32Errors }

// --- memory ----------------------------------------------------------------------------------------------------------

/** Numbers to which a place is rounded up that a kernel binds: 256 bytes (WebGPU, `minStorageBufferOffsetAlignment`). */
const alignment = 64

const align = (at: number): number => Math.ceil(at / alignment) * alignment

/** Where inputs and views lie: every input whole; a view by itself where its place in the input cannot be bound. */
const leavesOf = (plan: Plan): Pick<WgslProgram, 'leaves' | 'keptSize' | 'dataSize'> => {
  const leaves: Leaf[] = []
  const end = { kept: 0, data: 0 }
  const put = (name: string, input: string, kept: boolean, from: number, size: number): void => {
    const side = kept ? 'kept' : 'data'
    leaves.push({ name, input, kept, from, at: end[side], size, apart: true })
    end[side] = align(end[side] + size)
  }
  for (const i of plan.inputs) put(i.name, i.name, i.role !== 'data', 0, product(i.dims))
  for (const v of plan.views) {
    const whole = leaves.find((l) => l.name === v.of)
    if (whole === undefined) throw new Error(`internal: view ${v.name} is of ${v.of}, which is no input`)
    const size = product(v.dims)
    if (v.offset % alignment !== 0) put(v.name, v.of, whole.kept, v.offset, size)
    else leaves.push({ ...whole, name: v.name, from: v.offset, at: whole.at + v.offset, size, apart: false })
  }
  return { leaves, keptSize: end.kept, dataSize: end.data }
}

/** Buffers by lifetime, counted in dispatches: one that a dispatch reads is never one that it writes. */
const buffersOf = (plan: Plan, dispatches: readonly WgslDispatch[]): Pick<WgslProgram, 'buffers' | 'slots'> => {
  const elements = new Map(plan.buffers.map((b) => [b.name, b.elements]))
  const outputs = new Set([...plan.outputs.map((o) => o.name), ...plan.updates.map((u) => u.output)])
  const lives = new Map<string, { first: number; last: number }>()
  for (const [at, d] of dispatches.entries()) {
    for (const b of d.bound) {
      if (b._tag !== 'array' || !elements.has(b.name)) continue
      const last = outputs.has(b.name) ? dispatches.length : at
      lives.set(b.name, { first: lives.get(b.name)?.first ?? at, last })
    }
  }
  const ordered = [...lives]
    .map(([name, life]) => ({ name, elements: elements.get(name) ?? 0, ...life }))
    .sort((p, q) => p.first - q.first)
  const slots = allot(ordered)
  const buffers = ordered.map(({ name, elements }, k) => ({ name, elements, slot: slots.of[k] as number }))
  return { buffers, slots: slots.elements }
}

// --- printing --------------------------------------------------------------------------------------------------------

const launchArrays = (plan: Plan, at: number): readonly Bound[] => {
  const launch = plan.launches[at] as Plan['launches'][number]
  return [...launch.inputs, launch.output].map((name) => ({ _tag: 'array', name }))
}

const printStep = (plan: Plan, step: Step, leaves: readonly Leaf[], limits: Limits, alone: boolean): PrintedGroup => {
  switch (step._tag) {
    case 'elements': {
      const k = kernelAt(plan, step.launch)
      const kernel = printElements(plan, k, limits.groups)
      return { kernel, bound: launchArrays(plan, step.launch), groups: elementsGroups(plan, k) }
    }
    case 'tiled':
      return printTiled(plan, step, limits.groups)
    case 'fused':
      return printFused(plan, step, leaves, limits, alone)
  }
}

const rangeOf = (step: Step): readonly [number, number] =>
  step._tag === 'fused' ? [step.first, step.last] : [step.launch, step._tag === 'tiled' ? step.last : step.launch]

/** A plan and the way to compute it as texts and dispatches. */
export const printSchedule = (plan: Plan, schedule: Schedule, limits: Limits = guaranteed): WgslProgram => {
  const { leaves, keptSize, dataSize } = leavesOf(plan)
  const kernels: WgslKernel[] = []
  const byText = new Map<string, number>()
  const dispatches = schedule.map((step): WgslDispatch => {
    const { kernel, bound, groups } = printStep(plan, step, leaves, limits, false)
    const known = byText.get(kernel.source) ?? kernels.length
    if (known === kernels.length) {
      kernels.push(kernel)
      byText.set(kernel.source, known)
    }
    return { kernel: known, launches: rangeOf(step), bound, groups: groupsOf(groups, limits.groups) }
  })
  return { plan, limits, kernels, dispatches, leaves, keptSize, dataSize, ...buffersOf(plan, dispatches) }
}

export const print = (plan: Plan, limits: Limits = guaranteed, wishes: Wishes = {}): WgslProgram =>
  printSchedule(plan, scheduleWgsl(plan, limits, wishes), limits)

const aloneStep = (plan: Plan, step: Step, at: number, limits: Limits): Step | null => {
  if (step._tag === 'fused') return arrange(plan, usesOf(plan), at, at, step.depth, limits)
  if (step._tag === 'elements') return step
  return step.launch === at ? { ...step, last: at } : null
}

/** One launch alone, computed as the schedule computes it, but with its arrays in storage. */
export const printLaunch = (
  plan: Plan,
  schedule: Schedule,
  at: number,
  limits: Limits = guaranteed
): { readonly kernel: WgslKernel; readonly groups: readonly [number, number]; readonly inputs: readonly string[] } => {
  const step = schedule.find((s) => rangeOf(s)[0] <= at && at <= rangeOf(s)[1])
  if (step === undefined) throw new Error(`internal: no step computes launch ${at}`)
  const own = aloneStep(plan, step, at, limits)
  const { kernel, bound, groups } = printStep(plan, own ?? { _tag: 'elements', launch: at }, [], limits, true)
  const inputs = bound.flatMap((b) => (b._tag === 'array' && b.name !== plan.launches[at]?.output ? [b.name] : []))
  return { kernel, groups: groupsOf(groups, limits.groups), inputs }
}
