/**
 * Expressions: what an equation says of one element. Tensors are read at index expressions, sums run over named indices,
 * and sizes stay symbolic. Plain data with smart constructors; see `codegen/equation` for the equations themselves.
 */
import * as Dim from '../spec/dim'
import type { Condition, Expr, Index, Position, Read, Reduction } from './expr/model'
import { mapSame } from './same'

export type * from './expr/model'

// --- model -----------------------------------------------------------------------------------------------------------

/** What smart constructors take for an expression: a number stands for itself. */
export type Term = Expr | number
/** What smart constructors take for a position. */
export type At = Position | Dim.Dim | number

// --- constructors ----------------------------------------------------------------------------------------------------

export const index = (name: string, dim: Dim.Dim | number): Index => ({ _tag: 'index', name, dim: Dim.of(dim) })

export const position = (at: At): Position =>
  typeof at === 'number' || at._tag === 'dim' ? { _tag: 'size', dim: Dim.of(at) } : at

export const plus = (left: At, right: At): Position => ({ _tag: 'plus', left: position(left), right: position(right) })
export const minus = (left: At, right: Dim.Dim | number): Position => plus(left, Dim.times(-1, right))
export const timesBy = (of: At, by: Dim.Dim | number): Position => ({
  _tag: 'times',
  of: position(of),
  by: Dim.of(by)
})
export const quotient = (of: At, by: Dim.Dim): Position => ({ _tag: 'quotient', of: position(of), by })
export const remainder = (of: At, by: Dim.Dim): Position => ({ _tag: 'remainder', of: position(of), by })

export const number = (value: number): Expr => ({ _tag: 'number', value })
export const extent = (dim: Dim.Dim): Expr => ({ _tag: 'extent', dim })
export const expr = (term: Term): Expr => (typeof term === 'number' ? number(term) : term)
export const zero: Expr = number(0)

/** `const X = tensor('X')`, then `X(s, i, c)` reads one element. */
export const tensor =
  (name: string) =>
  (...at: readonly At[]): Expr => ({ _tag: 'read', tensor: name, at: at.map(position) })

/** `sum([c, d], P(c, d), e(d))`: the sum over the indices of the product of the factors. */
export const sum = (over: readonly Index[], ...factors: readonly Term[]): Expr => {
  const body = multiply(...factors)
  return over.length === 0 ? body : { _tag: 'sum', over, body }
}

/** `max([k], S(i, k))`: the largest of the body's values; the indices run over at least one place. */
export const max = (over: readonly Index[], body: Term): Expr =>
  over.length === 0 ? expr(body) : { _tag: 'max', over, body: expr(body) }

export const add = (...terms: readonly Term[]): Expr => {
  const all = terms.map(expr)
  return all.length === 1 ? (all[0] ?? zero) : { _tag: 'add', terms: all }
}

export const multiply = (...factors: readonly Term[]): Expr => {
  const all = factors.map(expr)
  return all.length === 1 ? (all[0] ?? zero) : { _tag: 'multiply', factors: all }
}

export const divide = (over: Term, by: Term): Expr => ({ _tag: 'divide', over: expr(over), by: expr(by) })
export const sqrt = (of: Term): Expr => ({ _tag: 'sqrt', of: expr(of) })
export const exp = (of: Term): Expr => ({ _tag: 'exp', of: expr(of) })
/** `erf(x) = 2/sqrt(pi) int_0^x exp(-t^2) dt`. */
export const erf = (of: Term): Expr => ({ _tag: 'erf', of: expr(of) })
export const tanh = (of: Term): Expr => ({ _tag: 'tanh', of: expr(of) })
export const largest = (p: Term, q: Term): Expr => ({ _tag: 'largest', of: [expr(p), expr(q)] })
export const negate = (of: Term): Expr => multiply(-1, of)

/** `yes` where `left < right`, else `no`. */
export const below = (left: At, right: At, yes: Term, no: Term = 0): Expr => ({
  _tag: 'where',
  when: { _tag: 'less', left: position(left), right: position(right) },
  yes: expr(yes),
  no: expr(no)
})

/** `yes` where `left = right`, else `no`. */
export const equal = (left: At, right: At, yes: Term = 1, no: Term = 0): Expr => ({
  _tag: 'where',
  when: { _tag: 'equal', left: position(left), right: position(right) },
  yes: expr(yes),
  no: expr(no)
})

// --- combinators -----------------------------------------------------------------------------------------------------

/** Rebuild an expression with `f` applied to each of its direct parts; where `f` changes none, it is the same object. */
export const mapParts =
  (f: (e: Expr) => Expr) =>
  (e: Expr): Expr => {
    switch (e._tag) {
      case 'number':
      case 'extent':
      case 'read':
        return e
      case 'sum':
      case 'max': {
        const body = f(e.body)
        return body === e.body ? e : { ...e, body }
      }
      case 'add': {
        const terms = mapSame(e.terms, f)
        return terms === e.terms ? e : { ...e, terms }
      }
      case 'multiply': {
        const factors = mapSame(e.factors, f)
        return factors === e.factors ? e : { ...e, factors }
      }
      case 'divide': {
        const [over, by] = [f(e.over), f(e.by)]
        return over === e.over && by === e.by ? e : { ...e, over, by }
      }
      case 'sqrt':
      case 'exp':
      case 'erf':
      case 'tanh': {
        const of = f(e.of)
        return of === e.of ? e : { ...e, of }
      }
      case 'largest': {
        const [p, q] = [f(e.of[0]), f(e.of[1])]
        return p === e.of[0] && q === e.of[1] ? e : { ...e, of: [p, q] }
      }
      case 'where': {
        const [yes, no] = [f(e.yes), f(e.no)]
        return yes === e.yes && no === e.no ? e : { ...e, yes, no }
      }
    }
  }

/** Rebuild with `f` applied to every read, bottom up. */
export const mapReads = (f: (read: Read) => Expr): ((e: Expr) => Expr) => {
  const inside = mapParts((e) => go(e))
  const go = (e: Expr): Expr => (e._tag === 'read' ? f(e) : inside(e))
  return go
}

/** Rebuild a position with `f` applied to its indices. */
export const mapIndex = (f: (i: Index) => Position): ((p: Position) => Position) => {
  const go = (p: Position): Position => {
    switch (p._tag) {
      case 'index':
        return f(p)
      case 'size':
        return p
      case 'plus': {
        const [left, right] = [go(p.left), go(p.right)]
        return left === p.left && right === p.right ? p : { ...p, left, right }
      }
      case 'times':
      case 'quotient':
      case 'remainder': {
        const of = go(p.of)
        return of === p.of ? p : { ...p, of }
      }
    }
  }
  return go
}

/** A condition with `f` applied to both sides. */
export const mapSides = (f: (p: Position) => Position, when: Condition): Condition => {
  const [left, right] = [f(when.left), f(when.right)]
  return left === when.left && right === when.right ? when : { ...when, left, right }
}

/** A read with `f` applied to its positions. */
export const mapAt = (f: (p: Position) => Position, read: Read): Read => {
  const at = mapSame(read.at, f)
  return at === read.at ? read : { ...read, at }
}

/** Rebuild with `f` applied to every position (of reads and conditions); bound indices are the caller's care. */
export const mapPositions = (f: (p: Position) => Position): ((e: Expr) => Expr) => {
  const inside = mapParts((e) => go(e))
  const go = (e: Expr): Expr => {
    if (e._tag === 'read') return mapAt(f, e)
    const inner = inside(e)
    if (inner._tag !== 'where') return inner
    const when = mapSides(f, inner.when)
    return when === inner.when ? inner : { ...inner, when }
  }
  return go
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** The direct parts of an expression. */
export const parts = (e: Expr): readonly Expr[] => {
  switch (e._tag) {
    case 'number':
    case 'extent':
    case 'read':
      return []
    case 'sum':
    case 'max':
      return [e.body]
    case 'add':
      return e.terms
    case 'multiply':
      return e.factors
    case 'divide':
      return [e.over, e.by]
    case 'sqrt':
    case 'exp':
    case 'erf':
    case 'tanh':
      return [e.of]
    case 'largest':
      return e.of
    case 'where':
      return [e.yes, e.no]
  }
}

const gather = (e: Expr, into: Read[]): void => {
  if (e._tag === 'read') into.push(e)
  else for (const part of parts(e)) gather(part, into)
}

/** Every read in an expression, in order, repeats included. */
export const reads = (e: Expr): readonly Read[] => {
  const found: Read[] = []
  gather(e, found)
  return found
}

/** The tensors of expressions, which never change. */
const known = new WeakMap<Expr, readonly string[]>()

/** The tensors an expression reads, each once, in order of first use. */
export const tensors = (e: Expr): readonly string[] => {
  const before = known.get(e)
  if (before !== undefined) return before
  const found = [...new Set(reads(e).map((r) => r.tensor))]
  known.set(e, found)
  return found
}

export const isReduction = (e: Expr): e is Reduction => e._tag === 'sum' || e._tag === 'max'

/** Every sum and every maximum in an expression, outer first. */
export const reductions = (e: Expr): readonly Reduction[] => {
  const found: Reduction[] = []
  const look = (part: Expr): void => {
    if (isReduction(part)) found.push(part)
    for (const inner of parts(part)) look(inner)
  }
  look(e)
  return found
}

/** Every sum in an expression, outer first. */
export const sums = (e: Expr): readonly Extract<Expr, { _tag: 'sum' }>[] =>
  reductions(e).filter((r) => r._tag === 'sum')
