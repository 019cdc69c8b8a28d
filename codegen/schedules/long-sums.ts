/**
 * Long sums of products, `Y[i,c] = f(sum_d L[i,d] R[c,d])`, in parts of d, each added to those before it:
 * `P[i,c] = sum_{d < 512} L R`, and last `Y[i,c] = f(P[i,c] + sum_{d >= 512} L R)`. What a tile of registers reads
 * of R in one turn of a part stays in the first-level cache while all i pass; of a long sum it would not.
 */
import type * as Dim from '../../spec/dim'
import type { Equation, Equations, Tensor } from '../equation'
import * as X from '../expr'
import { dependsOn, valueOf } from './affine'

/** Terms of a part: sixteen columns of them fill a first-level cache of 32 KiB, and half of them pass between two uses. */
const part = 512
/** Terms from which on a sum is divided, and results along either axis that repay the sums kept between its parts. */
const [long, fewest] = [1024, 64]

type Sum = Extract<X.Expr, { _tag: 'sum' }>

const product = (sizes: readonly number[]): number => sizes.reduce((p, q) => p * q, 1)

/** The one reduction of an equation, if it is a long sum of products of two reads, over one index. */
const longSum = (eq: Equation, size: (d: Dim.Dim) => number): Sum | null => {
  const [only, ...others] = X.reductions(eq.value)
  if (only?._tag !== 'sum' || others.length > 0 || only.over.length !== 1 || only.body._tag !== 'multiply') return null
  const { factors } = only.body
  if (factors.length !== 2 || factors.some((f) => f._tag !== 'read')) return null
  const terms = size((only.over[0] as X.Index).dim)
  if (terms < long || terms % part !== 0) return null
  // Rows and columns: each read goes along axes of the results that the other does not know.
  const [left, right] = factors.map(dependsOn) as [ReadonlySet<string>, ReadonlySet<string>]
  const along = (own: ReadonlySet<string>, other: ReadonlySet<string>): number =>
    product(eq.over.filter((i) => own.has(i.name) && !other.has(i.name)).map((i) => size(i.dim)))
  return along(left, right) >= fewest && along(right, left) >= fewest ? only : null
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
    const inside = (x: X.Expr): X.Expr => (x === sum ? total : X.mapParts(inside)(x))
    return {
      ...eq,
      defines: name(k),
      value: k === count - 1 ? inside(eq.value) : total,
      labels: before === null ? labels : { ...labels, [before]: `${label}_before` }
    }
  })
}

/** Every long sum in parts, where its results are many enough. */
export const sumsInParts =
  (sizes: Dim.Sizes) =>
  (e: Equations): Equations => {
    const size = valueOf(sizes)
    const tensors: Record<string, Tensor> = { ...e.tensors }
    const equations = e.equations.flatMap((eq): readonly Equation[] => {
      const sum = longSum(eq, size)
      if (sum === null) return [eq]
      const parts = partsOf(eq, sum, size((sum.over[0] as X.Index).dim) / part)
      const dims = eq.over.map((i) => i.dim)
      for (const { defines } of parts.slice(0, -1)) tensors[defines] = { name: defines, role: 'value', dims }
      return parts
    })
    return equations.length === e.equations.length ? e : { ...e, tensors, equations }
  }
