/**
 * Contractions: sums of products of two operands, `out[b,m,n] = sum_k left[b,m,k] right[b,k,n]`, recognised in a kernel
 * whatever its letters are.
 *
 * An axis of the output that both operands depend on is a batch axis; `m` axes belong to the left operand alone, `n` axes
 * to the right one, which is the one that depends on the output's fastest axis. What stands around the sum in the kernel
 * is its epilogue; an operand that is more than one read has that as its prologue.
 */
import type * as Dim from '../../spec/dim'
import * as X from '../expr'
import type { PlanKernel } from '../plan'
import { address, dependsOn, valueOf } from './affine'

/** An axis, or several that are one stretch in all three arrays. Strides count elements; 0 where an array lacks the axis. */
export interface ContractionAxis {
  readonly names: readonly string[]
  readonly size: number
  readonly left: number
  readonly right: number
  readonly out: number
}

export interface Operand {
  /** What it contributes to the product. */
  readonly value: X.Expr
  /** The one array it reads, with the place of its first element, where it is a plain read. */
  readonly read: { readonly label: string; readonly offset: number } | null
}

export interface Contraction {
  readonly sum: Extract<X.Expr, { _tag: 'sum' }>
  /** Factors that do not depend on `k`. */
  readonly scale: X.Expr
  readonly left: Operand
  readonly right: Operand
  /** Slowest first. Strides of an operand that is no plain read are 1 where it depends on the axis. */
  readonly batch: readonly ContractionAxis[]
  readonly m: readonly ContractionAxis[]
  readonly n: readonly ContractionAxis[]
  readonly k: readonly ContractionAxis[]
}

const factorsOf = (e: X.Expr): readonly X.Expr[] => (e._tag === 'multiply' ? e.factors.flatMap(factorsOf) : [e])

const sizeOf = (axes: readonly ContractionAxis[]): number => axes.reduce((total, a) => total * a.size, 1)

/** Neighbours that are one stretch in every array become one axis; `plain` says whether strides mean anything. */
const merged = (axes: readonly ContractionAxis[], plain: boolean): readonly ContractionAxis[] => {
  const made: ContractionAxis[] = []
  for (const axis of axes) {
    const before = made[made.length - 1]
    const follows = (['left', 'right', 'out'] as const).every((o) => before?.[o] === axis[o] * axis.size)
    if (before === undefined || !follows || !plain) made.push(axis)
    else made[made.length - 1] = { ...axis, names: [...before.names, ...axis.names], size: before.size * axis.size }
  }
  return made
}

const operand = (
  factors: readonly X.Expr[],
  k: PlanKernel,
  sizes: Dim.Sizes
): { readonly own: Operand; readonly stride: (name: string) => number } => {
  const value = X.multiply(...factors)
  const depends = dependsOn(value)
  if (value._tag === 'read') {
    const place = address(sizes)(value, k.parameters.find((p) => p.label === value.tensor)?.axes ?? [])
    if (place !== null) {
      const own: Operand = { value, read: { label: value.tensor, offset: place.constant } }
      return { own, stride: (name) => place.strides[name] ?? 0 }
    }
  }
  return { own: { value, read: null }, stride: (name) => (depends.has(name) ? 1 : 0) }
}

/** The sum as a contraction, or null where its terms are not products of two operands that depend on its indices. */
export const contraction =
  (k: PlanKernel, sizes: Dim.Sizes) =>
  (sum: X.Expr): Contraction | null => {
    if (sum._tag !== 'sum') return null
    const names = sum.over.map((i) => i.name)
    const isSummed = (e: X.Expr): boolean => names.some((name) => dependsOn(e).has(name))
    const factors = factorsOf(sum.body)
    const summed = factors.filter(isSummed)
    // The fastest axis of the output that one operand has alone; without one, their order tells them apart.
    const alone = k.over.map((i) => summed.filter((f) => dependsOn(f).has(i.name)))
    const rights = alone.findLast((those) => those.length > 0 && those.length < summed.length) ?? summed.slice(-1)
    const lefts = summed.filter((f) => !rights.includes(f))
    if (lefts.length === 0 || rights.length === 0) return null
    const [left, right] = [operand(lefts, k, sizes), operand(rights, k, sizes)]
    const [onLeft, onRight] = [dependsOn(left.own.value), dependsOn(right.own.value)]
    const extents = k.over.map((i) => valueOf(sizes)(i.dim))
    const outer = (axis: number): number => extents.slice(axis + 1).reduce((p, q) => p * q, 1)
    const axes = k.over.map(
      (i, axis): ContractionAxis => ({
        names: [i.name],
        size: extents[axis] as number,
        left: left.stride(i.name),
        right: right.stride(i.name),
        out: outer(axis)
      })
    )
    const plain = left.own.read !== null && right.own.read !== null
    const those = (wanted: (name: string) => boolean): readonly ContractionAxis[] =>
      merged(
        axes.filter((a) => wanted(a.names[0] as string)),
        plain
      )
    const summedAxes = sum.over.map(
      (i): ContractionAxis => ({
        names: [i.name],
        size: valueOf(sizes)(i.dim),
        left: left.stride(i.name),
        right: right.stride(i.name),
        out: 0
      })
    )
    const rest = factors.filter((f) => !isSummed(f))
    return {
      sum,
      scale: rest.length === 0 ? X.number(1) : X.multiply(...rest),
      left: left.own,
      right: right.own,
      batch: those((name) => onLeft.has(name) === onRight.has(name)),
      m: those((name) => onLeft.has(name) && !onRight.has(name)),
      n: those((name) => !onLeft.has(name) && onRight.has(name)),
      k: merged(summedAxes, plain)
    }
  }

/**
 * Every contraction of a kernel, outer sums first; sums within a recognised one are its operands' business. One behind a
 * condition means something only where the condition holds.
 */
export const contractions =
  (k: PlanKernel, sizes: Dim.Sizes) =>
  (e: X.Expr = k.value): readonly Contraction[] => {
    const own = contraction(k, sizes)(e)
    return own === null ? X.parts(e).flatMap((p) => contractions(k, sizes)(p)) : [own]
  }

/** Multiplications, which are as many additions. */
export const products = (c: Contraction): number => [c.batch, c.m, c.n, c.k].map(sizeOf).reduce((p, q) => p * q, 1)

const showAxes = (axes: readonly ContractionAxis[]): string =>
  axes.length === 0 ? '1' : axes.map((a) => `${a.names.join('')}:${a.size}`).join(' ')

/** `batch s:8 | m i:64 | n c:256 | k d:256`. */
export const show = (c: Contraction): string =>
  (['batch', 'm', 'n', 'k'] as const).map((part) => `${part} ${showAxes(c[part])}`).join(' | ')
