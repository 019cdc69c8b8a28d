/** Sums over several indices with the one innermost whose turns lie nearest together in memory. */
import type * as Dim from '../../spec/dim'
import type { Equations } from '../equation'
import * as X from '../expr'
import { address } from './affine'

/** Elements of a line of a cache. */
const line = 16

/** How many reads leave their line of the cache from one turn to the next; between equals, how far they go. */
const reach = (body: X.Expr, name: string, e: Equations, sizes: Dim.Sizes): number => {
  const steps = X.reads(body).map((r) =>
    Math.abs(address(sizes)(r, e.tensors[r.tensor]?.dims ?? [])?.strides[name] ?? 0)
  )
  return steps.filter((step) => step >= line).length + Math.max(0, ...steps) / 2 ** 32
}

export const sumsInOrder =
  (sizes: Dim.Sizes) =>
  (e: Equations): Equations => {
    const ordered = (x: X.Expr): X.Expr => {
      const inner = X.mapParts(ordered)(x)
      if (!X.isReduction(inner) || inner.over.length < 2) return inner
      const far = new Map(inner.over.map((i) => [i.name, reach(inner.body, i.name, e, sizes)]))
      return { ...inner, over: [...inner.over].sort((p, q) => (far.get(q.name) ?? 0) - (far.get(p.name) ?? 0)) }
    }
    return { ...e, equations: e.equations.map((eq) => ({ ...eq, value: ordered(eq.value) })) }
  }
