/**
 * Sums of products: `sum_k f g h ..`, two factors at a time, each pair as one `MatMul`.
 *
 * An axis that both factors have and the sum does not is a batch axis, and so is that of the systems, which a factor without it
 * is broadcast along; `m` axes belong to the left factor alone, `n` axes to the right one, and `k` axes are summed.
 */
import {
  type Axis,
  type Builder,
  dims,
  elementwise,
  type Labelled,
  node,
  number,
  reduce,
  reshape,
  transpose,
  united
} from './builder'
import type { Size } from './graph'

const has = (x: Labelled, name: string): boolean => x.axes.some((a) => a.name === name)

/** How many numbers an axis counts for: which number of systems does not matter, but it is large. */
const weight = (size: Size): number => (typeof size === 'number' ? size : 64)

const product = (axes: readonly Axis[]): number => axes.reduce((total, a) => total * weight(a.size), 1)

const single = (axes: readonly Axis[], name: string): Axis => ({ name, size: product(axes) })

/** What a pair of factors leaves: the axes of both without those summed. */
interface Pair {
  readonly left: Labelled
  readonly right: Labelled
  readonly batch: readonly Axis[]
  readonly m: readonly Axis[]
  readonly n: readonly Axis[]
  readonly k: readonly Axis[]
}

const pairOf = (left: Labelled, right: Labelled, over: ReadonlySet<string>, order: readonly string[]): Pair => {
  const all = united([left, right], order)
  const [both, ours, theirs] = [
    all.filter((a) => has(left, a.name) && has(right, a.name)),
    all.filter((a) => !has(right, a.name)),
    all.filter((a) => !has(left, a.name))
  ]
  const systems = all.filter((a) => typeof a.size === 'string')
  const known = (a: Axis): boolean => typeof a.size === 'number'
  return {
    left,
    right,
    batch: [...systems, ...both.filter((a) => known(a) && !over.has(a.name))],
    m: ours.filter(known),
    n: theirs.filter(known),
    k: both.filter((a) => over.has(a.name))
  }
}

const leaves = (p: Pair): readonly string[] => [...p.batch, ...p.m, ...p.n].map((a) => a.name)

const inOrder = (names: readonly string[], order: readonly string[]): boolean =>
  names.every((name, at) => at === 0 || order.indexOf(names[at - 1] as string) < order.indexOf(name))

const batchOf = (x: Labelled, p: Pair): readonly Axis[] => p.batch.filter((a) => has(x, a.name))

const sortedBy = (b: Builder, x: Labelled, axes: readonly Axis[]): Labelled =>
  transpose(
    b,
    x,
    axes.map((a) => a.name)
  )

/** The factor as a stack of matrices: the axes on either side as one. */
const matrices = (b: Builder, x: Labelled, p: Pair, rows: readonly Axis[], columns: readonly Axis[]): Labelled => {
  const batch = batchOf(x, p)
  const sorted = sortedBy(b, x, [...batch, ...rows, ...columns])
  return reshape(b, sorted, [...batch, single(rows, 'row'), single(columns, 'column')])
}

/** One `MatMul`, its result with the batch axes first. */
const multiplied = (b: Builder, p: Pair): Labelled => {
  const { batch, m, n, k } = p
  if (batchOf(p.right, p).length > 0) {
    const [left, right] = [matrices(b, p.left, p, m, k), matrices(b, p.right, p, k, n)]
    const axes = [...batch, single(m, 'row'), single(n, 'column')]
    const value = node(b, 'MatMul', [left.value, right.value], dims(axes))
    return reshape(b, { value, axes }, [...batch, ...m, ...n])
  }
  // One matrix, or one vector, for all rows there are: they need not become one axis.
  const columns = n.length === 0 ? [] : [single(n, 'column')]
  const right = reshape(b, sortedBy(b, p.right, [...k, ...n]), [single(k, 'row'), ...columns])
  const rows = [...batchOf(p.left, p), ...m]
  const left = reshape(b, sortedBy(b, p.left, [...rows, ...k]), [...rows, single(k, 'column')])
  const axes = [...rows, ...columns]
  const value = node(b, 'MatMul', [left.value, right.value], dims(axes))
  return reshape(b, { value, axes }, [...rows, ...n])
}

const contracted = (b: Builder, p: Pair, q: Pair, order: readonly string[]): Labelled => {
  if (p.k.length === 0) return elementwise(b, 'Mul', [p.left, p.right], order)
  if (p.m.length + p.n.length === 0) {
    const factors = elementwise(b, 'Mul', [p.left, p.right], order)
    return reduce(
      b,
      'ReduceSum',
      factors,
      p.k.map((a) => a.name)
    )
  }
  const chosen = [p, q].find((one) => inOrder(leaves(one), order))
  return multiplied(b, chosen ?? [p, q].find((one) => batchOf(one.right, one).length === 0) ?? p)
}

/** Two factors, and the others. */
interface Choice {
  readonly pair: Pair
  readonly swapped: Pair
  readonly rest: readonly Labelled[]
}

const choices = (factors: readonly Labelled[], names: readonly string[], order: readonly string[]): readonly Choice[] =>
  factors.flatMap((p, at) =>
    factors.slice(at + 1).map((q, behind) => {
      const rest = factors.filter((_, k) => k !== at && k !== at + 1 + behind)
      const here = new Set(names.filter((name) => !rest.some((x) => has(x, name))))
      return { pair: pairOf(p, q, here, order), swapped: pairOf(q, p, here, order), rest }
    })
  )

const sizeOf = ({ pair }: Choice): number => product([...pair.batch, ...pair.m, ...pair.n])

/** The sum over `over` of the product of the factors; the axes of what is left stand in any order. */
export const contract = (
  b: Builder,
  factors: readonly Labelled[],
  over: readonly { readonly name: string; readonly count: number }[],
  order: readonly string[]
): Labelled => {
  const names = over.map((i) => i.name)
  // What one factor alone depends on is summed before anything is multiplied; what none does counts its places.
  const only = (at: number): readonly string[] =>
    names.filter((name) => factors.every((f, k) => has(f, name) === (k === at)))
  const idle = over.filter((i) => !factors.some((f) => has(f, i.name))).reduce((total, i) => total * i.count, 1)
  const summed = factors.map((f, at) => reduce(b, 'ReduceSum', f, only(at)))
  const go = (left: readonly Labelled[]): Labelled => {
    const [first, ...others] = choices(left, names, order)
    if (first === undefined) return left[0] as Labelled
    const best = others.reduce((least, one) => (sizeOf(one) < sizeOf(least) ? one : least), first)
    return go([contracted(b, best.pair, best.swapped, order), ...best.rest])
  }
  return go(idle === 1 && factors.length > 0 ? summed : [...summed, number(b, idle)])
}
