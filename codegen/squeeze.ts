/**
 * Axes of size one: a single head, a single block, a batch of one system. Their index is always 0, and they are dropped.
 */
import * as Dim from '../spec/dim'
import type { Equations, Tensor } from './equation'
import * as X from './expr'
import { simplify } from './simplify'

const isOne = (d: Dim.Dim): boolean => Dim.asConstant(d) === 1

/** Drop axes of size one (a single head, a single block): their index is always 0. */
export const squeeze = (e: Equations): Equations => {
  const origin = X.mapIndex((i) => (isOne(i.dim) ? X.position(0) : i))
  const squeezeExpr = (x: X.Expr): X.Expr => {
    if (x._tag === 'read') {
      const dims = e.tensors[x.tensor]?.dims ?? []
      return { ...x, at: x.at.filter((_, axis) => !isOne(dims[axis] as Dim.Dim)).map(origin) }
    }
    const inner = X.mapParts(squeezeExpr)(x)
    if (X.isReduction(inner)) {
      const over = inner.over.filter((i) => !isOne(i.dim))
      return over.length === 0 ? inner.body : { ...inner, over }
    }
    if (inner._tag === 'where') {
      return { ...inner, when: { ...inner.when, left: origin(inner.when.left), right: origin(inner.when.right) } }
    }
    return inner
  }
  const tensors = Object.fromEntries(
    Object.entries(e.tensors).map(([name, t]): [string, Tensor] => [
      name,
      { ...t, dims: t.dims.filter((d) => !isOne(d)) }
    ])
  )
  const equations = e.equations.map((eq) => ({
    ...eq,
    over: eq.over.filter((i) => !isOne(i.dim)),
    value: squeezeExpr(eq.value)
  }))
  return { ...e, tensors, equations }
}

/** Put a number in place of a symbolic size everywhere. */
const withSize =
  (symbol: string, value: number) =>
  (e: Equations): Equations => {
    const dim = Dim.substitute(symbol, value)
    const index = (i: X.Index): X.Index => ({ ...i, dim: dim(i.dim) })
    const position = (p: X.Position): X.Position => {
      switch (p._tag) {
        case 'index':
          return index(p)
        case 'size':
          return { ...p, dim: dim(p.dim) }
        case 'plus':
          return { ...p, left: position(p.left), right: position(p.right) }
        case 'times':
        case 'quotient':
        case 'remainder':
          return { ...p, of: position(p.of), by: dim(p.by) }
      }
    }
    const sized = (x: X.Expr): X.Expr => {
      const inner = X.mapParts(sized)(x)
      if (X.isReduction(inner)) return { ...inner, over: inner.over.map(index) }
      return inner._tag === 'extent' ? { ...inner, dim: dim(inner.dim) } : inner
    }
    const tensors = Object.fromEntries(
      Object.entries(e.tensors).map(([name, t]): [string, Tensor] => [name, { ...t, dims: t.dims.map(dim) }])
    )
    const equations = e.equations.map((eq) => ({
      ...eq,
      over: eq.over.map(index),
      value: X.mapPositions(position)(sized(eq.value))
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
