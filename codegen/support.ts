/**
 * Keep only what is not zero: a value `[i = n] y[c]` is nonzero at one place of an axis. Only `y` is computed, its
 * readers put the condition where they read it, and a sum over that axis is the one turn that counts. Cotangents of a
 * model that is read at its query begin like this, and all of its last layer's stay narrow.
 */
import * as Dim from '../spec/dim'
import type { Equation, Equations, Tensor } from './equation'
import * as X from './expr'
import { mapSame } from './same'
import { simplify } from './simplify'

/** `conditions` hold, or the value is 0. */
interface Guarded {
  readonly conditions: readonly X.Condition[]
  readonly body: X.Expr
}

const isZero = (e: X.Expr): boolean => e._tag === 'number' && e.value === 0

const same = (p: unknown, q: unknown): boolean => JSON.stringify(p) === JSON.stringify(q)

const guardedOf = (e: X.Expr): Guarded => {
  if (e._tag !== 'where' || !isZero(e.no)) return { conditions: [], body: e }
  const { conditions, body } = guardedOf(e.yes)
  return { conditions: [e.when, ...conditions.filter((c) => !same(c, e.when))], body }
}

const guard = (conditions: readonly X.Condition[], body: X.Expr): X.Expr =>
  conditions.reduceRight<X.Expr>((yes, when) => ({ _tag: 'where', when, yes, no: X.zero }), body)

const mentions = (p: X.Position, names: readonly string[]): boolean => {
  let found = false
  X.mapIndex((i) => {
    found ||= names.includes(i.name)
    return i
  })(p)
  return found
}

/** The index and the place that `i = n` ties it to, if the place is surely on its axis. */
const tie = (c: X.Condition): { readonly index: X.Index; readonly place: X.Position } | null => {
  if (c._tag !== 'equal') return null
  const [index, place] = c.left._tag === 'index' ? [c.left, c.right] : [c.right, c.left]
  if (index._tag !== 'index' || place._tag !== 'size') return null
  const room = Dim.asConstant(Dim.subtract(index.dim, place.dim))
  return room !== undefined && room > 0 && place.dim.terms.every((t) => t.coefficient > 0) ? { index, place } : null
}

const put = (name: string, place: X.Position): ((e: X.Expr) => X.Expr) =>
  X.mapPositions(X.mapIndex((i) => (i.name === name ? place : i)))

/** A sum of guarded turns: conditions on other indices go around it, and one that ties an index leaves one turn of it. */
const sumOf = (e: Extract<X.Expr, { _tag: 'sum' }>): X.Expr => {
  let { conditions, body } = guardedOf(e.body)
  let over = e.over
  for (const c of conditions) {
    const tied = tie(c)
    if (tied === null || !over.some((i) => i.name === tied.index.name)) continue
    over = over.filter((i) => i.name !== tied.index.name)
    const at = put(tied.index.name, tied.place)
    const rest = conditions.filter((other) => other !== c)
    ;({ conditions, body } = guardedOf(at(guard(rest, body))))
    return narrowed({ _tag: 'sum', over, body: guard(conditions, body) })
  }
  const names = over.map((i) => i.name)
  const own = conditions.filter((c) => mentions(c.left, names) || mentions(c.right, names))
  const others = conditions.filter((c) => !own.includes(c))
  const inner = guard(own, body)
  return guard(others, over.length === 0 ? inner : { ...e, over, body: inner })
}

/** Conditions whose alternative is 0 moved outwards, as far as they go. */
const narrowed = (e: X.Expr): X.Expr => {
  const inner = X.mapParts(narrowed)(e)
  switch (inner._tag) {
    case 'multiply': {
      const factors = inner.factors.map(guardedOf)
      const conditions = factors.flatMap((f) => f.conditions)
      const once = conditions.filter((c, k) => conditions.findIndex((other) => same(c, other)) === k)
      return guard(once, X.multiply(...factors.map((f) => f.body)))
    }
    case 'divide': {
      const { conditions, body } = guardedOf(inner.over)
      return guard(conditions, X.divide(body, inner.by))
    }
    case 'add': {
      const terms = inner.terms.map(guardedOf)
      const shared = (terms[0]?.conditions ?? []).filter((c) =>
        terms.every((t) => t.conditions.some((d) => same(c, d)))
      )
      const rest = terms.map((t) =>
        guard(
          t.conditions.filter((c) => !shared.some((d) => same(c, d))),
          t.body
        )
      )
      return shared.length === 0 ? inner : guard(shared, X.add(...rest))
    }
    case 'sum':
      return sumOf(inner)
    default:
      return inner
  }
}

/** What is left of a tensor: its axes that are tied, and where. */
type Ties = ReadonlyMap<number, X.Position>

export const support = (e: Equations): Equations => {
  const kept = new Set([...e.outputs, ...e.updates.map((u) => u.output)])
  const tensors: Record<string, Tensor> = { ...e.tensors }
  const narrow = new Map<string, Ties>()
  const guardedReads = (value: X.Expr): X.Expr =>
    X.mapReads((r) => {
      const ties = narrow.get(r.tensor)
      if (ties === undefined) return r
      const conditions = [...ties].map(
        ([axis, place]): X.Condition => ({ _tag: 'equal', left: r.at[axis] as X.Position, right: place })
      )
      return guard(conditions, { ...r, at: r.at.filter((_, axis) => !ties.has(axis)) })
    })(value)
  const equations = mapSame(e.equations, (eq): Equation => {
    const reads = narrow.size > 0 && X.tensors(eq.value).some((name) => narrow.has(name))
    const value = reads ? simplify(narrowed(simplify(guardedReads(eq.value)))) : eq.value
    const { conditions, body } = guardedOf(value)
    const ties = new Map<number, X.Position>()
    let inside = body
    const left: X.Condition[] = []
    for (const c of conditions) {
      const tied = tie(c)
      const axis = tied === null ? -1 : eq.over.findIndex((i) => i.name === tied.index.name)
      if (tied === null || axis < 0 || ties.has(axis)) left.push(c)
      else {
        ties.set(axis, tied.place)
        inside = put(tied.index.name, tied.place)(inside)
      }
    }
    if (ties.size === 0 || kept.has(eq.defines)) return value === eq.value ? eq : { ...eq, value }
    narrow.set(eq.defines, ties)
    const over = eq.over.filter((_, axis) => !ties.has(axis))
    tensors[eq.defines] = { ...(tensors[eq.defines] as Tensor), dims: over.map((i) => i.dim) }
    const own = [...ties].reduce<X.Expr>(
      (whole, [axis, place]) => put((eq.over[axis] as X.Index).name, place)(whole),
      guard(left, inside)
    )
    return { ...eq, over, value: simplify(own) }
  })
  return equations === e.equations ? e : { ...e, tensors, equations }
}
