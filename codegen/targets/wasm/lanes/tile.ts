/**
 * One kernel in lanes: loops over the elements of its output, several of them at a time, cut where conditions on an
 * output's index change; and the choice of how many.
 */

import type * as Dim from '../../../../spec/dim'
import * as X from '../../../expr'
import type { PlanKernel } from '../../../plan'
import { get, type Local, load, local, op, type Statement, set, store, type Value } from '../code'
import { type Affine, add, constant, multiply, type Scope, sizeOf } from './affine'
import { values } from './express'
import { isBatch, totalOf } from './stages'
import { addressOf, cycles, type LanesArray, spend, turn, type Writer, writer } from './writer'

/** How many neighbouring elements are written together, by the index of the output; an index left out: one. */
export type Tile = Readonly<Record<string, number>>

export interface LanesKernel {
  readonly name: string
  readonly tile: Tile
  /** Estimated cycles for four systems. */
  readonly cycles: number
  /** The pointers it is called with: the output's, the mask's for a total, then one for each array it reads. */
  readonly params: readonly Local<'i32'>[]
  readonly body: readonly Statement[]
}

// --- totals over systems ---------------------------------------------------------------------------------------------

/** All ones in the lanes of systems that there are. */
const mask = local('mask', 'i32')
const address = local('address', 'i32')

/** Adds a value, of systems that there are, to the total at `address`. */
const added = (value: Value<'v128'>, offset: number): Statement => {
  const own = op('v128.and', value, load('v128.load', get(mask)))
  const sum = op('f32x4.add', load('v128.load', get(address), offset), own)
  return store('v128.store', get(address), sum, offset)
}

// --- one kernel with a given tile ------------------------------------------------------------------------------------

/** Where a condition on the index alone changes between 0 and the extent. */
const cuts = (k: PlanKernel, name: string, o: Dim.Sizes, extent: number): readonly number[] => {
  const found = new Set([0, extent])
  const note = ({ _tag, left, right }: X.Condition): void => {
    const size = left._tag === 'index' && left.name === name && right._tag === 'size' ? sizeOf(o, right.dim) : null
    if (size === null) return
    found.add(size)
    if (_tag === 'equal') found.add(size + 1)
  }
  const visit = (e: X.Expr): void => {
    if (e._tag === 'where') note(e.when)
    for (const part of X.parts(e)) visit(part)
  }
  visit(k.value)
  return [...found].filter((at) => at >= 0 && at <= extent).sort((p, q) => p - q)
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at)

const strides = (extents: readonly number[]): readonly number[] =>
  extents.map((_, axis) => extents.slice(axis + 1).reduce((p, q) => p * q, 1))

const write = (kernel: PlanKernel, o: Dim.Sizes, tile: Tile): LanesKernel => {
  const total = totalOf(kernel)
  const k = total === null ? kernel : { ...kernel, over: [total.systems, ...kernel.over], value: total.each }
  const sizes = (dims: readonly X.Index['dim'][]): readonly number[] => dims.map((d) => sizeOf(o, d))
  const arrayOf = (label: string, axes: readonly X.Index['dim'][]): LanesArray => {
    const lanes = isBatch(axes[0])
    return { pointer: local(`to_${label}`, 'i32'), strides: strides(sizes(lanes ? axes.slice(1) : axes)), lanes }
  }
  const arrays = new Map(k.parameters.map((p) => [p.label, arrayOf(p.label, p.axes)]))
  const output = arrayOf(
    k.label,
    k.over.map((i) => i.dim)
  )
  const over = isBatch(k.over[0]?.dim) ? k.over.slice(1) : k.over
  const target: LanesArray = { ...output, pointer: local('out', 'i32') }
  const w = writer(arrays)

  const put = (inner: Writer, scopes: readonly Scope[]): void => {
    const found = values(inner, o, k.value, scopes)
    for (const [t, scope] of scopes.entries()) {
      const at = over.reduce(
        (sum, i, axis) => add(sum, multiply(scope.get(i.name) ?? constant(0), target.strides[axis] ?? 0)),
        constant(0)
      )
      const place = addressOf(inner, target, at)
      const value = found[t] as (typeof found)[number]
      if (total !== null) inner.out.push(set(address, place.at), added(value, place.offset))
      else inner.out.push(target.lanes ? store('v128.store', place.at, value, place.offset) : firstLane(place, value))
      spend(inner, 1)
    }
  }

  const loops = (inner: Writer, left: readonly X.Index[], scopes: readonly Scope[]): void => {
    const [index, ...rest] = left
    if (index === undefined) {
      put(inner, scopes)
      return
    }
    const extent = sizeOf(o, index.dim)
    const width = Math.min(tile[index.name] ?? 1, extent)
    const bound = (at: (t: number) => Affine, wide: number): readonly Scope[] =>
      scopes.flatMap((scope) => range(wide).map((t): Scope => new Map([...scope, [index.name, at(t)]])))
    const edges = cuts(k, index.name, o, extent)
    for (const [piece, from] of edges.slice(0, -1).entries()) {
      const length = (edges[piece + 1] as number) - from
      const whole = Math.floor(length / width)
      if (whole === 1)
        loops(
          inner,
          rest,
          bound((t) => constant(from + t), width)
        )
      if (whole > 1) {
        turn(inner, index.name, whole, width, (turning, counter) => {
          const term = { counter, by: 1, least: 0, most: (whole - 1) * width }
          loops(
            turning,
            rest,
            bound((t) => ({ base: from + t, terms: [term] }), width)
          )
        })
      }
      const remainder = length - whole * width
      if (remainder > 0)
        loops(
          inner,
          rest,
          bound((t) => constant(from + whole * width + t), remainder)
        )
    }
  }
  loops(w, over, [new Map()])
  const params = [
    target.pointer,
    ...(total === null ? [] : [mask]),
    ...k.parameters.map((p) => (arrays.get(p.label) as LanesArray).pointer)
  ]
  return { name: k.name, tile, cycles: cycles(w), params, body: w.out }
}

/** A value that is the same in all lanes, as one f32. */
const firstLane = (
  place: ReturnType<typeof addressOf>,
  value: Parameters<typeof store<'v128.store'>>[2]
): Statement => ({
  _tag: 'storeLane',
  lane: 0,
  at: place.at,
  offset: place.offset,
  value
})

// --- the choice ------------------------------------------------------------------------------------------------------

/** Elements of one index written together, where only one is; and of two. */
const alone = [2, 3, 4, 5, 6]
const together = [
  [2, 2],
  [2, 3],
  [3, 2],
  [2, 4],
  [4, 2]
] as const

/** The tiles worth trying: none, one index, or two, with no more accumulators than registers leave room for. */
const candidates = (k: PlanKernel, o: Dim.Sizes): readonly Tile[] => {
  const long = k.over.filter((i) => !i.dim.terms.some((t) => t.symbols.includes('batch')) && sizeOf(o, i.dim) > 1)
  const single = long.flatMap((i) => alone.map((width): Tile => ({ [i.name]: width })))
  const sums = X.sums(k.value).length > 0
  const pairs = long.flatMap((i, at) =>
    long.slice(at + 1).flatMap((j) => together.map(([p, q]): Tile => ({ [i.name]: p, [j.name]: q })))
  )
  return [{}, ...single, ...(sums ? pairs : [])]
}

const sameTile = (p: Tile, q: Tile): boolean =>
  Object.keys(p).length === Object.keys(q).length && Object.entries(p).every(([name, width]) => q[name] === width)

/**
 * The kernel with the tile whose code takes the fewest cycles, or with the tile that a caller wants. The tile that a kept plan
 * says is taken if it is one of those that would be tried, and nothing else is tried then.
 */
export const kernelInLanes = (k: PlanKernel, o: Dim.Sizes, wanted?: Tile, kept?: Tile): LanesKernel => {
  if (wanted !== undefined) return write(k, o, wanted)
  const tiles = candidates(k, o)
  const known = kept === undefined ? undefined : tiles.find((tile) => sameTile(tile, kept))
  const all = (known === undefined ? tiles : [known]).map((tile) => write(k, o, tile))
  return all.reduce((best, each) => (each.cycles < best.cycles ? each : best))
}
