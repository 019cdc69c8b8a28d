/** The text of a fused group: one launch after another on the same instances, barriers between, arrays in workgroup memory. */
import { showEquation } from '../../formula'
import type { Plan } from '../../plan'
import { valueOf } from '../../schedules/affine'
import { bindings, ownDimsOf, padded } from './arrange'
import { arrayOf, type Fused, kernelAt, usesOf } from './group'
import { copyLines, elementLines, type GroupWriter, locals, type Place, times, togetherLines } from './launches'
import type { Access, Bound, Leaf, Limits, WgslKernel } from './program'
import { binding, entry, groupLine, indexLines, namer, product } from './text'

export interface PrintedGroup {
  readonly kernel: WgslKernel
  readonly bound: readonly Bound[]
  readonly groups: number
}

// --- groups ----------------------------------------------------------------------------------------------------------

/** What the group calls an array: as the first launch does that knows it. */
export const labelsOf = (plan: Plan, first: number, last: number): ReadonlyMap<string, string> => {
  const labels = new Map<string, string>()
  const put = (name: string, label: string): void => {
    if (!labels.has(name)) labels.set(name, label)
  }
  for (let at = first; at <= last; at++) {
    const k = kernelAt(plan, at)
    for (const p of k.parameters) put(arrayOf(plan, at, p.label), p.label)
    put(plan.launches[at]?.output ?? '', k.label)
  }
  return labels
}

/**
 * Print a group. `leaves` tell where parameters and state lie, should they have to be bound as one; `alone` stores what
 * every launch writes, whoever reads it.
 */
export const printFused = (
  plan: Plan,
  fused: Fused,
  leaves: readonly Leaf[],
  limits: Limits,
  alone = false
): PrintedGroup => {
  const { first, last, depth, per, width } = fused
  const launches = plan.launches.slice(first, last + 1)
  const made = new Set(launches.map((l) => l.output))
  const uses = usesOf(plan)
  const slotOf = new Map(fused.local.map((l) => [l.name, l.slot]))
  const stored = [...made].filter((name) => alone || uses.isReadAfter(last, name))
  const inputs = [...new Set(launches.flatMap((l) => l.inputs))].filter((name) => !made.has(name))
  const keptLeaf = new Map(leaves.filter((l) => l.kept).map((l) => [l.name, l]))
  const asOne = !alone && bindings(plan, uses, first, last).each > limits.storageBuffers
  const single = asOne ? inputs.filter((name) => !keptLeaf.has(name)) : inputs

  const labels = labelsOf(plan, first, last)
  const fresh = namer(locals)
  const variable = new Map([...single, ...stored].map((name) => [name, fresh(labels.get(name) ?? 'array')]))
  const slots = fused.slots.map((_, slot) => fresh(`work${slot}`))
  const copies = new Map(fused.copies.map((name) => [name, fresh(`own_${labels.get(name)}`)]))
  const lead = kernelAt(plan, first)
  const entryName = fresh(first === last ? lead.name : `${lead.name}_to_${kernelAt(plan, last).name}`)
  const shared = lead.over.slice(0, depth).map((i) => ({ name: fresh(i.name), extent: valueOf(plan.sizes)(i.dim) }))
  const instances = product(shared.map((i) => i.extent))
  const ownOf = (name: string): readonly number[] => ownDimsOf(plan, first, last, depth, name)

  const placeOf = (name: string): Place => {
    const slot = slotOf.get(name)
    const dims = padded(ownOf(name))
    if (slot !== undefined) {
      return { _tag: 'local', variable: slots[slot] ?? '', dims, each: fused.slots[slot] ?? 0 }
    }
    const copy = copies.get(name)
    if (copy !== undefined) return { _tag: 'local', variable: copy, dims, each: product(dims) }
    const bound = variable.get(name)
    if (bound !== undefined) return { _tag: 'stored', variable: bound, offset: 0 }
    return { _tag: 'stored', variable: 'kept', offset: keptLeaf.get(name)?.at ?? 0 }
  }
  const w: GroupWriter = {
    plan,
    fused,
    shared,
    instances,
    placeOf,
    storage: (name) => variable.get(name) ?? null,
    taken: [...variable.values(), ...slots, ...copies.values(), entryName, ...shared.map((i) => i.name)]
  }
  const access = (name: string): Access => (made.has(name) ? 'read_write' : 'read')
  const bound: readonly Bound[] = [
    ...(asOne ? [{ _tag: 'kept' } as const] : []),
    ...[...variable.keys()].map((name) => ({ _tag: 'array', name }) as const)
  ]
  const groups = Math.ceil(instances / per)
  const holds = (slot: number): string =>
    [...new Set(fused.local.filter((l) => l.slot === slot).map((l) => labels.get(l.name)))].join(', ')
  const memory = [
    ...slots.map((name, slot) => ({ name, size: per * (fused.slots[slot] ?? 0), holds: holds(slot) })),
    ...[...copies].map(([name, text]) => ({
      name: text,
      size: per * product(padded(ownOf(name))),
      holds: labels.get(name) ?? ''
    })),
    ...(fused.together.length > 0 ? [{ name: 'partial', size: width, holds: 'parts of a sum' }] : [])
  ]
  const names = shared.map((i) => i.name)
  const source = [
    ...bound.map((b, at) =>
      b._tag === 'kept' ? binding(at, 'read', 'kept') : binding(at, access(b.name), variable.get(b.name) ?? '')
    ),
    ...memory.map((m) => `var<workgroup> ${m.name}: array<f32, ${m.size}>; // ${m.holds}`),
    '',
    ...entry(entryName, width),
    ...(instances === 1 ? [] : [groupLine(groups, limits.groups)]),
    ...(groups > limits.groups ? [`  if (tile >= ${groups}) {`, '    return;', '  }'] : []),
    ...(instances === 1 ? [] : [`  let first = ${times('tile', per)};`]),
    ...(per === 1 ? [] : [`  let count = min(${per}, ${instances} - first);`]),
    ...(per === 1
      ? indexLines(
          'first',
          names,
          shared.map((i) => i.extent),
          '  '
        )
      : []),
    ...fused.copies.flatMap((name) => copyLines(w, name, ownOf(name))),
    ...launches.flatMap((_, k) => {
      const at = first + k
      const kernel = kernelAt(plan, at)
      return [
        ...(fused.barriers.includes(at) ? ['  workgroupBarrier();'] : []),
        `  // ${showEquation(kernel.label, kernel.over, kernel.value, (name) => name)}`,
        ...(fused.together.includes(at) ? togetherLines(w, at) : elementLines(w, at))
      ]
    }),
    '}',
    ''
  ].join('\n')
  const kernel = {
    name: entryName,
    source,
    access: bound.map((b) => (b._tag === 'kept' ? 'read' : access(b.name))),
    workgroupBytes: 4 * memory.reduce((p, m) => p + m.size, 0)
  }
  return { kernel, bound, groups }
}
