/**
 * Sums over an axis that lies last in memory, and over others: `T[c] = sum_{i,s} X[i,c,s]`, as gradients of biases are where
 * the batch lies last. Neighbouring threads would each walk along a stretch of its own; in two steps they read together:
 * `P[c,s] = sum_i X[i,c,s]`, and `T[c] = sum_s P[c,s]`.
 */
import type * as Dim from '../../spec/dim'
import type { Equation, Equations } from '../equation'
import * as X from '../expr'
import { replaced } from '../replace'
import { dependsOn, valueOf } from './affine'
import type { Sum } from './lone-product'

/** Neighbours that read together, and terms for each of them that pay for the second step. */
const [lanes, fewest] = [4, 32]

const isLast = (r: X.Expr, name: string): boolean => {
  const at = r._tag === 'read' ? r.at.at(-1) : undefined
  return at?._tag === 'index' && at.name === name
}

/** The index of a sum that stands last in what it reads of, if the result does not run along anything that it reads. */
const alongLanes = (eq: Equation, sum: Sum, size: (d: Dim.Dim) => number): X.Index | null => {
  const reads = X.reads(sum.body)
  const own = eq.over.at(-1)
  if (own === undefined || sum.over.length < 2 || reads.some((r) => isLast(r, own.name))) return null
  const suits = (i: X.Index): boolean => {
    const others = sum.over.filter((o) => o !== i).reduce((total, o) => total * size(o.dim), 1)
    const together = reads.every((r) => isLast(r, i.name) || !dependsOn(r).has(i.name))
    return size(i.dim) >= lanes && others >= fewest && together && reads.some((r) => isLast(r, i.name))
  }
  return sum.over.find(suits) ?? null
}

export const sumsByLanes =
  (sizes: Dim.Sizes) =>
  (e: Equations): Equations => {
    const size = valueOf(sizes)
    return replaced(e, (eq) => {
      const { value } = eq
      if (value._tag !== 'sum' || X.reductions(value).length !== 1) return null
      const lane = alongLanes(eq, value, size)
      if (lane === null) return null
      const name = `${eq.defines}, by lanes`
      const over = [...eq.over, lane]
      const labels = { ...eq.labels, [name]: `${eq.labels[eq.defines] ?? 'total'}_lanes` }
      const others = value.over.filter((i) => i !== lane)
      return [
        { ...eq, defines: name, over, value: X.sum(others, value.body), labels },
        { ...eq, value: X.sum([lane], X.tensor(name)(...over)), labels }
      ]
    })
  }
