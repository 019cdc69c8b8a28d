/** The texts of single launches within a fused group: loops over elements, shared sums, copies to workgroup memory. */
import * as X from '../../expr'
import type { Plan } from '../../plan'
import { valueOf } from '../../schedules/affine'
import { type Dialect, flatAddress } from '../dialect'
import { emit } from '../emit'
import { arrayOf, type Fused, kernelAt, soleReduction, withPart } from './group'
import { extentsOf, functions, indexLines, namer, product, quotient, words } from './text'

/** Where a kernel finds an array: its own part in workgroup memory, or the whole of it in storage. */
export type Place =
  | { readonly _tag: 'local'; readonly variable: string; readonly dims: readonly number[]; readonly each: number }
  | { readonly _tag: 'stored'; readonly variable: string; readonly offset: number }

export interface GroupWriter {
  readonly plan: Plan
  readonly fused: Fused
  readonly shared: readonly { readonly name: string; readonly extent: number }[]
  readonly instances: number
  readonly placeOf: (array: string) => Place
  /** The storage that an array is read from or written to, if it is. */
  readonly storage: (array: string) => string | null
  readonly taken: readonly string[]
}

export const locals = [
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

export const times = (count: string, size: number): string => (size === 1 ? count : `${count} * ${size}`)

/** An element of an instance's part of workgroup memory. */
const inLocal = (w: GroupWriter, place: Extract<Place, { _tag: 'local' }>, own: readonly string[]): string =>
  `${place.variable}[${plus(w.fused.per === 1 ? '0' : times('p', place.each), flatAddress(place.dims, own))}]`

const dialectOf = (w: GroupWriter, at: number): Dialect => {
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
const sharedLines = (w: GroupWriter, pad: string): readonly string[] => {
  if (w.shared.length === 0 || w.fused.per === 1) return []
  const lines = indexLines(
    w.shared.length === 1 ? 'first + p' : 'instance',
    w.shared.map((i) => i.name),
    w.shared.map((i) => i.extent),
    pad
  )
  return w.shared.length === 1 ? lines : [`${pad}let instance = first + p;`, ...lines]
}

const writeLines = (w: GroupWriter, array: string, own: readonly string[], whole: string, value: string): string[] => {
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
export const elementLines = (w: GroupWriter, at: number): readonly string[] => {
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
export const togetherLines = (w: GroupWriter, at: number): readonly string[] => {
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
export const copyLines = (w: GroupWriter, array: string, own: readonly number[]): readonly string[] => {
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
