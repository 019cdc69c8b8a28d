/**
 * Algebra that is true for every size: constants folded, zeros and ones dropped, conditions that always or never hold
 * decided. Nothing here changes the value of an equation beyond the rounding of folded constants.
 */
import * as Dim from '../spec/dim'
import * as X from './expr'

// --- positions -------------------------------------------------------------------------------------------------------

/** A position that is a size, if it is one. */
const sizeOf = (p: X.Position): Dim.Dim | undefined => (p._tag === 'size' ? p.dim : undefined)

const size = (dim: Dim.Dim): X.Position => ({ _tag: 'size', dim })

export const position = (p: X.Position): X.Position => {
  switch (p._tag) {
    case 'index':
    case 'size':
      return p
    case 'plus': {
      const [left, right] = [position(p.left), position(p.right)]
      const [l, r] = [sizeOf(left), sizeOf(right)]
      if (l !== undefined && r !== undefined) return size(Dim.add(l, r))
      if (l !== undefined && Dim.asConstant(l) === 0) return right
      if (r !== undefined && Dim.asConstant(r) === 0) return left
      const inner = left._tag === 'plus' ? sizeOf(left.right) : undefined
      if (left._tag === 'plus' && inner !== undefined && r !== undefined) {
        return position({ _tag: 'plus', left: left.left, right: size(Dim.add(inner, r)) })
      }
      return left === p.left && right === p.right ? p : { _tag: 'plus', left, right }
    }
    case 'times': {
      const of = position(p.of)
      const known = sizeOf(of)
      if (known !== undefined) return size(Dim.times(known, p.by))
      return Dim.asConstant(p.by) === 1 ? of : of === p.of ? p : { ...p, of }
    }
    case 'quotient':
    case 'remainder': {
      const of = position(p.of)
      if (of._tag === 'index' && Dim.equals(of.dim, p.by)) return p._tag === 'quotient' ? size(Dim.constant(0)) : of
      const known = sizeOf(of)
      const [a, b] = [known && Dim.asConstant(known), Dim.asConstant(p.by)]
      if (a !== undefined && b !== undefined && a >= 0 && b > 0) {
        return size(Dim.constant(p._tag === 'quotient' ? Math.floor(a / b) : a % b))
      }
      return of === p.of ? p : { ...p, of }
    }
  }
}

/** The least value of `a - b` when it is a constant, else undefined. */
const difference = (a: Dim.Dim, b: Dim.Dim): number | undefined => Dim.asConstant(Dim.subtract(a, b))

/** Whether a condition holds for every value of its indices (`true`), for none (`false`), or depends. */
const decide = (c: X.Condition): boolean | undefined => {
  const [l, r] = [sizeOf(c.left), sizeOf(c.right)]
  if (l !== undefined && r !== undefined) {
    const d = difference(l, r)
    if (d === undefined) return undefined
    return c._tag === 'less' ? d < 0 : d === 0
  }
  if (c.left._tag === 'index' && c.right._tag === 'index' && c.left.name === c.right.name) return c._tag === 'equal'
  if (c.left._tag === 'index' && r !== undefined) {
    const room = difference(r, c.left.dim)
    if (room !== undefined && room >= 0) return c._tag === 'less'
    const value = Dim.asConstant(r)
    if (value !== undefined && (c._tag === 'less' ? value <= 0 : value < 0)) return false
  }
  return undefined
}

// --- expressions -----------------------------------------------------------------------------------------------------

const valueOf = (e: X.Expr): number | undefined => (e._tag === 'number' ? e.value : undefined)

const isZero = (e: X.Expr): boolean => valueOf(e) === 0

type Of<Tag extends X.Expr['_tag']> = Extract<X.Expr, { readonly _tag: Tag }>

/** Whether a list of operands holds none to merge: no nested list, and no number but perhaps one, which stands at `place`. */
const isMerged = (operands: readonly X.Expr[], nested: 'add' | 'multiply', place: number, unit: number): boolean =>
  operands.length > 1 &&
  operands.every(
    (o, at) => o._tag !== nested && (o._tag !== 'number' || (at === place && o.value !== 0 && o.value !== unit))
  )

const simplifyAdd = (e: Of<'add'>): X.Expr => {
  if (isMerged(e.terms, 'add', e.terms.length - 1, 0)) return e
  const flat = e.terms.flatMap((t) => (t._tag === 'add' ? t.terms : [t]))
  const constant = flat.reduce((total, t) => total + (valueOf(t) ?? 0), 0)
  const rest = flat.filter((t) => t._tag !== 'number')
  return X.add(...(constant !== 0 || rest.length === 0 ? [...rest, X.number(constant)] : rest))
}

const simplifyMultiply = (e: Of<'multiply'>): X.Expr => {
  if (isMerged(e.factors, 'multiply', 0, 1)) return e
  const flat = e.factors.flatMap((f) => (f._tag === 'multiply' ? f.factors : [f]))
  const constant = flat.reduce((total, f) => total * (valueOf(f) ?? 1), 1)
  if (constant === 0) return X.zero
  const rest = flat.filter((f) => f._tag !== 'number')
  return X.multiply(...(constant !== 1 || rest.length === 0 ? [X.number(constant), ...rest] : rest))
}

const simplifySum = (e: Of<'sum'>): X.Expr => {
  const { over, body } = e
  if (isZero(body)) return X.zero
  if (over.length === 0) return body
  if (body._tag === 'sum') return simplifySum({ _tag: 'sum', over: [...over, ...body.over], body: body.body })
  if (body._tag === 'multiply' && body.factors[0]?._tag === 'number') {
    const [factor, ...rest] = body.factors
    return simplifyMultiply({ _tag: 'multiply', factors: [factor as X.Expr, X.sum(over, ...rest)] })
  }
  return e
}

/** Simplify an expression bottom up; one that is simple already is the same object. */
export const simplify = (e: X.Expr): X.Expr => {
  if (e._tag === 'read') return X.mapAt(position, e)
  if (e._tag === 'where') {
    const when = X.mapSides(position, e.when)
    const decided = decide(when)
    if (decided !== undefined) return simplify(decided ? e.yes : e.no)
    const [yes, no] = [simplify(e.yes), simplify(e.no)]
    if (isZero(yes) && isZero(no)) return X.zero
    return when === e.when && yes === e.yes && no === e.no ? e : { ...e, when, yes, no }
  }
  const s = insides(e)
  switch (s._tag) {
    case 'number':
    case 'read':
    case 'where':
      return s
    case 'extent': {
      const value = Dim.asConstant(s.dim)
      return value === undefined ? s : X.number(value)
    }
    case 'add':
      return simplifyAdd(s)
    case 'multiply':
      return simplifyMultiply(s)
    case 'sum':
      return simplifySum(s)
    case 'max':
      return s.body._tag === 'number' ? s.body : s
    case 'exp':
    case 'erf':
    case 'tanh':
      return s
    case 'divide': {
      const [a, b] = [valueOf(s.over), valueOf(s.by)]
      if (a === 0) return X.zero
      if (b === 1) return s.over
      return a !== undefined && b !== undefined && b !== 0 ? X.number(a / b) : s
    }
    case 'sqrt': {
      const a = valueOf(s.of)
      return a !== undefined && a >= 0 ? X.number(Math.sqrt(a)) : s
    }
    case 'largest': {
      const [a, b] = [valueOf(s.of[0]), valueOf(s.of[1])]
      return a !== undefined && b !== undefined ? X.number(Math.max(a, b)) : s
    }
  }
}

const insides = X.mapParts(simplify)
