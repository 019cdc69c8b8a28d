/** Which turns of a sum are written out, several in one statement, instead of looped over. */
import type * as Dim from '../../spec/dim'
import * as X from '../expr'

/** How a target wants its sums: at most `terms` in one statement, and longer sums by steps of `step`. */
export interface Unroll {
  readonly terms: number
  readonly step: number
  readonly extent: (dim: Dim.Dim) => number
}

export interface Unrolled {
  /** Indices that are looped over as ever, slowest first. */
  readonly outer: readonly X.Index[]
  /** A loop by steps over the last index, whose body holds the turns of one step. */
  readonly stepped: { readonly index: string; readonly by: number; readonly to: number } | null
  /** The turns of every statement after it: what each index is, as text. */
  readonly statements: readonly (readonly ReadonlyMap<string, string>[])[]
}

/** An expression that is one stretch of text, without loops, branches or variables of its own. */
const isText = (e: X.Expr): boolean =>
  ['number', 'extent', 'read', 'add', 'multiply', 'divide', 'sqrt'].includes(e._tag) && X.parts(e).every(isText)

const upTo = (size: number, from = 0): readonly number[] => Array.from({ length: size - from }, (_, k) => from + k)

/** The turns of several indices, the last fastest. */
const product = (over: readonly X.Index[], sizes: readonly number[]): readonly ReadonlyMap<string, string>[] =>
  over.reduce<readonly ReadonlyMap<string, string>[]>(
    (all, i, axis) => all.flatMap((turn) => upTo(sizes[axis] ?? 0).map((k) => new Map([...turn, [i.name, String(k)]]))),
    [new Map()]
  )

/** How a sum is written, or null where every turn stays in its loop. */
export const unrolled = (e: Extract<X.Expr, { _tag: 'sum' }>, unroll: Unroll | undefined): Unrolled | null => {
  if (unroll === undefined || !isText(e.body)) return null
  const sizes = e.over.map((i) => unroll.extent(i.dim))
  let from = sizes.length
  for (let terms = 1; from > 0 && terms * (sizes[from - 1] ?? 0) <= unroll.terms; from--) terms *= sizes[from - 1] ?? 0
  if (from < sizes.length) {
    return { outer: e.over.slice(0, from), stepped: null, statements: [product(e.over.slice(from), sizes.slice(from))] }
  }
  const [last, size] = [e.over[from - 1], sizes[from - 1] ?? 0]
  if (last === undefined) return null
  const to = size - (size % unroll.step)
  const rest = upTo(size, to).map((k) => new Map([[last.name, String(k)]]))
  return {
    outer: e.over.slice(0, -1),
    stepped: { index: last.name, by: unroll.step, to },
    statements: rest.length === 0 ? [] : [rest]
  }
}
