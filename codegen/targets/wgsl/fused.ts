/** The text of a fused group: one launch after another on the same instances, barriers between, arrays in workgroup memory. */
import * as X from '../../expr'
import { showEquation } from '../../formula'
import type { Plan } from '../../plan'
import { valueOf } from '../../schedules/affine'
import { type Dialect, flatAddress } from '../dialect'
import { emit } from '../emit'
import { bindings, ownDimsOf, padded } from './arrange'
import { arrayOf, type Fused, kernelAt, soleReduction, usesOf, withPart } from './group'
import type { Access, Bound, Leaf, Limits, WgslKernel } from './program'
import { binding, entry, extentsOf, functions, groupLine, indexLines, namer, product, quotient, words } from './text'

export interface PrintedGroup {
  readonly kernel: WgslKernel
  readonly bound: readonly Bound[]
  readonly groups: number
}

/** Where a kernel finds an array: its own part in workgroup memory, or the whole of it in storage. */
type Place =
  | { readonly _tag: 'local'; readonly variable: string; readonly dims: readonly number[]; readonly each: number }
  | { readonly _tag: 'stored'; readonly variable: string; readonly offset: number }

interface Writer {
  readonly plan: Plan
  readonly fused: Fused
  readonly shared: readonly { readonly name: string; readonly extent: number }[]
  readonly instances: number
  readonly placeOf: (array: string) => Place
  /** The storage that an array is read from or written to, if it is. */
  readonly storage: (array: string) => string | null
  readonly taken: readonly string[]
}

const locals = [
  'at',
  'own',
  'p',
  'first',
  'count',
  'lane',
  'instance',
  'value',
  'term',
  'half',
  'total',
  'tile',
  'group'
]

// --- places ----------------------------------------------------------------------------------------------------------

const plus = (base: string, own: string): string => (base === '0' ? own : own === '0' ? base : `${base} + ${own}`)

const times = (count: string, size: number): string => (size === 1 ? count : `${count} * ${size}`)

/** An element of an instance's part of workgroup memory. */
const inLocal = (w: Writer, place: Extract<Place, { _tag: 'local' }>, own: readonly string[]): string =>
  `${place.variable}[${plus(w.fused.per === 1 ? '0' : times('p', place.each), flatAddress(place.dims, own))}]`

const dialectOf = (w: Writer, at: number): Dialect => {
  const k = kernelAt(w.plan, at)
  return {
    words,
    functions,
    size: (d) => String(valueOf(w.plan.sizes)(d)),
    quotient,
    read: (label, positions) => {
      const place = w.placeOf(arrayOf(w.plan, at, label))
      if (place._tag === 'local') return inLocal(w, place, positions.slice(w.fused.depth))
      const axes = k.parameters.find((p) => p.label === label)?.axes ?? []
      return `${place.variable}[${plus(String(place.offset), flatAddress(axes.map(valueOf(w.plan.sizes)), positions))}]`
    }
  }
}

/** The shared indices of an instance, from its number. */
const sharedLines = (w: Writer, pad: string): readonly string[] => {
  if (w.shared.length === 0 || w.fused.per === 1) return []
  const lines = indexLines(
    w.shared.length === 1 ? 'first + p' : 'instance',
    w.shared.map((i) => i.name),
    w.shared.map((i) => i.extent),
    pad
  )
  return w.shared.length === 1 ? lines : [`${pad}let instance = first + p;`, ...lines]
}

const writeLines = (w: Writer, array: string, own: readonly string[], whole: string, value: string): string[] => {
  const place = w.placeOf(array)
  const stored = w.storage(array)
  const targets = [
    ...(place._tag === 'local' ? [inLocal(w, place, own)] : []),
    ...(stored === null ? [] : [`${stored}[${whole}]`])
  ]
  if (targets.length === 1) return [`    ${targets[0]} = ${value};`]
  return [`    let value = ${value};`, ...targets.map((t) => `    ${t} = value;`)]
}

// --- launches --------------------------------------------------------------------------------------------------------

/** A launch, one invocation an element. */
const elementLines = (w: Writer, at: number): readonly string[] => {
  const { plan, fused } = w
  const k = kernelAt(plan, at)
  const own = k.over.slice(fused.depth)
  const extents = extentsOf(plan, own)
  const size = product(extents)
  const fresh = namer([...w.taken, ...locals])
  const names = own.map((i) => fresh(i.name))
  const scope = new Map([
    ...k.over.slice(0, fused.depth).map((i, axis) => [i.name, w.shared[axis]?.name ?? ''] as const),
    ...own.map((i, axis) => [i.name, names[axis] ?? ''] as const)
  ])
  const { lines, result } = emit(k.value, scope, [...w.taken, ...locals], dialectOf(w, at), '    ')
  const single = fused.per === 1
  const whole = w.instances === 1 ? 'at' : plus(times('first', size), 'at')
  return [
    `  for (var at = lane; at < ${single ? size : times('count', size)}; at += ${fused.width}) {`,
    ...(single ? [] : [`    let p = ${size === 1 ? 'at' : `at / ${size}`};`]),
    ...(single || size === 1 ? [] : [`    let own = at % ${size};`]),
    ...sharedLines(w, '    '),
    ...indexLines(single ? 'at' : 'own', names, extents, '    '),
    ...lines,
    ...writeLines(w, plan.launches[at]?.output ?? '', names, whole, result),
    '  }'
  ]
}

/** Stands for the finished sum in what is left of a kernel; no label has such a name. */
const theSum = 'the sum'

/** A launch of one number an instance, whose sum or maximum its invocations find together: parts first, then a tree. */
const togetherLines = (w: Writer, at: number): readonly string[] => {
  const { plan, fused } = w
  const k = kernelAt(plan, at)
  const sum = soleReduction(k.value)
  if (sum === null) throw new Error(`internal: launch ${at} has nothing to share`)
  const lanes = 2 ** Math.floor(Math.log2(fused.width / fused.per))
  const single = fused.per === 1
  const fresh = namer([...w.taken, ...locals])
  const shared = k.over.map((i, axis) => [i.name, axis < fused.depth ? (w.shared[axis]?.name ?? '') : '0'] as const)
  const names = sum.over.map((i) => fresh(i.name))
  const scope = new Map([...shared, ...sum.over.map((i, axis) => [i.name, names[axis] ?? ''] as const)])
  const extents = extentsOf(plan, sum.over)
  const taken = [...w.taken, ...locals]
  const dialect = dialectOf(w, at)
  const pad = single ? '    ' : '      '
  const part = emit(sum.body, scope, taken, dialect, `${pad}  `)
  const read: Dialect['read'] = (label, own) => (label === theSum ? 'partial[lane]' : dialect.read(label, own))
  const isSum = sum._tag === 'sum'
  const joined = (p: string, q: string): string => (isSum ? `${p} + ${q}` : `max(${p}, ${q})`)
  const end = emit(withPart(k.value, sum, X.tensor(theSum)()), new Map(shared), taken, { ...dialect, read }, '    ')
  const mine = single ? 'lane' : `lane % ${lanes}`
  const own = k.over.slice(fused.depth).map(() => '0')
  const output = plan.launches[at]?.output ?? ''
  const whole = w.instances === 1 ? '0' : single ? 'first' : 'first + p'
  return [
    '  {',
    `    var total = ${words.number(isSum ? 0 : words.lowest)};`,
    ...(single ? [] : [`    let p = lane / ${lanes};`, '    if (p < count) {', ...sharedLines(w, '      ')]),
    `${pad}for (var term = ${mine}; term < ${product(extents)}; term += ${lanes}) {`,
    ...indexLines('term', names, extents, `${pad}  `),
    ...part.lines,
    `${pad}  total = ${joined('total', part.result)};`,
    `${pad}}`,
    ...(single ? [] : ['    }']),
    '    partial[lane] = total;',
    '  }',
    '  workgroupBarrier();',
    `  for (var half = ${lanes / 2}; half > 0; half /= 2) {`,
    `    if (${mine} < half) { partial[lane] = ${joined('partial[lane]', 'partial[lane + half]')}; }`,
    '    workgroupBarrier();',
    '  }',
    `  if (${mine} == 0${single ? '' : ` && lane / ${lanes} < count`}) {`,
    ...(single ? [] : [`    let p = lane / ${lanes};`, ...sharedLines(w, '    ')]),
    ...end.lines,
    ...writeLines(w, output, own, whole, end.result),
    '  }'
  ]
}

/** An input of every instance, copied to workgroup memory. */
const copyLines = (w: Writer, array: string, own: readonly number[]): readonly string[] => {
  const place = w.placeOf(array)
  if (place._tag !== 'local') throw new Error(`internal: ${array} is not copied`)
  const { per, width } = w.fused
  const [size, row, wide] = [product(own), own[own.length - 1] ?? 1, place.dims[place.dims.length - 1] ?? 1]
  const to = row === wide ? 'at' : `at / ${row} * ${wide} + at % ${row}`
  return [
    `  for (var at = lane; at < ${per === 1 ? size : times('count', size)}; at += ${width}) {`,
    `    ${place.variable}[${to}] = ${w.storage(array)}[${plus(times('first', size), 'at')}];`,
    '  }'
  ]
}

// --- groups ----------------------------------------------------------------------------------------------------------

/** What the group calls an array: as the first launch does that knows it. */
const labelsOf = (plan: Plan, first: number, last: number): ReadonlyMap<string, string> => {
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
  const w: Writer = {
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
