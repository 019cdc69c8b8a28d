/** Expressions as WebAssembly: four lanes where neighbours share a vector, else one number. */

import { isSafe } from '../../schedules/nest'
import type { Node, Test } from '../../schedules/node'
import * as N from '../../schedules/node'
import type { Place } from '../../schedules/place'
import * as P from '../../schedules/place'
import * as W from './code'
import type { OperationName } from './operations'
import {
  addressOf,
  arrayLocal,
  keep,
  lookUp,
  placeKey,
  type Scope,
  type Shift,
  typeIn,
  variable,
  within
} from './scope'
import { special } from './special'

/** Makes a reduction known for every place of the scope's tile. */
export type Reduce = (s: Scope, n: Extract<Node, { _tag: 'reduce' }>) => void

type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'sqrt' | 'neg'

/** An operation on vectors or on single numbers, whichever the scope has. */
export const arithmetic = (s: Scope, name: Arithmetic, ...args: readonly W.Value[]): W.Value => ({
  _tag: 'op',
  type: typeIn(s),
  name: `${s.lanes === null ? 'f32' : 'f32x4'}.${name}` as OperationName,
  args
})

// --- places ----------------------------------------------------------------------------------------------------------

/** A place as a whole number, `lane` steps along the lanes. */
const whole = (s: Scope, p: Place, shift: Shift, lane = 0): W.Value<'i32'> => {
  const of = (q: Place): W.Value<'i32'> => whole(s, q, shift, lane)
  switch (p._tag) {
    case 'affine':
      return Object.entries(p.of.strides).reduce((total, [loop, stride]) => {
        const place = W.plus(variable(s, loop, shift), W.int(loop === s.lanes ? lane : 0))
        return W.plus(total, W.times(place, stride))
      }, W.int(p.of.constant))
    case 'plus':
      return W.plus(of(p.left), of(p.right))
    case 'times':
      return W.times(of(p.of), p.by)
    case 'quotient':
      return W.op('i32.div_u', of(p.of), W.int(p.by))
    case 'remainder':
      return W.op('i32.rem_u', of(p.of), W.int(p.by))
  }
}

const alongLanes = (s: Scope, p: Place): number | null => {
  if (s.lanes === null) return 0
  if (p._tag === 'affine') return p.of.strides[s.lanes] ?? 0
  return P.loopsOf(p).includes(s.lanes) ? null : 0
}

/** Four numbers from four places. */
const gathered = (at: (lane: number) => { readonly at: W.Value<'i32'>; readonly offset: number }): W.Value => {
  const first = at(0)
  return [1, 2, 3].reduce<W.Value<'v128'>>(
    (vector, lane) => {
      const place = at(lane)
      return W.lane('f32x4.replace_lane', lane, vector, W.load('f32.load', place.at, place.offset))
    },
    W.load('v128.load32_zero', first.at, first.offset)
  )
}

const read = (s: Scope, n: Extract<Node, { _tag: 'read' }>, shift: Shift): W.Value => {
  const stride = alongLanes(s, n.at)
  if (n.at._tag === 'affine') {
    const { of } = n.at
    const { at, offset } = addressOf(s, n.array, of, shift)
    if (s.lanes === null) return W.load('f32.load', at, offset)
    if (stride === 0) return W.load('v128.load32_splat', at, offset)
    if (stride === 1) return W.load('v128.load', at, offset)
    const { lanes } = s
    return gathered((lane) => addressOf(s, n.array, of, { ...shift, [lanes]: (shift[lanes] ?? 0) + lane }))
  }
  const place = (lane: number) => ({
    at: W.plus(W.get(arrayLocal(n.array)), W.times(whole(s, n.at, shift, lane), 4)),
    offset: 0
  })
  if (s.lanes === null) return W.load('f32.load', place(0).at)
  return stride === 0 ? W.load('v128.load32_splat', place(0).at) : gathered(place)
}

// --- conditions ------------------------------------------------------------------------------------------------------

/** Left minus right, which is below zero or zero where the test holds. */
const difference = (t: Test): Place => P.plus(t.left, P.times(t.right, -1))

const holds = (s: Scope, t: Test, shift: Shift): W.Value<'i32'> => {
  const apart = difference(t)
  if (apart._tag === 'affine') {
    const value = whole(s, apart, shift)
    return t._tag === 'less' ? W.op('i32.lt_s', value, W.int(0)) : W.op('i32.eqz', value)
  }
  const [left, right] = [whole(s, t.left, shift), whole(s, t.right, shift)]
  return t._tag === 'less' ? W.op('i32.lt_s', left, right) : W.op('i32.eq', left, right)
}

/** All ones in the lanes where the test holds. */
const mask = (s: Scope, t: Test, shift: Shift): W.Value<'v128'> => {
  const apart = difference(t)
  const step = alongLanes(s, apart) ?? 0
  const first = W.op('i32x4.splat', whole(s, apart, shift))
  const value = W.op('i32x4.add', first, W.ints(0, step, 2 * step, 3 * step))
  return W.op(t._tag === 'less' ? 'i32x4.lt_s' : 'i32x4.eq', value, W.ints(0, 0, 0, 0))
}

// --- values ----------------------------------------------------------------------------------------------------------

/** A factor of minus one becomes a subtraction. */
const negative = (n: Node): Node | null => {
  if (n._tag !== 'multiply') return null
  const [first, ...rest] = n.of
  if (first?._tag !== 'number' || first.value !== -1) return null
  return rest.length === 1 ? (rest[0] as Node) : { ...n, of: rest }
}

export const valueWith = (reduce: Reduce) => {
  /** A condition that is no mask: statements on either side, for all places of the tile that share it. */
  const branch = (s: Scope, n: Extract<Node, { _tag: 'where' }>, shift: Shift): void => {
    const own = placeKey(s, { ...n, of: [N.number(0), N.number(0)] }, shift)
    const group = s.tile.filter((t) => placeKey(s, { ...n, of: [N.number(0), N.number(0)] }, t) === own)
    const tile = group.length === 0 ? [shift] : group
    const results = new Map<string, W.Local>()
    for (const t of tile) {
      const key = placeKey(s, n, t)
      if (!results.has(key)) results.set(key, W.local(s.kernel.fresh(), typeIn(s)))
    }
    const side = (part: Node): readonly W.Statement[] => {
      const inner = within(s, { tile })
      const done = new Set<string>()
      for (const t of tile) {
        const key = placeKey(s, n, t)
        if (done.has(key)) continue
        done.add(key)
        const result = value(inner, part, t)
        inner.out.push(W.set(results.get(key) as W.Local, result))
      }
      return inner.out
    }
    s.out.push(W.branch(holds(s, n.when, shift), side(n.of[0]), side(n.of[1])))
    for (const [key, result] of results) s.known.set(key, result)
  }

  const where = (s: Scope, n: Extract<Node, { _tag: 'where' }>, shift: Shift): W.Value => {
    const safe = N.reduces(n).length === 0 && N.reads(n).every(isSafe(s.kernel.extents))
    if (!safe) {
      branch(s, n, shift)
      return lookUp(s, placeKey(s, n, shift)) as W.Value
    }
    const [yes, no] = n.of.map((part) => value(s, part, shift)) as [W.Value, W.Value]
    if (s.lanes !== null && [n.when.left, n.when.right].some((p) => P.loopsOf(p).includes(s.lanes as string))) {
      return W.op('v128.bitselect', yes as W.Value<'v128'>, no as W.Value<'v128'>, mask(s, n.when, shift))
    }
    return W.select(holds(s, n.when, shift), yes, no)
  }

  const made = (s: Scope, n: Node, shift: Shift): W.Value => {
    const of = (part: Node): W.Value => value(s, part, shift)
    switch (n._tag) {
      case 'number':
        return s.lanes === null ? W.single(n.value) : W.four(n.value)
      case 'read':
        return read(s, n, shift)
      case 'reduce': {
        reduce(s, n)
        return lookUp(s, placeKey(s, n, shift)) as W.Value
      }
      case 'add':
        return n.of.slice(1).reduce(
          (total, term) => {
            const positive = negative(term)
            return positive === null ? arithmetic(s, 'add', total, of(term)) : arithmetic(s, 'sub', total, of(positive))
          },
          of(n.of[0] as Node)
        )
      case 'multiply': {
        const positive = negative(n)
        if (positive !== null) return arithmetic(s, 'neg', of(positive))
        return n.of.slice(1).reduce((total, f) => arithmetic(s, 'mul', total, of(f)), of(n.of[0] as Node))
      }
      case 'divide':
        return arithmetic(s, 'div', of(n.of[0]), of(n.of[1]))
      case 'largest':
        return arithmetic(s, 'max', of(n.of[0]), of(n.of[1]))
      case 'apply': {
        const argument = of(n.of[0])
        return n.what === 'sqrt' ? arithmetic(s, 'sqrt', argument) : special(s, n.what, argument)
      }
      case 'where':
        return where(s, n, shift)
    }
  }

  /** Whether a value is worth a local: what is read, and what is dear. Sums and products of such are written out. */
  const isKept = (n: Node): boolean => n._tag !== 'number' && n._tag !== 'add' && n._tag !== 'multiply'

  /** The value of a node at a place of the tile, computed at most once. */
  const value = (s: Scope, n: Node, shift: Shift): W.Value => {
    if (n._tag === 'number') return made(s, n, shift)
    const key = placeKey(s, n, shift)
    const before = lookUp(s, key)
    if (before !== undefined) return before
    const now = made(s, n, shift)
    return isKept(n) && lookUp(s, key) === undefined ? keep(s, key, now) : now
  }
  return value
}

export type Value = ReturnType<typeof valueWith>
