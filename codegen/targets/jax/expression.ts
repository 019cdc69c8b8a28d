/**
 * Expressions in Python: sums of products as `contract` and `einsum`, everything else entry by entry, conditions on indices by
 * grids. A text stands for all entries of an equation at once.
 */
import * as Dim from '../../../spec/dim'
import * as X from '../../expr'
import { showNumber } from '../../formula'
import { position as simplified } from '../../simplify'
import { gridOf, indicesOf, placeOf, type Scope, sizeOf, sizeText } from './position'
import { aligned, atom, ordered, transposed, union, type Value, within } from './value'

// --- numbers and reads -----------------------------------------------------------------------------------------------

/** A float in Python: a whole number needs a point, or an entry would be an integer. */
const numberText = (value: number): string => {
  const text = showNumber(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** Entries of a tensor: slices where they provably lie on it, else by a grid whose places are held to the axis. */
const readOf = (r: X.Read, order: readonly string[], scope: Scope): Value => {
  const dims = scope.dims(r.tensor)
  const at = r.at.map(simplified)
  const places = at.map((p, axis) => placeOf(p, dims[axis] as Dim.Dim, scope))
  let text = scope.name(r.tensor)
  // From the last axis: a grid of two indices puts two axes where there was one.
  const grids = at.map((p, axis) => (places[axis] === null ? gridOf(p, order, scope) : null))
  for (let axis = at.length - 1; axis >= 0; axis--) {
    const grid = grids[axis]
    if (grid !== null && grid !== undefined) text = `take(${text}, ${axis}, ${grid.text})`
  }
  const slices = places.flatMap((place, axis) => place?.slice ?? grids[axis]?.axes.map(() => ':') ?? [])
  while (slices.at(-1) === ':') slices.pop()
  if (slices.length > 0) text = `${text}[${slices.join(', ')}]`
  const axes = at.flatMap((p, axis) => grids[axis]?.axes ?? (p._tag === 'size' ? [] : indicesOf(p).map((i) => i.name)))
  const once = [...new Set(axes)]
  if (once.length === axes.length) return atom(text, axes)
  const { spec } = subscripts([axes], once)
  return atom(`jnp.einsum('${spec}', ${text})`, once)
}

// --- sums of products ------------------------------------------------------------------------------------------------

/** `sic,sid->cd`: one letter an index. */
const subscripts = (operands: readonly (readonly string[])[], out: readonly string[]): { readonly spec: string } => {
  const letters = new Map<string, string>()
  const free = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const names = [...new Set([...operands.flat(), ...out])]
  for (const name of names) if (name.length === 1) letters.set(name, name)
  for (const name of names) {
    if (letters.has(name)) continue
    letters.set(name, free.find((l) => ![...letters.values()].includes(l)) as string)
  }
  const word = (axes: readonly string[]): string => axes.map((name) => letters.get(name)).join('')
  return { spec: `${operands.map(word).join(',')}->${word(out)}` }
}

/** Each of two operands has rows of its own that the sum keeps: the products that are worth a matrix unit. */
const isMatrixProduct = ([p, q, ...more]: readonly Value[], out: readonly string[]): boolean =>
  p !== undefined &&
  q !== undefined &&
  more.length === 0 &&
  p.axes.some((name) => out.includes(name) && !q.axes.includes(name)) &&
  q.axes.some((name) => out.includes(name) && !p.axes.includes(name))

const sumOf = (e: Extract<X.Expr, { _tag: 'sum' }>, order: readonly string[], scope: Scope): Value => {
  const inside = [...order, ...e.over.map((i) => i.name)]
  const factors = (e.body._tag === 'multiply' ? e.body.factors : [e.body]).map((f) => valueOf(f, inside, scope))
  const numbers = factors.filter((f) => f.axes.length === 0)
  const arrays = factors.filter((f) => f.axes.length > 0)
  // A turn that reads nothing along an index counts as often as the index has places.
  const idle = e.over.filter((i) => !arrays.some((f) => f.axes.includes(i.name)))
  const own = ordered(
    arrays.flatMap((f) => f.axes),
    order
  )
  const over = e.over.filter((i) => !idle.includes(i)).map((i) => i.name)
  const [first] = arrays
  const total = (): Value => {
    if (first === undefined) return atom('1.0')
    if (over.length === 0) return product(arrays, order)
    if (arrays.length === 1) {
      const axes = over.map((name) => first.axes.indexOf(name)).sort((p, q) => p - q)
      const all = axes.length === first.axes.length
      const which = all ? '' : `, axis=${axes.length === 1 ? axes[0] : `(${axes.join(', ')})`}`
      return atom(
        `jnp.sum(${first.text}${which})`,
        first.axes.filter((name) => !over.includes(name))
      )
    }
    const { spec } = subscripts(
      arrays.map((f) => f.axes),
      own
    )
    const call = isMatrixProduct(arrays, own) ? 'contract' : 'einsum'
    return atom(`${call}('${spec}', ${arrays.map((f) => f.text).join(', ')})`, own)
  }
  const times = idle.map((i) => sizeOf(i.dim, scope.uses))
  return product([...numbers, ...times, total()], order)
}

// --- entry by entry --------------------------------------------------------------------------------------------------

const product = (factors: readonly Value[], order: readonly string[]): Value => {
  const [first, ...rest] = factors
  if (first === undefined) return atom('1.0')
  if (rest.length === 0) return first
  const axes = union(factors, order)
  const text = factors.map((f, k) => within(aligned(f, axes), k === 0 ? 'product' : 'atom')).join(' * ')
  // Minus one times something is its negative.
  return { text: text.replace(/^-1\.0 \* /, '-'), axes, level: 'product' }
}

const negative = (e: X.Expr): X.Expr | null => {
  const [first, ...rest] = e._tag === 'multiply' ? e.factors : []
  return first?._tag === 'number' && first.value < 0
    ? X.multiply(...(first.value === -1 ? rest : [X.number(-first.value), ...rest]))
    : null
}

const sumOfTerms = (terms: readonly X.Expr[], order: readonly string[], scope: Scope): Value => {
  const signed = terms.map((t, k) => {
    const positive = k === 0 ? null : negative(t)
    return { minus: positive !== null, value: valueOf(positive ?? t, order, scope) }
  })
  const axes = union(
    signed.map((t) => t.value),
    order
  )
  const text = signed
    .map(({ minus, value }, k) => {
      const own = within(aligned(value, axes), k === 0 ? 'sum' : 'product')
      return k === 0 ? own : `${minus ? ' - ' : ' + '}${own}`
    })
    .join('')
  return { text, axes, level: 'sum' }
}

const called = (name: string, args: readonly Value[], order: readonly string[]): Value => {
  const axes = union(args, order)
  return atom(`${name}(${args.map((a) => aligned(a, axes).text).join(', ')})`, axes)
}

const functions = { exp: 'jnp.exp', erf: 'jax.scipy.special.erf', tanh: 'jnp.tanh' } as const

/** All entries of an expression; `order` lists the indices that are bound, in the order of axes. */
export const valueOf = (e: X.Expr, order: readonly string[], scope: Scope): Value => {
  const of = (part: X.Expr): Value => valueOf(part, order, scope)
  switch (e._tag) {
    case 'number':
      return { ...atom(numberText(e.value)), level: e.value < 0 ? 'product' : 'atom' }
    case 'extent':
      return sizeOf(e.dim, scope.uses)
    case 'read':
      return readOf(e, order, scope)
    case 'sum':
      return sumOf(e, order, scope)
    case 'max': {
      const inside = valueOf(e.body, [...order, ...e.over.map((i) => i.name)], scope)
      const over = e.over.map((i) => i.name).filter((name) => inside.axes.includes(name))
      const axes = over.map((name) => inside.axes.indexOf(name))
      return atom(
        `jnp.max(${inside.text}, axis=${axes.length === 1 ? axes[0] : `(${axes.join(', ')})`})`,
        inside.axes.filter((name) => !over.includes(name))
      )
    }
    case 'add':
      return sumOfTerms(e.terms, order, scope)
    case 'multiply':
      return product(e.factors.map(of), order)
    case 'divide': {
      const [over, by] = [of(e.over), of(e.by)]
      const axes = union([over, by], order)
      return {
        text: `${within(aligned(over, axes), 'product')} / ${within(aligned(by, axes), 'atom')}`,
        axes,
        level: 'product'
      }
    }
    case 'sqrt': {
      const inside = of(e.of)
      return called(inside.axes.length === 0 && e.of._tag === 'extent' ? 'math.sqrt' : 'jnp.sqrt', [inside], order)
    }
    case 'exp':
    case 'erf':
    case 'tanh':
      return called(functions[e._tag], [of(e.of)], order)
    case 'largest':
      return called('jnp.maximum', e.of.map(of), order)
    case 'where': {
      const [left, right] = [
        gridOf(simplified(e.when.left), order, scope),
        gridOf(simplified(e.when.right), order, scope)
      ]
      const axes = union([left, right], order)
      const sign = e.when._tag === 'less' ? '<' : '=='
      const [l, r] = [within(aligned(left, axes), 'sum'), within(aligned(right, axes), 'sum')]
      return called('jnp.where', [{ text: `${l} ${sign} ${r}`, axes, level: 'comparison' }, of(e.yes), of(e.no)], order)
    }
  }
}

const withSingle = (v: Value, single: readonly string[], all: readonly string[]): Value => {
  const axes = ordered([...v.axes, ...single], all)
  const own = transposed(v, ordered(v.axes, all))
  const slots = axes.map((name) => (single.includes(name) ? 'None' : ':'))
  return atom(`${within(own, 'atom')}[${slots.join(', ').replace(/(, :)+$/, '')}]`, axes)
}

/** The entries of an equation along its own axes, in their order. */
export const entriesOf = (over: readonly X.Index[], value: X.Expr, scope: Scope): string => {
  const axes = over.map((i) => i.name)
  const found = valueOf(value, axes, scope)
  // An axis of one place is there once it is named.
  const single = over.filter((i) => Dim.asConstant(i.dim) === 1 && !found.axes.includes(i.name)).map((i) => i.name)
  const own = single.length === 0 || found.axes.length === 0 ? found : withSingle(found, single, axes)
  const full = aligned(own, axes)
  if (own.axes.length === axes.length) return full.text
  const sizes = over.map((i) => sizeText(i.dim, scope.uses))
  return `jnp.broadcast_to(${full.text}, (${sizes.join(', ')}${sizes.length === 1 ? ',' : ''}))`
}
