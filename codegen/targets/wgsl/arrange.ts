/** Where the arrays of a fused group lie, how many instances a workgroup takes, and where barriers stand. */

import * as X from '../../expr'
import type { Plan } from '../../plan'
import { valueOf } from '../../schedules/affine'
import { allot, type Life } from '../../slots'
import { type Fused, isOwn, kernelAt, sharesSum, type Uses } from './group'
import type { Limits } from './program'
import { extentsOf, product } from './text'

interface NamedLife extends Life {
  readonly name: string
}

const usualWidth = 64

/** Invocations for instances of this size: a power of two between 64 and 256, no more than there is work for. */
const widthFor = (size: number): number => usualWidth * (size >= 4 * usualWidth ? 4 : size >= 2 * usualWidth ? 2 : 1)

// --- sizes -----------------------------------------------------------------------------------------------------------

/** An instance's part of an array in workgroup memory: rows of odd length, so that a column's numbers lie in all banks. */
export const padded = (own: readonly number[]): readonly number[] =>
  own.length < 2 ? own : own.map((size, axis) => (axis === own.length - 1 ? size | 1 : size))

const ownDims = (plan: Plan, at: number, depth: number): readonly number[] =>
  extentsOf(plan, kernelAt(plan, at).over.slice(depth))

/** Sizes of one instance's part of an array that the group reads or writes. */
export const ownDimsOf = (plan: Plan, first: number, last: number, depth: number, name: string): readonly number[] => {
  for (let at = first; at <= last; at++) {
    const launch = plan.launches[at] as Plan['launches'][number]
    if (launch.output === name) return ownDims(plan, at, depth)
    const parameter = kernelAt(plan, at).parameters[launch.inputs.indexOf(name)]
    if (parameter !== undefined) return parameter.axes.slice(depth).map(valueOf(plan.sizes))
  }
  throw new Error(`internal: no launch from ${first} to ${last} knows ${name}`)
}

/** Terms that one element of a launch is computed from. */
const terms = (plan: Plan, e: X.Expr): number => {
  const inner = X.parts(e).reduce((total, p) => total + terms(plan, p), e._tag === 'read' ? 1 : 0)
  return X.isReduction(e) ? product(extentsOf(plan, e.over)) * inner : inner
}

/** Whether an instance reads its part of an array several times over. */
const isReread = (plan: Plan, first: number, last: number, depth: number, name: string): boolean => {
  let traffic = 0
  for (let at = first; at <= last; at++) {
    if (!(plan.launches[at]?.inputs ?? []).includes(name)) continue
    traffic += product(ownDims(plan, at, depth)) * terms(plan, kernelAt(plan, at).value)
  }
  return traffic >= 8 * product(ownDimsOf(plan, first, last, depth, name))
}

// --- slots -----------------------------------------------------------------------------------------------------------

/** Every array that the group writes and reads, and how long. */
const livesOf = (plan: Plan, first: number, last: number, depth: number): readonly NamedLife[] => {
  const lasts = new Map<string, number>()
  for (let at = first; at <= last; at++) for (const name of plan.launches[at]?.inputs ?? []) lasts.set(name, at)
  return plan.launches.slice(first, last + 1).flatMap(({ output }, k) => {
    const end = lasts.get(output)
    const elements = product(padded(ownDims(plan, first + k, depth)))
    return end === undefined ? [] : [{ name: output, elements, first: first + k, last: end }]
  })
}

const total = (sizes: readonly number[]): number => sizes.reduce((p, q) => p + q, 0)

// --- barriers --------------------------------------------------------------------------------------------------------

/** A barrier stands before a launch that reads what was written, or writes over what was read or written, since the last. */
const barriersOf = (plan: Plan, fused: Omit<Fused, 'barriers'>): readonly number[] => {
  const slotOf = new Map(fused.local.map(({ name, slot }) => [name, slot]))
  const place = (name: string): string | number => slotOf.get(name) ?? name
  const barriers: number[] = []
  let written = new Set<string | number>(fused.copies)
  let touched = new Set<string | number>()
  for (let at = fused.first; at <= fused.last; at++) {
    const { inputs, output } = plan.launches[at] as Plan['launches'][number]
    const [reads, target] = [inputs.map(place), place(output)]
    if (reads.some((r) => written.has(r)) || written.has(target) || touched.has(target)) {
      barriers.push(at)
      written = new Set()
      touched = new Set()
    }
    for (const r of reads) touched.add(r)
    written.add(target)
  }
  return barriers
}

// --- the arrangement -------------------------------------------------------------------------------------------------

/** Storage buffers that a group binds: parameters and state count as one where they would be too many. */
export const bindings = (
  plan: Plan,
  uses: Uses,
  first: number,
  last: number
): { readonly each: number; readonly fewest: number } => {
  const launches = plan.launches.slice(first, last + 1)
  const made = new Set(launches.map((l) => l.output))
  const inputs = [...new Set(launches.flatMap((l) => l.inputs))].filter((name) => !made.has(name))
  const stored = [...made].filter((name) => uses.isReadAfter(last, name)).length
  const single = inputs.filter((name) => !uses.isKept(name)).length
  return { each: inputs.length + stored, fewest: Math.min(single + 1, inputs.length) + stored }
}

/**
 * Launches `first` to `last` as one dispatch, with as many instances a workgroup as fill it and fit its memory; null
 * where one instance does not fit.
 */
export const arrange = (
  plan: Plan,
  uses: Uses,
  first: number,
  last: number,
  depth: number,
  limits: Limits
): Fused | null => {
  if (bindings(plan, uses, first, last).fewest > limits.storageBuffers) return null
  const launches = plan.launches.slice(first, last + 1)
  const places = launches.map((_, k) => first + k)
  const instances = product(extentsOf(plan, kernelAt(plan, first).over.slice(0, depth)))
  const widest = Math.max(...places.map((at) => product(ownDims(plan, at, depth))))
  const together = places.filter((at) => sharesSum(plan, at, depth))
  const width = Math.min(limits.invocations, widthFor(together.length > 0 && widest === 1 ? 4 * usualWidth : widest))
  const room = limits.workgroupBytes / 4 - (together.length > 0 ? width : 0)
  const lives = livesOf(plan, first, last, depth)
  const { of, elements: slots } = allot(lives)
  const local = lives.map(({ name }, k) => ({ name, slot: of[k] as number }))
  const each = total(slots)
  if (each > room) return null
  const fills = together.length > 0 ? Math.floor(width / usualWidth) : Math.floor(width / Math.min(widest, width))
  const per = Math.max(1, Math.min(fills, instances, each === 0 ? fills : Math.floor(room / each)))
  const made = new Set(launches.map((l) => l.output))
  const copies: string[] = []
  let left = room - per * each
  for (const name of new Set(launches.flatMap((l) => l.inputs))) {
    if (made.has(name) || !isOwn(plan, first, last, depth, name)) continue
    const size = per * product(padded(ownDimsOf(plan, first, last, depth, name)))
    if (size > left || !isReread(plan, first, last, depth, name)) continue
    copies.push(name)
    left -= size
  }
  const fused = { _tag: 'fused' as const, first, last, depth, per, width, local, slots, copies, together }
  return { ...fused, barriers: barriersOf(plan, fused) }
}
