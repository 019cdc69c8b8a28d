/**
 * A kernel at concrete sizes: loops with numbers for extents, arrays read at places, every loop with a name of its own.
 * What is true for these sizes alone is used here: conditions decided, loops cut where conditions change, stretches merged.
 */
import type * as Dim from '../../spec/dim'
import type * as X from '../expr'
import type { PlanKernel } from '../plan'
import { valueOf } from './affine'
import type { Place } from './place'
import * as P from './place'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Loop {
  readonly name: string
  readonly size: number
}

export interface Test {
  readonly _tag: 'less' | 'equal'
  readonly left: Place
  readonly right: Place
}

export type Node =
  | { readonly _tag: 'number'; readonly value: number }
  /** An element of an array of `length` elements, counted from its first. */
  | { readonly _tag: 'read'; readonly array: string; readonly at: Place; readonly length: number }
  | { readonly _tag: 'reduce'; readonly by: Reducer; readonly over: readonly Loop[]; readonly body: Node }
  | { readonly _tag: 'add' | 'multiply'; readonly of: readonly Node[] }
  | { readonly _tag: 'divide' | 'largest'; readonly of: readonly [Node, Node] }
  | { readonly _tag: 'apply'; readonly what: Applied; readonly of: readonly [Node] }
  | { readonly _tag: 'where'; readonly when: Test; readonly of: readonly [Node, Node] }

export type Reducer = 'sum' | 'max'
export type Applied = 'sqrt' | X.Special

/** A stretch of a kernel's output: loops, the place of every element, its value. */
export interface Region {
  readonly loops: readonly Loop[]
  readonly out: Place
  readonly value: Node
}

// --- combinators -----------------------------------------------------------------------------------------------------

export const number = (value: number): Node => ({ _tag: 'number', value })

export const mapParts =
  (f: (n: Node) => Node) =>
  (n: Node): Node => {
    switch (n._tag) {
      case 'number':
      case 'read':
        return n
      case 'reduce':
        return { ...n, body: f(n.body) }
      case 'add':
      case 'multiply':
        return { ...n, of: n.of.map(f) }
      case 'divide':
      case 'largest':
      case 'where':
        return { ...n, of: [f(n.of[0]), f(n.of[1])] }
      case 'apply':
        return { ...n, of: [f(n.of[0])] }
    }
  }

/** Rebuild with `f` applied to every place, of reads and tests. */
export const mapPlaces =
  (f: (p: Place) => Place) =>
  (n: Node): Node => {
    if (n._tag === 'read') return { ...n, at: f(n.at) }
    const inner = mapParts(mapPlaces(f))(n)
    return inner._tag === 'where'
      ? { ...inner, when: { ...inner.when, left: f(inner.when.left), right: f(inner.when.right) } }
      : inner
  }

// --- destructors -----------------------------------------------------------------------------------------------------

export const parts = (n: Node): readonly Node[] => {
  switch (n._tag) {
    case 'number':
    case 'read':
      return []
    case 'reduce':
      return [n.body]
    case 'add':
    case 'multiply':
    case 'divide':
    case 'largest':
    case 'where':
    case 'apply':
      return n.of
  }
}

const known = new WeakMap<Node, ReadonlySet<string>>()

/** The loops that a node's value depends on, less those it reduces over. */
export const loopsOf = (n: Node): ReadonlySet<string> => {
  const before = known.get(n)
  if (before !== undefined) return before
  const found = new Set<string>(parts(n).flatMap((p) => [...loopsOf(p)]))
  if (n._tag === 'read') for (const name of P.loopsOf(n.at)) found.add(name)
  if (n._tag === 'where') for (const p of [n.when.left, n.when.right]) for (const name of P.loopsOf(p)) found.add(name)
  if (n._tag === 'reduce') for (const loop of n.over) found.delete(loop.name)
  known.set(n, found)
  return found
}

/** Whether `is` holds of a node or of any part of it. */
export const some =
  (is: (n: Node) => boolean) =>
  (n: Node): boolean =>
    is(n) || parts(n).some(some(is))

export const reads = (n: Node): readonly Extract<Node, { _tag: 'read' }>[] =>
  n._tag === 'read' ? [n] : parts(n).flatMap(reads)

export const reduces = (n: Node): readonly Extract<Node, { _tag: 'reduce' }>[] =>
  n._tag === 'reduce' ? [n, ...reduces(n.body)] : parts(n).flatMap(reduces)

// --- from a kernel ---------------------------------------------------------------------------------------------------

const product = (sizes: readonly number[]): number => sizes.reduce((p, q) => p * q, 1)

/** The kernel's loops and value; sums that share a letter get loops of their own. */
export const nodeOf = (k: PlanKernel, sizes: Dim.Sizes): Region => {
  const at = valueOf(sizes)
  const taken = new Set(k.over.map((i) => i.name))
  const axesOf = new Map(k.parameters.map((p) => [p.label, p.axes.map(at)]))

  const fresh = (wish: string): string => {
    let name = wish
    for (let count = 2; taken.has(name); count++) name = `${wish}.${count}`
    taken.add(name)
    return name
  }
  const readOf = (r: Extract<X.Expr, { _tag: 'read' }>, loops: ReadonlyMap<string, Place>): Node => {
    const axes = axesOf.get(r.tensor) ?? []
    const places = r.at.map(P.placeOf(sizes, loops))
    const place = places.reduce(
      (total, p, axis) => P.plus(total, P.times(p, product(axes.slice(axis + 1)))),
      P.fixed(0)
    )
    return { _tag: 'read', array: r.tensor, at: place, length: product(axes) }
  }
  const reduced = (by: Reducer, over: readonly X.Index[], body: X.Expr, loops: ReadonlyMap<string, Place>): Node => {
    const inner = new Map(loops)
    const own = over.map((i): Loop => {
      const loop = { name: fresh(i.name), size: at(i.dim) }
      inner.set(i.name, P.along(loop.name))
      return loop
    })
    return { _tag: 'reduce', by, over: own, body: visit(body, inner) }
  }
  const visit = (e: X.Expr, loops: ReadonlyMap<string, Place>): Node => {
    const of = (p: X.Expr): Node => visit(p, loops)
    switch (e._tag) {
      case 'number':
        return number(e.value)
      case 'extent':
        return number(at(e.dim))
      case 'read':
        return readOf(e, loops)
      case 'sum':
      case 'max':
        return reduced(e._tag, e.over, e.body, loops)
      case 'add':
        return { _tag: 'add', of: e.terms.map(of) }
      case 'multiply':
        return { _tag: 'multiply', of: e.factors.map(of) }
      case 'divide':
        return { _tag: 'divide', of: [of(e.over), of(e.by)] }
      case 'sqrt':
      case 'exp':
      case 'erf':
      case 'tanh':
        return { _tag: 'apply', what: e._tag, of: [of(e.of)] }
      case 'largest':
        return { _tag: 'largest', of: [of(e.of[0]), of(e.of[1])] }
      case 'where': {
        const place = P.placeOf(sizes, loops)
        const when: Test = { _tag: e.when._tag, left: place(e.when.left), right: place(e.when.right) }
        return { _tag: 'where', when, of: [of(e.yes), of(e.no)] }
      }
    }
  }
  const loops = k.over.map((i): Loop => ({ name: i.name, size: at(i.dim) }))
  const value = visit(k.value, new Map(k.over.map((i) => [i.name, P.along(i.name)])))
  const out = loops.reduce(
    (place, l, axis) => P.plus(place, P.times(P.along(l.name), product(loops.slice(axis + 1).map((o) => o.size)))),
    P.fixed(0)
  )
  return { loops, out, value }
}
