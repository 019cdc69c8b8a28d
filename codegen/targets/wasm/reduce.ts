/** Reductions of a whole tile: accumulators in registers, loops, and lanes added up where a loop of the sum fills them. */

import { type Reduction, width } from '../../schedules/nest'
import type { Loop, Node } from '../../schedules/node'
import * as N from '../../schedules/node'
import * as W from './code'
import { counted, keep, lookUp, placeKey, type Scope, type Shift, typeIn, within } from './scope'
import { arithmetic, type Value } from './value'

type Reduce = Extract<Node, { _tag: 'reduce' }>

const initial = (s: Scope, n: Reduce): W.Value => {
  const value = n.by === 'sum' ? 0 : Number.NEGATIVE_INFINITY
  return s.lanes === null ? W.single(value) : W.four(value)
}

const into = (s: Scope, n: Reduce, total: W.Local, more: W.Value): W.Statement =>
  W.set(total, arithmetic(s, n.by === 'sum' ? 'add' : 'max', W.get(total), more))

/** One accumulator for every place of the tile that differs, and the place it is for. */
interface Accumulator {
  readonly key: string
  readonly shift: Shift
  readonly total: W.Local
}

const accumulators = (s: Scope, n: Reduce, tile: readonly Shift[]): readonly Accumulator[] => {
  const made = new Map<string, Accumulator>()
  for (const shift of tile) {
    const key = placeKey(s, n, shift)
    if (!made.has(key)) made.set(key, { key, shift, total: W.local(s.kernel.fresh(), typeIn(s)) })
  }
  return [...made.values()]
}

const remember = (s: Scope, value: Value, n: Node, shift: Shift): void => {
  const key = placeKey(s, n, shift)
  if (lookUp(s, key) !== undefined) return
  const now = value(s, n, shift)
  if (lookUp(s, key) === undefined) keep(s, key, now)
}

/** Parts of the body that do not change in these loops are computed before them. */
const hoisted = (s: Scope, value: Value, body: Node, loops: readonly Loop[], tile: readonly Shift[]): void => {
  const changes = (n: Node): boolean => loops.some((l) => N.loopsOf(n).has(l.name))
  const visit = (n: Node): void => {
    if (n._tag === 'number' || n._tag === 'where') return
    if (changes(n)) for (const part of N.parts(n)) visit(part)
    else for (const shift of tile) remember(s, value, n, shift)
  }
  if (changes(body)) for (const part of N.parts(body)) visit(part)
}

/** Sums of so few terms are written out. */
const mostWritten = 2

/** The loops around `body`, outermost first; the last may run several numbers at a time. */
const looped = (
  s: Scope,
  value: Value,
  n: Reduce,
  loops: readonly Loop[],
  tile: readonly Shift[],
  body: (inner: Scope, shift: Shift) => void,
  shift: Shift = {}
): void => {
  const [first, ...rest] = loops
  if (first === undefined) {
    body(s, shift)
    return
  }
  if (first.size <= mostWritten && rest.length === 0) {
    for (let at = 0; at < first.size; at++) {
      const own = { ...shift, [first.name]: at }
      const inner = within(s, { tile: tile.map((t) => ({ ...t, ...own })) })
      inner.variables.set(first.name, W.int(0))
      body(inner, own)
      s.out.push(...inner.out)
    }
    return
  }
  hoisted(s, value, n.body, loops, tile)
  counted(s, first.name, first.size, 1, (inner) => looped(inner, value, n, rest, tile, body, shift))
}

/** Lanes hold neighbours of the output, or there are none: one accumulator a place of the tile. */
const plain = (s: Scope, value: Value, n: Reduce): void => {
  const all = accumulators(s, n, s.tile)
  for (const { total } of all) s.out.push(W.set(total, initial(s, n)))
  const tile = all.map((a) => a.shift)
  const inner = within(s, { tile })
  // See Note [The order of a tile].
  const order = s.kernel.region.value === n ? all : [...all].reverse()
  looped(inner, value, n, n.over, tile, (deep, more) => {
    for (const { total, shift } of order)
      deep.out.push(into(deep, n, total, value(deep, n.body, { ...shift, ...more })))
  })
  s.out.push(...inner.out)
  for (const { key, total } of all) s.known.set(key, total)
}

// --- lanes along the sum ---------------------------------------------------------------------------------------------

/** Keeps the last `count` lanes of a value, the others become what changes nothing. */
const lastLanes = (n: Reduce, value: W.Value<'v128'>, count: number): W.Value => {
  const [p, q, r, t] = [0, 1, 2, 3].map((lane) => (lane >= width - count ? -1 : 0)) as [number, number, number, number]
  const mask = W.ints(p, q, r, t)
  return n.by === 'sum'
    ? W.op('v128.and', value, mask)
    : W.op('v128.bitselect', value, W.four(Number.NEGATIVE_INFINITY), mask)
}

type Pair = 'f32x4.add' | 'f32x4.max'

/** The reductions of four vectors as the lanes of one. */
const crosswise = (name: Pair, of: readonly W.Value<'v128'>[], s: Scope): W.Value<'v128'> => {
  const pair = (p: W.Value<'v128'>, q: W.Value<'v128'>): W.Value<'v128'> =>
    W.op(name, W.shuffle32([0, 4, 1, 5], p, q), W.shuffle32([2, 6, 3, 7], p, q))
  const [p, q, r, t] = of as [W.Value<'v128'>, W.Value<'v128'>, W.Value<'v128'>, W.Value<'v128'>]
  const [low, high] = [W.local(s.kernel.fresh(), 'v128'), W.local(s.kernel.fresh(), 'v128')]
  s.out.push(W.set(low, pair(p, q)), W.set(high, pair(r, t)))
  return W.op(
    name,
    W.shuffle32([0, 1, 4, 5], W.get(low), W.get(high)),
    W.shuffle32([2, 3, 6, 7], W.get(low), W.get(high))
  )
}

/** The reduction of one vector. */
const across = (name: Pair, of: W.Local<'v128'>, s: Scope): W.Value<'f32'> => {
  const half = W.local(s.kernel.fresh(), 'v128')
  s.out.push(W.set(half, W.op(name, W.get(of), W.shuffle32([2, 3, 2, 3], W.get(of), W.get(of)))))
  const both = W.op(name, W.get(half), W.shuffle32([1, 1, 1, 1], W.get(half), W.get(half)))
  return W.lane('f32x4.extract_lane', 0, both)
}

/** Lanes hold neighbours of a loop of the sum: as many vectors a place as it has numbers, added up across at the end. */
const spread = (s: Scope, value: Value, n: Reduce, lanes: string): void => {
  const name: Pair = n.by === 'sum' ? 'f32x4.add' : 'f32x4.max'
  const output = s.lanes
  const places = accumulators(s, n, s.tile)
  const numbers = output === null ? [0] : [0, 1, 2, 3]
  const lane = n.over.find((l) => l.name === lanes) as Loop
  const outer = n.over.filter((l) => l !== lane)
  const deep = within(s, { lanes })
  const shiftOf = (shift: Shift, k: number): Shift =>
    output === null ? shift : { ...shift, [output]: (shift[output] ?? 0) + k }
  const parts = new Map<string, W.Local>()
  const partKey = (shift: Shift): string => placeKey(deep, n, shift)
  for (const { shift } of places) {
    for (const k of numbers) {
      const key = partKey(shiftOf(shift, k))
      if (!parts.has(key)) parts.set(key, W.local(s.kernel.fresh(), 'v128'))
    }
  }
  const all = [
    ...new Map(places.flatMap((p) => numbers.map((k) => [partKey(shiftOf(p.shift, k)), shiftOf(p.shift, k)] as const)))
  ]
  const tile = all.map(([, shift]) => shift)
  for (const [, part] of parts) deep.out.push(W.set(part, initial(deep, n)))
  const inner = within(deep, { tile })
  looped(inner, value, n, outer, tile, (around, more) => {
    hoisted(around, value, n.body, [lane], tile)
    const turns = Math.floor(lane.size / width)
    const { after } = counted(around, lanes, turns, width, (turn) => {
      for (const [key, shift] of all) {
        turn.out.push(into(turn, n, parts.get(key) as W.Local, value(turn, n.body, { ...shift, ...more })))
      }
    })
    const left = lane.size - turns * width
    if (left === 0) return
    for (const [key, shift] of all) {
      const rest = value(after, n.body, { ...shift, ...more, [lanes]: left - width }) as W.Value<'v128'>
      after.out.push(into(after, n, parts.get(key) as W.Local, lastLanes(n, rest, left)))
    }
    around.out.push(...after.out)
  })
  s.out.push(...deep.out, ...inner.out)
  for (const { key, shift, total } of places) {
    const own = numbers.map((k) => parts.get(partKey(shiftOf(shift, k))) as W.Local<'v128'>)
    const result = output === null ? across(name, own[0] as W.Local<'v128'>, s) : crosswise(name, own.map(W.get), s)
    s.out.push(W.set(total, result))
    s.known.set(key, total)
  }
}

/** Makes a reduction known for every place of the scope's tile, in the way the nest says. */
export const reduceWith =
  (value: () => Value, way: (n: Reduce) => Reduction) =>
  (s: Scope, n: Reduce): void => {
    const { lanes } = way(n)
    if (lanes === null) plain(s, value(), n)
    else spread(s, value(), n, lanes)
  }

// Note [The order of a tile]
// V8 keeps loads in the order in which they stand, and moves the products and sums of a turn to its end: by the first
// accumulator first where those are stored as they are, by the last one first where something is computed of them. Only if
// both orders agree are a turn's loads spread among its products. On a core of Zen 4, which loads few vectors while it
// multiplies, a tile of 2 x 4 gives 45 GFLOP/s so, and 41 with all loads first.
