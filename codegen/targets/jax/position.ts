/** Sizes and positions in Python: `4 * n + 1`, slices where a read provably lies on its axis, grids of indices elsewhere. */
import * as Dim from '../../../spec/dim'
import * as X from '../../expr'
import { aligned, atom, union, type Value, within } from './value'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Scope {
  /** What the text calls a tensor. */
  readonly name: (tensor: string) => string
  readonly dims: (tensor: string) => readonly Dim.Dim[]
  /** Told of every size that a text speaks of, such as `n`. */
  readonly uses: (symbol: string) => void
}

// --- sizes and numbers -----------------------------------------------------------------------------------------------

/** `4 * n + 1`. */
export const sizeText = (d: Dim.Dim, uses: Scope['uses']): string => {
  const [first, ...rest] = d.terms.map((m) => {
    for (const symbol of m.symbols) uses(symbol)
    const size = Math.abs(m.coefficient)
    const factors = [...(size === 1 && m.symbols.length > 0 ? [] : [String(size)]), ...m.symbols]
    return { sign: m.coefficient < 0 ? '-' : '+', text: factors.join(' * ') }
  })
  if (first === undefined) return '0'
  const head = `${first.sign === '-' ? '-' : ''}${first.text}`
  return [head, ...rest.map(({ sign, text }) => ` ${sign} ${text}`)].join('')
}

export const sizeOf = (d: Dim.Dim, uses: Scope['uses']): Value => {
  const text = sizeText(d, uses)
  return { ...atom(text), level: d.terms.length > 1 ? 'sum' : /^\w+$/.test(text) ? 'atom' : 'product' }
}

// --- positions -------------------------------------------------------------------------------------------------------

export const indicesOf = (p: X.Position): readonly X.Index[] => {
  const found = new Map<string, X.Index>()
  X.mapIndex((i) => {
    found.set(i.name, i)
    return i
  })(p)
  return [...found.values()]
}

/** A position as numbers along a grid of its indices. */
export const gridOf = (p: X.Position, order: readonly string[], scope: Scope): Value => {
  const both = (left: Value, right: Value, sign: string, level: Value['level']): Value => {
    const axes = union([left, right], order)
    const [l, r] = [aligned(left, axes), aligned(right, axes)]
    return { text: `${within(l, level)} ${sign} ${within(r, level === 'product' ? 'atom' : 'product')}`, axes, level }
  }
  const size = (d: Dim.Dim): Value => sizeOf(d, scope.uses)
  switch (p._tag) {
    case 'index':
      return atom(`np.arange(${sizeText(p.dim, scope.uses)})`, [p.name])
    case 'size':
      return size(p.dim)
    case 'plus': {
      const negative = p.right._tag === 'size' && p.right.dim.terms.every((t) => t.coefficient < 0)
      return negative && p.right._tag === 'size'
        ? both(gridOf(p.left, order, scope), size(Dim.times(-1, p.right.dim)), '-', 'sum')
        : both(gridOf(p.left, order, scope), gridOf(p.right, order, scope), '+', 'sum')
    }
    case 'times':
      return both(gridOf(p.of, order, scope), size(p.by), '*', 'product')
    case 'quotient':
      return both(gridOf(p.of, order, scope), size(p.by), '//', 'product')
    case 'remainder':
      return both(gridOf(p.of, order, scope), size(p.by), '%', 'product')
  }
}

/** An index and how far it is moved, where a position is that. */
const shift = (p: X.Position): { readonly index: X.Index; readonly by: Dim.Dim } | null => {
  if (p._tag === 'index') return { index: p, by: Dim.constant(0) }
  const moved = p._tag === 'plus' && p.left._tag === 'index' && p.right._tag === 'size'
  return moved && p.left._tag === 'index' && p.right._tag === 'size' ? { index: p.left, by: p.right.dim } : null
}

/** Where a read stands on one axis: all of it, a stretch, one place, or places that a grid gives. */
export const placeOf = (p: X.Position, size: Dim.Dim, scope: Scope): { readonly slice: string } | null => {
  const say = (d: Dim.Dim): string => sizeText(d, scope.uses)
  if (p._tag === 'size') return { slice: say(p.dim) }
  const moved = shift(p)
  if (moved === null) return null
  const { index, by } = moved
  const end = Dim.add(by, index.dim)
  const zero = Dim.constant(0)
  if (!Dim.isWithin(zero, by) || !Dim.isWithin(end, size)) return null
  const [from, to] = [Dim.equals(by, zero) ? '' : say(by), Dim.equals(end, size) ? '' : say(end)]
  return { slice: `${from}:${to}` }
}
