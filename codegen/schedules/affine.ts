/** Positions at concrete sizes: which of them are affine in the indices, with which strides, and how far they reach. */
import * as Dim from '../../spec/dim'
import * as X from '../expr'

/** `constant + sum of strides times indices`, by the index's name; no stride is 0. */
export interface Affine {
  readonly constant: number
  readonly strides: Readonly<Record<string, number>>
}

export const valueOf =
  (sizes: Dim.Sizes) =>
  (d: Dim.Dim): number => {
    const value = Dim.evaluate(sizes)(d)
    if (value._tag === 'Left') throw new Error(`internal: the size ${value.left} has no value`)
    return value.right
  }

/** `p + by * q`. */
export const combine = (p: Affine, q: Affine, by = 1): Affine => {
  const strides: Record<string, number> = { ...p.strides }
  for (const [name, stride] of Object.entries(q.strides)) {
    const total = (strides[name] ?? 0) + by * stride
    if (total === 0) delete strides[name]
    else strides[name] = total
  }
  return { constant: p.constant + by * q.constant, strides }
}

/** The position as an affine form, or null where it has a quotient or remainder of an index. */
export const affine =
  (sizes: Dim.Sizes) =>
  (p: X.Position): Affine | null => {
    const at = valueOf(sizes)
    switch (p._tag) {
      case 'index':
        return { constant: 0, strides: { [p.name]: 1 } }
      case 'size':
        return { constant: at(p.dim), strides: {} }
      case 'plus': {
        const [left, right] = [affine(sizes)(p.left), affine(sizes)(p.right)]
        return left === null || right === null ? null : combine(left, right)
      }
      case 'times': {
        const of = affine(sizes)(p.of)
        return of === null ? null : combine({ constant: 0, strides: {} }, of, at(p.by))
      }
      case 'quotient':
      case 'remainder': {
        const of = affine(sizes)(p.of)
        if (of === null || Object.keys(of.strides).length > 0) return null
        const whole = Math.floor(of.constant / at(p.by))
        return { constant: p._tag === 'quotient' ? whole : of.constant - whole * at(p.by), strides: {} }
      }
    }
  }

/** Where a read finds its element, counted from the array's first, or null where that is not affine. */
export const address =
  (sizes: Dim.Sizes) =>
  (read: Extract<X.Expr, { _tag: 'read' }>, axes: readonly Dim.Dim[]): Affine | null => {
    let total: Affine = { constant: 0, strides: {} }
    let stride = 1
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const own = affine(sizes)(read.at[axis] as X.Position)
      if (own === null) return null
      total = combine(total, own, stride)
      stride *= valueOf(sizes)(axes[axis] as Dim.Dim)
    }
    return total
  }

/** The names of the indices in a position. */
export const indicesIn = (p: X.Position): readonly string[] => {
  switch (p._tag) {
    case 'index':
      return [p.name]
    case 'size':
      return []
    case 'plus':
      return [...indicesIn(p.left), ...indicesIn(p.right)]
    case 'times':
    case 'quotient':
    case 'remainder':
      return indicesIn(p.of)
  }
}

/** The names of the indices that an expression's value depends on: those of its reads and conditions, less those of its sums and maxima. */
export const dependsOn = (e: X.Expr): ReadonlySet<string> => {
  const found = new Set<string>()
  if (e._tag === 'read') for (const p of e.at) for (const name of indicesIn(p)) found.add(name)
  if (e._tag === 'where') for (const p of [e.when.left, e.when.right]) for (const name of indicesIn(p)) found.add(name)
  for (const part of X.parts(e)) for (const name of dependsOn(part)) found.add(name)
  if (X.isReduction(e)) for (const i of e.over) found.delete(i.name)
  return found
}
