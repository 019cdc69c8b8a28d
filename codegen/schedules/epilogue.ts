/**
 * Products of matrices whose results go into a formula with arrays that lie far away, `Y[i,c] = f(sum_d L R, M[i,c], N[i,c])`,
 * in two equations: `P[i,c] = sum_d L R`, and `Y[i,c] = f(P[i,c], M[i,c], N[i,c])`. A tile of registers goes down the rows
 * and would read a few numbers of M and N in every one of them, each from a page of its own, which no processor fetches
 * ahead; the second equation reads all arrays from end to end.
 */
import type * as Dim from '../../spec/dim'
import type { Equation, Equations } from '../equation'
import * as X from '../expr'
import { replaced } from '../replace'
import { valueOf } from './affine'
import { inPlaceOf, loneProduct, type Sum } from './lone-product'

/** Numbers of a row that fill a page, of an array that no second-level cache holds beside others, and arrays that pay for P. */
const [page, far, fewest] = [1024, 262144, 2]

/** Whether a read goes along all of a large array in the order of the results. */
const isFar = (r: X.Expr, eq: Equation, sizes: readonly number[]): boolean =>
  r._tag === 'read' &&
  r.at.length === eq.over.length &&
  r.at.every((p, axis) => p._tag === 'index' && p.name === eq.over[axis]?.name) &&
  (sizes.at(-1) ?? 0) >= page &&
  sizes.reduce((p, q) => p * q, 1) >= far

const takenApart = (eq: Equation, size: (d: Dim.Dim) => number): Sum | null => {
  const sum = loneProduct(eq, size)
  if (sum === null || sum === eq.value) return null
  const sizes = eq.over.map((i) => size(i.dim))
  const beside = X.reads(inPlaceOf(sum, X.zero)(eq.value)).filter((r) => isFar(r, eq, sizes))
  return new Set(beside.map((r) => r.tensor)).size >= fewest ? sum : null
}

export const epiloguesApart =
  (sizes: Dim.Sizes) =>
  (e: Equations): Equations => {
    const size = valueOf(sizes)
    return replaced(e, (eq) => {
      const sum = takenApart(eq, size)
      if (sum === null) return null
      const name = `${eq.defines}, products`
      const labels = { ...eq.labels, [name]: `${eq.labels[eq.defines] ?? 'sum'}_products` }
      return [
        { ...eq, defines: name, value: sum, labels },
        { ...eq, value: inPlaceOf(sum, X.tensor(name)(...eq.over))(eq.value), labels }
      ]
    })
  }
