/** The axis order that costs least where four neighbouring threads run together, by a count of loads. */
import * as Dim from '../../spec/dim'
import type { Equation, Equations } from '../equation'
import * as X from '../expr'
import { valueOf } from './affine'
import { type AxisOrder, movedLast, movesWith, runsAlong, sizeLast, type Turned } from './axis-order'

/**
 * Loads that one read of four lanes takes: together; together, but from rows a power of two apart; the same for all from far
 * apart in every turn of a sum; each by itself.
 */
const [together, crowded, across, apart] = [1, 2, 3, 6]

/** What a thread costs beside its reads. */
const thread = 6

const product = (sizes: readonly number[]): number => sizes.reduce((p, q) => p * q, 1)

/** Which axis of an array is last, given its rank. */
type Last = (tensor: string, rank: number) => number

type Read = Extract<X.Expr, { _tag: 'read' }>

/** A read, how often a thread makes it, and the indices of the sums around it. */
interface Made {
  readonly read: Read
  readonly times: number
  readonly inner: readonly string[]
  /** The sizes of its array. */
  readonly sizes: readonly number[]
}

/** An array of more elements does not stay in the first-level cache while a sum walks across it. */
const near = 4096

/**
 * The order of axes in which a read would be cheap: the one in question last, before it those that its sums run along, so
 * that what one thread reads lies side by side.
 */
const turnedTo = ({ read, inner }: Made, own: number, axis: number): readonly number[] => {
  const runs = (k: number): boolean => inner.some((name) => movesWith(read.at[k] as X.Position, name) !== null)
  const others = movedLast([...read.at.keys()], own).filter((k) => k !== axis)
  return [...others.filter((k) => !runs(k)), ...others.filter(runs), axis]
}

/** The axis that should be last for a read to be cheap, or null where it is as it should be. */
const wanted = (
  { read, times, inner, sizes }: Made,
  along: string,
  last: Last
): { axis: number; loads: number } | null => {
  const own = last(read.tensor, read.at.length)
  if (read.at.some((p) => movesWith(p, along) !== null)) {
    if (!runsAlong(read.at, own, along)) {
      return { axis: read.at.findIndex((_, k) => runsAlong(read.at, k, along)), loads: apart }
    }
    const row = sizes[own] ?? 1
    const walks = times >= 64 && inner.some((name) => read.at.some((p, k) => k !== own && movesWith(p, name) !== null))
    return walks && row >= 256 && row % 64 === 0 ? { axis: own, loads: crowded } : null
  }
  const runs = (k: number): boolean => inner.some((name) => runsAlong(read.at, k, name))
  if (times < 32 || product(sizes) <= near || runs(own)) return null
  const axis = [...read.at.keys()].findLast(runs) ?? -1
  return axis < 0 ? null : { axis, loads: across }
}

const readLoads = (made: Made, along: string, last: Last): number => wanted(made, along, last)?.loads ?? together

type Size = (d: Dim.Dim) => number

const readsOf = (
  e: X.Expr,
  size: Size,
  sizesOf: (tensor: string) => readonly number[],
  times = 1,
  inner: readonly string[] = []
): readonly Made[] => {
  if (e._tag === 'read') return [{ read: e, times, inner, sizes: sizesOf(e.tensor) }]
  const turns = X.isReduction(e) ? product(e.over.map((i) => size(i.dim))) : 1
  const own = X.isReduction(e) ? [...inner, ...e.over.map((i) => i.name)] : inner
  return X.parts(e).flatMap((p) => readsOf(p, size, sizesOf, times * turns, own))
}

/** Quads of a row, and the threads after the last that run by themselves. */
const turns = (extent: number): number => Math.floor(extent / 4) + (extent % 4)

type Cost = (order: AxisOrder) => number

/** An equation as the cost sees it. */
interface Priced {
  readonly eq: Equation
  readonly reads: readonly Made[]
  readonly sizes: readonly number[]
}

const pricedOf = (eq: Equation, size: Size, sizesOf: (tensor: string) => readonly number[]): Priced => ({
  eq,
  reads: readsOf(eq.value, size, sizesOf),
  sizes: eq.over.map((i) => size(i.dim))
})

/** The index that neighbouring threads run along, and how many quads there are. */
const quads = ({ eq, sizes }: Priced, order: AxisOrder): { readonly along: string; readonly count: number } => {
  const axis = order.get(eq.defines) ?? eq.over.length - 1
  const extent = sizes[axis] ?? 1
  return { along: eq.over[axis]?.name ?? '', count: (product(sizes) / extent) * turns(extent) }
}

const lastBy =
  (order: AxisOrder): Last =>
  (tensor, rank) =>
    order.get(tensor) ?? rank - 1

const equationCost =
  (priced: Priced): Cost =>
  (order) => {
    const { along, count } = quads(priced, order)
    const last = lastBy(order)
    return count * priced.reads.reduce((sum, made) => sum + made.times * readLoads(made, along, last), thread)
  }

/** Arrays that pay for a second copy in another order: what their readers save is more than the copy costs. */
const turnings = (
  all: readonly Priced[],
  order: AxisOrder,
  copyCost: (tensor: string) => number,
  rowOf: (tensor: string, axis: number) => number
): { readonly turned: readonly Turned[]; readonly saved: number } => {
  const wishes = new Map<string, Turned & { readonly reads: Set<X.Expr>; saving: number }>()
  for (const priced of all) {
    const { along, count } = quads(priced, order)
    for (const made of priced.reads) {
      const want = wanted(made, along, lastBy(order))
      if (want === null || want.axis < 0) continue
      const { tensor } = made.read
      const axes = turnedTo(made, lastBy(order)(tensor, made.read.at.length), want.axis)
      const key = `${tensor} ${axes.join(' ')}`
      const pad = rowOf(tensor, want.axis) % 64 === 0 ? 16 : 0
      const wish = wishes.get(key) ?? { tensor, axes, pad, reads: new Set<X.Expr>(), saving: 0 }
      wish.reads.add(made.read)
      wish.saving += (want.loads - together) * made.times * count
      wishes.set(key, wish)
    }
  }
  const paying = [...wishes.values()].filter((w) => w.saving > 2 * copyCost(w.tensor))
  return { turned: paying, saved: paying.reduce((sum, w) => sum + w.saving - copyCost(w.tensor), 0) }
}

/**
 * The better of two orders, each improved array by array until no array's axis pays: as written, and the cheapest of those that
 * put one size last in all arrays.
 */
export const cheapestOrder = (
  e: Equations,
  sizes: Dim.Sizes
): { readonly order: AxisOrder; readonly turned: readonly Turned[] } => {
  const size = valueOf(sizes)
  const written = new Map(Object.entries(e.tensors).map(([name, { dims }]) => [name, dims.map(size)]))
  const sizesOf = (tensor: string): readonly number[] => written.get(tensor) ?? []
  const elements = (tensor: string): number => product(sizesOf(tensor))
  const all = e.equations.map((eq) => pricedOf(eq, size, sizesOf))
  const costs = all.map(equationCost)
  const touching = new Map<string, Cost[]>()
  for (const [at, eq] of e.equations.entries()) {
    for (const name of new Set([eq.defines, ...X.tensors(eq.value)])) {
      touching.set(name, [...(touching.get(name) ?? []), costs[at] as Cost])
    }
  }
  const kept = new Set([...e.outputs, ...e.updates.map((u) => u.output)])
  const copyCost = (name: string): number => (elements(name) / 4) * (apart + thread)
  const copies = (name: string): number => (e.tensors[name]?.role !== 'value' || kept.has(name) ? copyCost(name) : 0)
  const own = (name: string, order: AxisOrder): number =>
    (touching.get(name) ?? []).reduce((total, cost) => total + cost(order), order.has(name) ? copies(name) : 0)
  const total = (order: AxisOrder): number =>
    costs.reduce((sum, cost) => sum + cost(order), 0) + [...order.keys()].reduce((sum, name) => sum + copies(name), 0)

  const improved = (start: AxisOrder): AxisOrder => {
    const order = new Map(start)
    const at = (name: string, axis: number, rank: number): AxisOrder => {
      const changed = new Map(order)
      if (axis === rank - 1) changed.delete(name)
      else changed.set(name, axis)
      return changed
    }
    for (let round = 0; round < 4; round++) {
      let better = false
      for (const [name, { dims }] of Object.entries(e.tensors)) {
        if (dims.length < 2 || !touching.has(name)) continue
        let least = own(name, order)
        for (const axis of dims.keys()) {
          const other = at(name, axis, dims.length)
          const price = own(name, other)
          if (price >= least * 0.999) continue
          least = price
          better = true
          if (axis === dims.length - 1) order.delete(name)
          else order.set(name, axis)
        }
      }
      if (!better) break
    }
    return order
  }
  const cheapest = (orders: readonly AxisOrder[]): AxisOrder => orders.reduce((p, q) => (total(q) < total(p) ? q : p))
  const extents = new Map(Object.values(e.tensors).flatMap(({ dims }) => dims.map((d) => [Dim.show(d), d] as const)))
  const asWritten: AxisOrder = new Map()
  const rowOf = (tensor: string, axis: number): number => size(e.tensors[tensor]?.dims[axis] ?? Dim.one)
  const finished = [asWritten, cheapest([asWritten, ...[...extents.values()].map((d) => sizeLast(d)(e))])].map(
    (start) => {
      const order = improved(start)
      const { turned, saved } = turnings(all, order, copyCost, rowOf)
      return { order, turned, price: total(order) - saved }
    }
  )
  return finished.reduce((p, q) => (q.price < p.price ? q : p))
}
