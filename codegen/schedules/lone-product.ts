/** Equations of one product of two matrices, whatever is done with it: what is worth arranging for a cache. */
import type * as Dim from '../../spec/dim'
import type { Equation } from '../equation'
import * as X from '../expr'
import { dependsOn } from './affine'

export type Sum = Extract<X.Expr, { _tag: 'sum' }>

/** Results along either axis from which on it is worth while. */
const fewest = 64

const product = (sizes: readonly number[]): number => sizes.reduce((p, q) => p * q, 1)

/** The one reduction of an equation, if it is a sum of products of two reads with many results along rows and along columns. */
export const loneProduct = (eq: Equation, size: (d: Dim.Dim) => number): Sum | null => {
  const [only, ...others] = X.reductions(eq.value)
  if (only?._tag !== 'sum' || others.length > 0 || only.body._tag !== 'multiply') return null
  const { factors } = only.body
  if (factors.length !== 2 || factors.some((f) => f._tag !== 'read')) return null
  // Rows and columns: each read goes along axes of the results that the other does not know.
  const [left, right] = factors.map(dependsOn) as [ReadonlySet<string>, ReadonlySet<string>]
  const along = (own: ReadonlySet<string>, other: ReadonlySet<string>): number =>
    product(eq.over.filter((i) => own.has(i.name) && !other.has(i.name)).map((i) => size(i.dim)))
  return along(left, right) >= fewest && along(right, left) >= fewest ? only : null
}

/** The expression with another in the place of a part of it. */
export const inPlaceOf =
  (part: X.Expr, other: X.Expr) =>
  (e: X.Expr): X.Expr =>
    e === part ? other : X.mapParts(inPlaceOf(part, other))(e)
