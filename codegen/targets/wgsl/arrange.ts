/** Where the arrays of a fused group lie, how many instances a workgroup takes, and where barriers stand. */
import type { Plan } from '../../plan'
import { type Fused, isOwn, kernelAt, sharesSum } from './group'
import type { Limits } from './program'
import { extentsOf, product } from './text'

interface Life {
  readonly name: string
  readonly size: number
  /** The launches that write it first and read it last. */
  readonly first: number
  readonly last: number
}

const usualWidth = 64

/** Numbers of one instance's part of what a launch writes. */
export const ownSize = (plan: Plan, at: number, depth: number): number =>
  product(extentsOf(plan, kernelAt(plan, at).over.slice(depth)))

/** Every array that the group writes, and how long it is read inside. */
const livesOf = (plan: Plan, first: number, last: number, depth: number): readonly Life[] => {
  const lasts = new Map<string, number>()
  for (let at = first; at <= last; at++) for (const name of plan.launches[at]?.inputs ?? []) lasts.set(name, at)
  return plan.launches.slice(first, last + 1).map(({ output }, k) => ({
    name: output,
    size: ownSize(plan, first + k, depth),
    first: first + k,
    last: lasts.get(output) ?? first + k
  }))
}

/** Slots by lifetime, the first that is free and large enough, else the largest free one, grown. */
const allot = (lives: readonly Life[]): Pick<Fused, 'local' | 'slots'> => {
  const slots: { size: number; freeFrom: number }[] = []
  const local = lives.map(({ name, size, first, last }) => {
    const free = slots.map((_, k) => k).filter((k) => (slots[k]?.freeFrom ?? 0) < first)
    const room = (k: number): number => slots[k]?.size ?? 0
    const fits = free.filter((k) => room(k) >= size).sort((p, q) => room(p) - room(q))
    const slot = fits[0] ?? free.sort((p, q) => room(q) - room(p))[0] ?? slots.length
    slots[slot] = { size: Math.max(size, room(slot)), freeFrom: last }
    return { name, slot }
  })
  return { local, slots: slots.map((s) => s.size) }
}

const total = (slots: readonly number[]): number => slots.reduce((p, q) => p + q, 0)

/** A barrier stands before a launch that reads what was written, or writes over what was read or written, since the last. */
const barriersOf = (plan: Plan, fused: Omit<Fused, 'barriers'>): readonly number[] => {
  const slotOf = new Map(fused.local.map(({ name, slot }) => [name, slot]))
  const copied = new Set(fused.copies)
  const barriers: number[] = []
  // Sums that invocations share end in a barrier of their own, which their one number still needs after it.
  let written = new Set<string | number>(fused.copies)
  let touched = new Set<string | number>()
  for (let at = fused.first; at <= fused.last; at++) {
    const { inputs, output } = plan.launches[at] as Plan['launches'][number]
    const place = (name: string): string | number => slotOf.get(name) ?? name
    const reads = inputs.map((name) => (copied.has(name) ? name : place(name)))
    const target = place(output)
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

/** The arrangement of launches `first` to `last`: as many instances a workgroup as fill it and fit its memory. */
export const arrange = (plan: Plan, first: number, last: number, depth: number, limits: Limits): Fused => {
  const shared = extentsOf(plan, kernelAt(plan, first).over.slice(0, depth))
  const instances = product(shared)
  const launches = plan.launches.slice(first, last + 1)
  const lives = livesOf(plan, first, last, depth)
  const widest = Math.max(...lives.map((l) => l.size))
  const together = launches.map((_, k) => first + k).filter((at) => sharesSum(plan, at, depth))
  const room = limits.workgroupBytes / 4
  const longest = Math.max(widest, together.length > 0 ? 4 * usualWidth : 1)
  const width = Math.min(limits.invocations, longest >= 4 * usualWidth ? 4 * usualWidth : usualWidth)
  const partials = together.length > 0 ? width : 0
  // An array that nothing reads inside the group needs no workgroup memory.
  const read = new Set(launches.flatMap((l) => l.inputs))
  let kept = lives.filter((l) => read.has(l.name))
  while (kept.length > 0 && total(allot(kept).slots) > room - partials) {
    const largest = kept.reduce((p, q) => (q.size > p.size ? q : p))
    kept = kept.filter((l) => l !== largest)
  }
  const { local, slots } = allot(kept)
  const each = total(slots)
  const sums = together.length > 0 ? Math.max(1, Math.floor(width / usualWidth)) : Number.POSITIVE_INFINITY
  const wanted = Math.max(1, Math.min(Math.floor(width / Math.min(widest, width)), instances, sums))
  const per = Math.max(1, Math.min(wanted, each === 0 ? wanted : Math.floor((room - partials) / each)))
  // Inputs that every instance reads for itself, several times, while there is room.
  const copies: string[] = []
  let left = room - partials - per * each
  const made = new Set(launches.map((l) => l.output))
  for (const name of new Set(launches.flatMap((l) => l.inputs))) {
    const size = ownInput(plan, first, last, depth, name)
    if (made.has(name) || size === null || per * size > left || !isOwn(plan, first, last, depth, name)) continue
    if (!isReread(plan, first, last, depth, name, size)) continue
    copies.push(name)
    left -= per * size
  }
  const fused = { _tag: 'fused' as const, first, last, depth, per, width, local, slots, copies, together }
  return { ...fused, barriers: barriersOf(plan, fused) }
}

/** Numbers of one instance's part of an input of the group, or null where it has no such part. */
export const ownInput = (plan: Plan, first: number, last: number, depth: number, name: string): number | null => {
  for (let at = first; at <= last; at++) {
    const position = plan.launches[at]?.inputs.indexOf(name) ?? -1
    const parameter = kernelAt(plan, at).parameters[position]
    if (parameter === undefined) continue
    const dims = extentsOf(
      plan,
      parameter.axes.map((dim, k) => ({ _tag: 'index', name: String(k), dim }))
    )
    return dims.length < depth ? null : product(dims.slice(depth))
  }
  return null
}

/** Whether an instance reads its part of an input more than once over. */
const isReread = (plan: Plan, first: number, last: number, depth: number, name: string, size: number): boolean => {
  let traffic = 0
  for (let at = first; at <= last; at++) {
    const k = kernelAt(plan, at)
    const labels = k.parameters.filter((_, position) => plan.launches[at]?.inputs[position] === name)
    if (labels.length > 0) traffic += ownSize(plan, at, depth) * trafficOf(plan, at)
  }
  return traffic >= 4 * size
}

/** Terms that one number of a launch is computed from, as far as its longest sum tells. */
const trafficOf = (plan: Plan, at: number): number => longestSum(plan, at)

const longestSum = (plan: Plan, at: number): number => {
  const visit = (e: ReturnType<typeof kernelAt>['value']): number => {
    const inner = Math.max(0, ...partsOf(e).map(visit))
    return e._tag === 'sum' ? product(extentsOf(plan, e.over)) * Math.max(1, inner) : Math.max(1, inner)
  }
  return visit(kernelAt(plan, at).value)
}
