/**
 * Nodes as they are made: arrays whose axes go by the names of indices, constants once each, and no node twice.
 *
 * An array lacks the axes of indices that it does not depend on, and its readers broadcast it.
 */
import type { Attribute, Constant, Graph, Node, Size, Value } from './graph'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Axis {
  /** The index that runs along it. */
  readonly name: string
  readonly size: Size
}

export interface Labelled {
  readonly value: string
  readonly axes: readonly Axis[]
}

export interface Builder {
  readonly nodes: Node[]
  readonly constants: Map<string, Constant>
  /** The output of a node by what it computes. */
  readonly known: Map<string, string>
  readonly names: Set<string>
  /** What new nodes are named after. */
  place: string
}

export const builder = (): Builder => ({
  nodes: [],
  constants: new Map(),
  known: new Map(),
  names: new Set(),
  place: ''
})

const fresh = (b: Builder, wish: string): string => {
  let name = wish
  for (let k = 2; b.names.has(name); k++) name = `${wish}.${k}`
  b.names.add(name)
  return name
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** The output of a node that computes this: a new one, or one that is there. */
export const node = (
  b: Builder,
  op: string,
  inputs: readonly string[],
  dims: readonly Size[],
  attributes?: Readonly<Record<string, Attribute>>
): string => {
  const key = JSON.stringify([op, inputs, attributes])
  const known = b.known.get(key)
  if (known !== undefined) return known
  const output = fresh(b, `${b.place}/${op}`)
  b.known.set(key, output)
  b.nodes.push({ op, inputs, output, dims, ...(attributes === undefined ? {} : { attributes }) })
  return output
}

/** A constant, named by its value where that is short. */
const constant = (b: Builder, wish: string, c: Constant): string => {
  const key = `${c.type}[${c.dims}] ${c.values}`
  const known = b.known.get(key)
  if (known !== undefined) return known
  const name = fresh(b, wish)
  b.known.set(key, name)
  b.constants.set(name, c)
  return name
}

export const number = (b: Builder, value: number): Labelled => ({
  value: constant(b, String(value), { type: 'float', dims: [], values: [value] }),
  axes: []
})

/** Whole numbers for an operator: sizes, axes, places. */
export const integers = (b: Builder, values: readonly number[]): string =>
  constant(b, values.length <= 8 ? `[${values}]` : `${b.place}/integers`, {
    type: 'int64',
    dims: [values.length],
    values
  })

/** Places along an axis; of no dimensions, one place. */
export const places = (b: Builder, dims: readonly number[], values: readonly number[]): string =>
  constant(b, dims.length === 0 ? `place ${values}` : `${b.place}/places`, { type: 'int64', dims, values })

export const mask = (b: Builder, axes: readonly Axis[], values: readonly boolean[]): Labelled => ({
  value: constant(b, `${b.place}/mask`, {
    type: 'bool',
    dims: axes.map((a) => a.size as number),
    values: values.map(Number)
  }),
  axes
})

// --- combinators -----------------------------------------------------------------------------------------------------

export const dims = (axes: readonly Axis[]): readonly Size[] => axes.map((a) => a.size)

export const namesOf = (x: Labelled): readonly string[] => x.axes.map((a) => a.name)

/** The axes in the order of the names, which are the same. */
export const transpose = (b: Builder, x: Labelled, order: readonly string[]): Labelled => {
  const own = namesOf(x)
  const perm = order.map((name) => own.indexOf(name))
  if (perm.every((from, to) => from === to)) return x
  const axes = perm.map((from) => x.axes[from] as Axis)
  return { value: node(b, 'Transpose', [x.value], dims(axes), { perm }), axes }
}

/** Other axes over the same elements in the same order; of sizes that are known at a call, at most one. */
export const reshape = (b: Builder, x: Labelled, axes: readonly Axis[]): Labelled => {
  const [from, to] = [dims(x.axes), dims(axes)]
  if (from.length === to.length && from.every((size, k) => size === to[k])) return { value: x.value, axes }
  // 0 keeps the size of an axis, -1 is what is left.
  const shape = to.map((size, k) => (typeof size === 'number' ? size : from[k] === size ? 0 : -1))
  return { value: node(b, 'Reshape', [x.value, integers(b, shape)], to), axes }
}

/** The array with axes of the wanted names, in their order, of size one where it has none; leading ones are left out. */
export const aligned = (b: Builder, x: Labelled, order: readonly string[]): string => {
  const own = new Set(namesOf(x))
  const there = order.filter((name) => own.has(name))
  const sorted = transpose(b, x, there)
  const first = there.length === 0 ? order.length : order.indexOf(there[0] as string)
  const wanted = order.slice(first)
  const missing = wanted.flatMap((name, k) => (own.has(name) ? [] : [k]))
  if (missing.length === 0) return sorted.value
  const size = (name: string): Size => sorted.axes.find((a) => a.name === name)?.size ?? 1
  return node(b, 'Unsqueeze', [sorted.value, integers(b, missing)], wanted.map(size))
}

/** The axes of all arrays together, in the order that `order` gives their names. */
export const united = (xs: readonly Labelled[], order: readonly string[]): readonly Axis[] => {
  const found = new Map(xs.flatMap((x) => x.axes).map((a) => [a.name, a]))
  return order.flatMap((name) => found.get(name) ?? [])
}

/** An operator that works element by element. */
export const elementwise = (b: Builder, op: string, xs: readonly Labelled[], order: readonly string[]): Labelled => {
  const axes = united(xs, order)
  const names = axes.map((a) => a.name)
  const inputs = xs.map((x) => aligned(b, x, names))
  return { value: node(b, op, inputs, dims(axes)), axes }
}

/** `ReduceSum` or `ReduceMax` along axes that the array has. */
export const reduce = (b: Builder, op: 'ReduceSum' | 'ReduceMax', x: Labelled, names: readonly string[]): Labelled => {
  if (names.length === 0) return x
  const along = x.axes.flatMap((a, k) => (names.includes(a.name) ? [k] : []))
  const axes = x.axes.filter((a) => !names.includes(a.name))
  return { value: node(b, op, [x.value, integers(b, along)], dims(axes), { keepdims: 0 }), axes }
}

/** Every element as often as the axes want, in their order. */
export const expand = (b: Builder, x: Labelled, axes: readonly Axis[]): Labelled => {
  const order = axes.map((a) => a.name)
  if (x.axes.length === axes.length) return transpose(b, x, order)
  const value = aligned(b, x, order)
  // 1 keeps the size of an axis.
  const sizes = axes.map((a) => (namesOf(x).includes(a.name) ? 1 : a.size))
  const systems = (): string => node(b, 'Shape', ['b'], [1], { start: 0, end: 1 })
  const shape = sizes.every((size) => typeof size === 'number')
    ? integers(b, sizes)
    : node(
        b,
        'Concat',
        sizes.map((size) => (typeof size === 'number' ? integers(b, [size]) : systems())),
        [axes.length],
        { axis: 0 }
      )
  return { value: node(b, 'Expand', [value, shape], dims(axes)), axes }
}

// --- destructors -----------------------------------------------------------------------------------------------------

interface Ends {
  readonly name: string
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly parameters: Graph['parameters']
  /** What nodes are called in the graph where that is not the name they were made by. */
  readonly renamed: ReadonlyMap<string, string>
}

/** The graph of what the outputs need. */
export const finish = (b: Builder, { renamed, ...ends }: Ends): Graph => {
  const named = (name: string): string => renamed.get(name) ?? name
  const needed = new Set(ends.outputs.map((o) => o.name))
  const nodes: Node[] = []
  for (const n of [...b.nodes].reverse()) {
    if (!needed.has(named(n.output))) continue
    nodes.push({ ...n, inputs: n.inputs.map(named), output: named(n.output) })
    for (const name of n.inputs) needed.add(named(name))
  }
  return {
    ...ends,
    nodes: nodes.reverse(),
    constants: Object.fromEntries([...b.constants].filter(([name]) => needed.has(name))),
    parameters: ends.parameters.filter((p) => needed.has(p.name))
  }
}
