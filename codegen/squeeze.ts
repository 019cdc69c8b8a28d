/**
 * Axes of size one: a single head, a single block, a batch of one system. Their index is always 0, and they are dropped.
 */
import * as Dim from '../spec/dim'
import type { Equations, Tensor } from './equation'
import * as X from './expr'
import { filterSame, mapSame } from './same'
import { simplify } from './simplify'

const isOne = (d: Dim.Dim): boolean => Dim.asConstant(d) === 1

/** Drop axes of size one (a single head, a single block): their index is always 0. */
export const squeeze = (e: Equations): Equations => {
  const origin = X.mapIndex((i) => (isOne(i.dim) ? X.position(0) : i))
  const longer = (i: X.Index): boolean => !isOne(i.dim)
  const inside = X.mapParts((x) => squeezeExpr(x))
  const squeezeExpr = (x: X.Expr): X.Expr => {
    if (x._tag === 'read') {
      const dims = e.tensors[x.tensor]?.dims ?? []
      const at = filterSame(x.at, (_, axis) => !isOne(dims[axis] as Dim.Dim))
      return X.mapAt(origin, at === x.at ? x : { ...x, at })
    }
    const inner = inside(x)
    if (X.isReduction(inner)) {
      const over = filterSame(inner.over, longer)
      return over.length === 0 ? inner.body : over === inner.over ? inner : { ...inner, over }
    }
    if (inner._tag !== 'where') return inner
    const when = X.mapSides(origin, inner.when)
    return when === inner.when ? inner : { ...inner, when }
  }
  const narrow = Object.values(e.tensors).some((t) => t.dims.some(isOne))
  const tensors = narrow
    ? Object.fromEntries(
        Object.entries(e.tensors).map(([name, t]): [string, Tensor] => {
          const dims = filterSame(t.dims, (d) => !isOne(d))
          return [name, dims === t.dims ? t : { ...t, dims }]
        })
      )
    : e.tensors
  const equations = mapSame(e.equations, (eq) => {
    const [over, value] = [filterSame(eq.over, longer), squeezeExpr(eq.value)]
    return over === eq.over && value === eq.value ? eq : { ...eq, over, value }
  })
  return narrow || equations !== e.equations ? { ...e, tensors, equations } : e
}

/** Put a number in place of a symbolic size everywhere. */
export const withSize =
  (symbol: string, value: number) =>
  (e: Equations): Equations => {
    const dim = Dim.substitute(symbol, value)
    const index = (i: X.Index): X.Index => {
      const to = dim(i.dim)
      return to === i.dim ? i : { ...i, dim: to }
    }
    const position = (p: X.Position): X.Position => {
      switch (p._tag) {
        case 'index':
          return index(p)
        case 'size': {
          const to = dim(p.dim)
          return to === p.dim ? p : { ...p, dim: to }
        }
        case 'plus':
          return { ...p, left: position(p.left), right: position(p.right) }
        case 'times':
        case 'quotient':
        case 'remainder':
          return { ...p, of: position(p.of), by: dim(p.by) }
      }
    }
    const inside = X.mapParts((x) => sized(x))
    const sized = (x: X.Expr): X.Expr => {
      const inner = inside(x)
      if (X.isReduction(inner)) {
        const over = mapSame(inner.over, index)
        return over === inner.over ? inner : { ...inner, over }
      }
      return inner._tag === 'extent' ? { ...inner, dim: dim(inner.dim) } : inner
    }
    const positions = X.mapPositions(position)
    const tensors = Object.fromEntries(
      Object.entries(e.tensors).map(([name, t]): [string, Tensor] => [name, { ...t, dims: mapSame(t.dims, dim) }])
    )
    const equations = e.equations.map((eq) => ({
      ...eq,
      over: mapSame(eq.over, index),
      value: positions(sized(eq.value))
    }))
    return { ...e, tensors, equations }
  }

/** A batch of one system loses its batch axis. */
export const withoutBatchOfOne =
  (sizes: Dim.Sizes) =>
  (e: Equations): Equations => {
    if (sizes['batch'] !== 1) return e
    const narrow = squeeze(withSize('batch', 1)(e))
    return { ...narrow, equations: narrow.equations.map((eq) => ({ ...eq, value: simplify(eq.value) })) }
  }
