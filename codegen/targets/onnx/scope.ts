/** Where an expression stands: which indices are bound, over which places they run, and what tensors are by now. */
import type * as Dim from '../../../spec/dim'
import type * as X from '../../expr'
import { indicesIn, valueOf } from '../../schedules/affine'
import type { Axis, Builder } from './builder'
import type { Size } from './graph'

// --- model -----------------------------------------------------------------------------------------------------------

/** Places `from`, `from + 1`, .. along an index. */
export interface Range {
  readonly from: number
  readonly count: Size
}

/** A tensor of the equations as an array: the sizes of its axes, null where it does not depend on one and has none. */
export interface Stored {
  readonly value: string
  readonly axes: readonly (Size | null)[]
}

export interface Scope {
  readonly b: Builder
  /** All but the number of systems. */
  readonly sizes: Dim.Sizes
  readonly stored: ReadonlyMap<string, Stored>
  readonly ranges: ReadonlyMap<string, Range>
  /** The names of the bound indices: axes of arrays stand in this order. */
  readonly order: readonly string[]
  /** Whether a condition that is not looked at may say that the value here is of no use. */
  readonly guarded: boolean
}

/** A place of every index that counts. */
export type Places = Readonly<Record<string, number>>

// --- destructors -----------------------------------------------------------------------------------------------------

export const rangeOf = (scope: Scope, name: string): Range => {
  const range = scope.ranges.get(name)
  if (range === undefined) throw new Error(`internal: index ${name} is not bound in an ONNX graph`)
  return range
}

export const axisOf = (scope: Scope, name: string): Axis => ({ name, size: rangeOf(scope, name).count })

/** The number of places along an index, which must not be that of the systems. */
export const countOf = (scope: Scope, name: string): number => {
  const { count } = rangeOf(scope, name)
  if (typeof count === 'string') throw new Error(`internal: a position or sum runs over ${count} in an ONNX graph`)
  return count
}

export const positionAt = (sizes: Dim.Sizes, p: X.Position, at: Places): number => {
  const size = valueOf(sizes)
  switch (p._tag) {
    case 'index':
      return at[p.name] as number
    case 'size':
      return size(p.dim)
    case 'plus':
      return positionAt(sizes, p.left, at) + positionAt(sizes, p.right, at)
    case 'times':
      return positionAt(sizes, p.of, at) * size(p.by)
    case 'quotient':
      return Math.floor(positionAt(sizes, p.of, at) / size(p.by))
    case 'remainder':
      return positionAt(sizes, p.of, at) % size(p.by)
  }
}

const holds = (sizes: Dim.Sizes, c: X.Condition, at: Places): boolean => {
  const [left, right] = [positionAt(sizes, c.left, at), positionAt(sizes, c.right, at)]
  return c._tag === 'less' ? left < right : left === right
}

/** What `f` gives at all places of the indices, the last of them fastest. */
export const everywhere = <A>(scope: Scope, names: readonly string[], f: (at: Places) => A): readonly A[] =>
  names
    .reduce<readonly Places[]>(
      (before, name) => {
        const { from } = rangeOf(scope, name)
        const own = Array.from({ length: countOf(scope, name) }, (_, k) => from + k)
        return before.flatMap((at) => own.map((k) => ({ ...at, [name]: k })))
      },
      [{}]
    )
    .map(f)

/** The indices of a condition, and whether it holds at each of their places. */
export const condition = (
  scope: Scope,
  c: X.Condition
): { readonly names: readonly string[]; readonly holds: readonly boolean[] } => {
  const used = new Set([...indicesIn(c.left), ...indicesIn(c.right)])
  const names = scope.order.filter((name) => used.has(name))
  return { names, holds: everywhere(scope, names, (at) => holds(scope.sizes, c, at)) }
}

// --- combinators -----------------------------------------------------------------------------------------------------

export const within = (scope: Scope, name: string, range: Range): Scope => ({
  ...scope,
  ranges: new Map([...scope.ranges, [name, range]])
})

/** With indices that run from their first place on. */
export const binding = (scope: Scope, indices: readonly { readonly name: string; readonly size: Size }[]): Scope => ({
  ...scope,
  ranges: new Map([
    ...scope.ranges,
    ...indices.map(({ name, size }): [string, Range] => [name, { from: 0, count: size }])
  ]),
  order: [...scope.order, ...indices.map((i) => i.name)]
})
