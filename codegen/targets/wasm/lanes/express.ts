/**
 * Expressions in lanes: every value is a vector of one number for each of four systems. A tile of neighbouring elements is
 * written together, so that what they share is loaded once.
 */
import type * as Dim from '../../../../spec/dim'
import * as X from '../../../expr'
import { indicesIn } from '../../../schedules/affine'
import { branch, four, get, int, type Local, op, plus, set, type Value } from '../code'
import { type Affine, add, codeOf, constant, holds, key, multiply, resolve, type Scope, sizeOf } from './affine'
import { element, fresh, guarded, spend, turn, type Writer } from './writer'

/** Sums of so few terms are written out. */
const short = 3
/** What a maximum starts from. */
const lowest = -(2 - 2 ** -23) * 2 ** 127

type Vector = Value<'v128'>

const binary = (
  w: Writer,
  name: 'f32x4.add' | 'f32x4.sub' | 'f32x4.mul' | 'f32x4.div' | 'f32x4.max',
  p: Vector,
  q: Vector
) => {
  spend(w, 1)
  return op(name, p, q)
}

// --- positions -------------------------------------------------------------------------------------------------------

const positionCode = (p: Affine): Value<'i32'> => {
  const moved = codeOf(p.terms, 1)
  return moved === null ? int(p.base) : plus(moved, int(p.base))
}

/** A position, with the quotients and remainders that only running code knows in counters of their own. */
const place = (w: Writer, sizes: Dim.Sizes, scope: Scope, p: X.Position): Affine => {
  const known = resolve(sizes, scope, p)
  if (known !== null) return known
  switch (p._tag) {
    case 'index':
    case 'size':
      throw new Error('internal: a position without a value')
    case 'plus':
      return add(place(w, sizes, scope, p.left), place(w, sizes, scope, p.right))
    case 'times':
      return multiply(place(w, sizes, scope, p.of), sizeOf(sizes, p.by))
    case 'quotient':
    case 'remainder': {
      const [of, by] = [place(w, sizes, scope, p.of), sizeOf(sizes, p.by)]
      const counter = fresh(w, p._tag, 'i32')
      w.computed.add(counter.name)
      w.out.push(set(counter, op(p._tag === 'quotient' ? 'i32.div_u' : 'i32.rem_u', positionCode(of), int(by))))
      spend(w, 10)
      return { base: 0, terms: [{ counter, by: 1, least: 0, most: p._tag === 'remainder' ? by - 1 : 2 ** 31 }] }
    }
  }
}

// --- expressions -----------------------------------------------------------------------------------------------------

const mentioned = new WeakMap<X.Expr, readonly string[]>()

/** The indices that an expression mentions, bound ones among them; every tile of a kernel asks for them again. */
const mentions = (e: X.Expr): readonly string[] => {
  const known = mentioned.get(e)
  if (known !== undefined) return known
  const own =
    e._tag === 'read'
      ? e.at.flatMap(indicesIn)
      : e._tag === 'where'
        ? [e.when.left, e.when.right].flatMap(indicesIn)
        : []
  const found = [...new Set([...own, ...X.parts(e).flatMap(mentions)])]
  mentioned.set(e, found)
  return found
}

/** An expression without its leading minus, or undefined if it has none. */
const negated = (e: X.Expr): X.Expr | undefined => {
  if (e._tag !== 'multiply') return undefined
  const [first, ...rest] = e.factors
  if (first?._tag !== 'number' || first.value >= 0) return undefined
  return X.multiply(...(first.value === -1 ? rest : [X.number(-first.value), ...rest]))
}

/** The values of an expression at every scope of a tile; equal ones are computed once. */
export const values = (w: Writer, o: Dim.Sizes, e: X.Expr, tile: readonly Scope[]): readonly Vector[] => {
  const names = mentions(e)
  const ids = tile.map((scope) => names.map((name) => pipeKey(scope.get(name))).join(' '))
  const distinct = ids.flatMap((id, k) => (ids.indexOf(id) === k ? [k] : []))
  if (distinct.length === tile.length) return computed(w, o, e, tile)
  const own = computed(
    w,
    o,
    e,
    distinct.map((k) => tile[k] as Scope)
  ).map((v) => kept(w, v))
  return ids.map((id) => get(own[distinct.indexOf(ids.indexOf(id))] as Local<'v128'>))
}

const pipeKey = (p: Affine | undefined): string => (p === undefined ? '' : key(p))

/** A value in a local, so that it may be used twice. */
const kept = (w: Writer, v: Vector): Local<'v128'> => {
  if (v._tag === 'get') return v.local as Local<'v128'>
  const own = fresh(w, 'value', 'v128')
  w.out.push(set(own, v))
  return own
}

const computed = (w: Writer, o: Dim.Sizes, e: X.Expr, tile: readonly Scope[]): readonly Vector[] => {
  const of = (part: X.Expr): readonly Vector[] => values(w, o, part, tile)
  const folded = (name: 'f32x4.add' | 'f32x4.mul', parts: readonly X.Expr[]): readonly Vector[] => {
    const all = parts.map(of)
    return tile.map((_, t) => all.map((v) => v[t] as Vector).reduce((p, q) => binary(w, name, p, q)))
  }
  switch (e._tag) {
    case 'number':
      return tile.map(() => four(e.value))
    case 'extent':
      return tile.map(() => four(sizeOf(o, e.dim)))
    case 'read':
      return tile.map((scope) => read(w, o, e, scope))
    case 'add': {
      const signed = e.terms.map((t) => ({ minus: negated(t), own: t }))
      const all = signed.map(({ minus, own }) => of(minus ?? own))
      const zero = four(0)
      return tile.map(
        (_, t) =>
          signed.reduce<Vector | null>((sum, { minus }, k) => {
            const own = all[k]?.[t] as Vector
            if (minus !== undefined) return binary(w, 'f32x4.sub', sum ?? zero, own)
            return sum === null ? own : binary(w, 'f32x4.add', sum, own)
          }, null) ?? zero
      )
    }
    case 'multiply': {
      const minus = e.factors[0]?._tag === 'number' && e.factors[0].value === -1 ? negated(e) : undefined
      if (minus === undefined) return folded('f32x4.mul', e.factors)
      return of(minus).map((v) => op('f32x4.neg', v))
    }
    case 'divide': {
      const [over, by] = [of(e.over), of(e.by)]
      return tile.map((_, t) => binary(w, 'f32x4.div', over[t] as Vector, by[t] as Vector))
    }
    case 'sqrt':
      spend(w, tile.length)
      return of(e.of).map((v) => op('f32x4.sqrt', v))
    case 'largest': {
      const [p, q] = [of(e.of[0]), of(e.of[1])]
      return tile.map((_, t) => binary(w, 'f32x4.max', p[t] as Vector, q[t] as Vector))
    }
    case 'sum':
    case 'max':
      return reduced(w, o, e, tile)
    case 'exp':
    case 'erf':
    case 'tanh':
      throw new Error(`internal: ${e._tag} in lanes`)
    case 'where':
      return chosen(w, o, e, tile)
  }
}

/** An element; the system's own index, `s`, is the lane. */
const read = (w: Writer, o: Dim.Sizes, e: Extract<X.Expr, { _tag: 'read' }>, scope: Scope): Vector => {
  const array = w.arrays.get(e.tensor)
  const at = array?.lanes === true ? e.at.slice(1) : e.at
  const where = at.reduce(
    (sum, p, axis) => add(sum, multiply(place(w, o, scope, p), array?.strides[axis] ?? 0)),
    constant(0)
  )
  return element(w, e.tensor, where)
}

/** Each sum or maximum in an accumulator of its own, all in the same loops. */
const reduced = (w: Writer, o: Dim.Sizes, e: X.Reduction, tile: readonly Scope[]): readonly Vector[] => {
  const totals = tile.map(() => fresh(w, e._tag === 'sum' ? 'sum' : 'top', 'v128'))
  for (const total of totals) w.out.push(set(total, four(e._tag === 'sum' ? 0 : lowest)))
  accumulate(w, o, e, e.over, tile, totals)
  return totals.map(get)
}

const accumulate = (
  w: Writer,
  o: Dim.Sizes,
  e: X.Reduction,
  over: readonly X.Index[],
  tile: readonly Scope[],
  totals: readonly Local<'v128'>[]
): void => {
  const [index, ...rest] = over
  if (index === undefined) {
    const minus = e._tag === 'sum' ? negated(e.body) : undefined
    const name = e._tag === 'max' ? 'f32x4.max' : minus === undefined ? 'f32x4.add' : 'f32x4.sub'
    for (const [t, v] of values(w, o, minus ?? e.body, tile).entries()) {
      const total = totals[t] as Local<'v128'>
      w.out.push(set(total, binary(w, name, get(total), v)))
    }
    w.spent.accumulators = Math.max(w.spent.accumulators, totals.length)
    w.spent.chain++
    return
  }
  const extent = sizeOf(o, index.dim)
  const bound = (at: Affine): readonly Scope[] => tile.map((scope) => new Map([...scope, [index.name, at]]))
  if (extent <= short) {
    for (let k = 0; k < extent; k++) accumulate(w, o, e, rest, bound(constant(k)), totals)
    return
  }
  turn(w, index.name, extent, 1, (inner, counter) => {
    const at: Affine = { base: 0, terms: [{ counter, by: 1, least: 0, most: extent - 1 }] }
    accumulate(inner, o, e, rest, bound(at), totals)
  })
}

/** A choice: settled now where the ranges settle it, else a branch for every element. */
const chosen = (
  w: Writer,
  o: Dim.Sizes,
  e: Extract<X.Expr, { _tag: 'where' }>,
  tile: readonly Scope[]
): readonly Vector[] => {
  const conditions = tile.map((scope) => {
    const [left, right] = [place(w, o, scope, e.when.left), place(w, o, scope, e.when.right)]
    return { left, right, known: holds(e.when._tag, left, right) }
  })
  const settled = (known: boolean): readonly number[] => conditions.flatMap((c, k) => (c.known === known ? [k] : []))
  const found: Vector[] = []
  for (const [known, part] of [
    [true, e.yes],
    [false, e.no]
  ] as const) {
    const which = settled(known)
    const own =
      which.length === 0
        ? []
        : values(
            w,
            o,
            part,
            which.map((k) => tile[k] as Scope)
          )
    for (const [at, k] of which.entries()) found[k] = own[at] as Vector
  }
  for (const [k, { left, right, known }] of conditions.entries()) {
    if (known !== null) continue
    const pick = fresh(w, 'pick', 'v128')
    const side = (part: X.Expr) =>
      guarded(w, (inner) => {
        const [v] = values(inner, o, part, [tile[k] as Scope])
        inner.out.push(set(pick, v as Vector))
      })
    const name = e.when._tag === 'less' ? 'i32.lt_s' : 'i32.eq'
    w.out.push(branch(op(name, positionCode(left), positionCode(right)), side(e.yes), side(e.no)))
    spend(w, 4)
    found[k] = get(pick)
  }
  return found
}
