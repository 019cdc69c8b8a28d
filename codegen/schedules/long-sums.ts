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

export const sumsInParts =
  (sizes: Dim.Sizes) =>
  (e: Equations): Equations => {
    const size = valueOf(sizes)
    const tensors: Record<string, Tensor> = { ...e.tensors }
    const equations = e.equations.flatMap((eq): readonly Equation[] => {
      const sum = longSum(eq, size)
      if (sum === null) return [eq]
      const label = eq.labels[eq.defines] ?? 'sum'
      const count = size((sum.over[0] as X.Index).dim) / part
      const made: Equation[] = []
      let before: string | null = null
      /** The sum up to a part, with those before it read. */
      const upTo = (k: number, labels: Record<string, string>): X.Expr => {
        const own = stretch(sum, k * part)
        if (before === null) return own
        labels[before] = `${label}_before`
        return X.add(X.tensor(before)(...eq.over), own)
      }
      for (let k = 0; k < count - 1; k++) {
        const name: string = `${eq.defines}, terms up to ${(k + 1) * part}`
        const labels: Record<string, string> = { ...eq.labels, [name]: `${label}_part` }
        const value = upTo(k, labels)
        tensors[name] = { name, role: 'value', dims: eq.over.map((i) => i.dim) }
        made.push({ ...eq, defines: name, value, labels })
        before = name
      }
      const labels: Record<string, string> = { ...eq.labels }
      const last = upTo(count - 1, labels)
      const inside = (x: X.Expr): X.Expr => (x === sum ? last : X.mapParts(inside)(x))
      return [...made, { ...eq, value: inside(eq.value), labels }]
    })
    return equations.length === e.equations.length ? e : { ...e, tensors, equations }
  }
