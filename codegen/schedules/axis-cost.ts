/** The axis order that costs least where four neighbouring threads run together, by a count of loads. */
import * as Dim from '../../spec/dim'
import type { Equation, Equations } from '../equation'
import * as X from '../expr'
import { valueOf } from './affine'
import { type AxisOrder, sizeLast } from './axis-order'

/** Loads that one read of four lanes takes: together, or each lane by itself. */
const [together, apart] = [1, 6]

/** What a thread costs beside its reads. */
const thread = 6

const product = (sizes: readonly number[]): number => sizes.reduce((p, q) => p * q, 1)

const dependsOn = (p: X.Position, name: string): boolean => {
  let found = false
  X.mapIndex((i) => {
    found ||= i.name === name
    return i
  })(p)
  return found
}

/** A position that moves by one with the index: `i`, `i + 1`. */
const isUnit = (p: X.Position, name: string): boolean =>
  p._tag === 'index' ? p.name === name : p._tag === 'plus' && isUnit(p.left, name) && !dependsOn(p.right, name)

/** The loads of one quad of threads along an index. */
const loads = (
  e: X.Expr,
  along: string,
  last: (tensor: string, rank: number) => number,
  size: (d: Dim.Dim) => number
): number => {
  if (e._tag === 'read') {
    const fast = last(e.tensor, e.at.length)
    const others = e.at.some((p, axis) => axis !== fast && dependsOn(p, along))
    const own = e.at[fast]
    const moves = own !== undefined && dependsOn(own, along)
    return others || (moves && !isUnit(own, along)) ? apart : together
  }
  const inner = X.parts(e).reduce((total, p) => total + loads(p, along, last, size), 0)
  return X.isReduction(e) ? product(e.over.map((i) => size(i.dim))) * inner : inner
}

/** Quads of a row, and the threads after the last that run by themselves. */
const turns = (extent: number): number => Math.floor(extent / 4) + (extent % 4)

type Cost = (order: AxisOrder) => number

const equationCost = (eq: Equation, size: (d: Dim.Dim) => number): Cost => {
  const sizes = eq.over.map((i) => size(i.dim))
  return (order) => {
    const axis = order.get(eq.defines) ?? eq.over.length - 1
    const along = eq.over[axis]
    if (along === undefined) return 0
    const extent = sizes[axis] ?? 1
    const last = (tensor: string, rank: number): number => order.get(tensor) ?? rank - 1
    return (product(sizes) / extent) * turns(extent) * (thread + loads(eq.value, along.name, last, size))
  }
}

/**
 * The better of two orders, each improved array by array until no array's axis pays: as written, and the cheapest of those that
 * put one size last in all arrays.
 */
export const cheapestOrder = (e: Equations, sizes: Dim.Sizes): AxisOrder => {
  const size = valueOf(sizes)
  const costs = e.equations.map((eq) => equationCost(eq, size))
  const touching = new Map<string, Cost[]>()
  for (const [at, eq] of e.equations.entries()) {
    for (const name of new Set([eq.defines, ...X.tensors(eq.value)])) {
      touching.set(name, [...(touching.get(name) ?? []), costs[at] as Cost])
    }
  }
  const kept = new Set([...e.outputs, ...e.updates.map((u) => u.output)])
  const copies = (name: string): number =>
    e.tensors[name]?.role !== 'value' || kept.has(name)
      ? (product((e.tensors[name]?.dims ?? []).map(size)) / 4) * (apart + thread)
      : 0
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
  return cheapest([asWritten, cheapest([asWritten, ...[...extents.values()].map((d) => sizeLast(d)(e))])].map(improved))
}
