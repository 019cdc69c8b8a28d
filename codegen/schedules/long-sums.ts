/**
 * Long sums of products, `Y[i,c] = f(sum_d L[i,d] R[c,d])`, in parts of d, each added to those before it:
 * `P[i,c] = sum_{d < 512} L R`, and last `Y[i,c] = f(P[i,c] + sum_{d >= 512} L R)`. What a tile of registers reads
 * of R in one turn of a part stays in the first-level cache while all i pass; of a long sum it would not.
 */
import type * as Dim from '../../spec/dim'
import type { Equation, Equations } from '../equation'
import * as X from '../expr'
import { replaced } from '../replace'
import { valueOf } from './affine'
import { inPlaceOf, loneProduct, type Sum } from './lone-product'

/** Terms of a part: sixteen columns of them fill a first-level cache of 32 KiB, and half of them pass between two uses. */
const part = 512
/** Terms from which on a sum is divided. */
const long = 1024

/** The product of an equation, if it has many terms, over one index. */
const longSum = (eq: Equation, size: (d: Dim.Dim) => number): Sum | null => {
  const sum = loneProduct(eq, size)
  const [index, ...others] = sum?.over ?? []
  if (sum === null || index === undefined || others.length > 0) return null
  const terms = size(index.dim)
  return terms >= long && terms % part === 0 ? sum : null
}

/** The terms from `first` on, as many as a part has. */
const stretch = (sum: Sum, first: number): X.Expr => {
  const [index] = sum.over as readonly [X.Index]
  const own = X.index(index.name, part)
  const moved = X.mapIndex((i) => (i.name === index.name ? (first === 0 ? own : X.plus(own, first)) : i))
  return X.sum([own], X.mapPositions(moved)(sum.body))
}

/** The equations of a sum in parts: all but the last are arrays of their own, and each but the first adds the one before. */
const partsOf = (eq: Equation, sum: Sum, count: number): readonly Equation[] => {
  const label = eq.labels[eq.defines] ?? 'sum'
  const name = (k: number): string => (k === count - 1 ? eq.defines : `${eq.defines}, terms up to ${(k + 1) * part}`)
  return Array.from({ length: count }, (_, k): Equation => {
    const own = stretch(sum, k * part)
    const before = k === 0 ? null : name(k - 1)
    const total = before === null ? own : X.add(X.tensor(before)(...eq.over), own)
    const labels = { ...eq.labels, [name(k)]: k === count - 1 ? label : `${label}_part` }
    return {
      ...eq,
      defines: name(k),
      value: k === count - 1 ? inPlaceOf(sum, total)(eq.value) : total,
      labels: before === null ? labels : { ...labels, [before]: `${label}_before` }
    }
  })
}

/** Every long sum in parts, where its results are many enough. */
export const sumsInParts =
  (sizes: Dim.Sizes) =>
  (e: Equations): Equations => {
    const size = valueOf(sizes)
    return replaced(e, (eq) => {
      const sum = longSum(eq, size)
      return sum === null ? null : partsOf(eq, sum, size((sum.over[0] as X.Index).dim) / part)
    })
  }
