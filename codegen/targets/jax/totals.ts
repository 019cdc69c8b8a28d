/**
 * Cotangents of parameters summed over systems where they arise: `sum_s sum_i dY[s,i,c] e[s,i,d]` is one contraction, and no
 * array holds a matrix for every system.
 */
import * as Dim from '../../../spec/dim'
import type { Equation, Equations, Tensor } from '../../equation'
import * as X from '../../expr'
import { simplify } from '../../simplify'

const mentions = (e: X.Expr, name: string): boolean => {
  let found = false
  X.mapPositions(
    X.mapIndex((i) => {
      found ||= i.name === name
      return i
    })
  )(e)
  return found
}

/** `sum_s e`, the sum as deep inside as it goes. */
const summed = (s: X.Index, e: X.Expr): X.Expr => {
  switch (e._tag) {
    case 'add':
      return X.add(...e.terms.map((t) => summed(s, t)))
    case 'sum':
      return { ...e, over: [s, ...e.over] }
    case 'divide':
      return mentions(e.by, s.name) ? X.sum([s], e) : X.divide(summed(s, e.over), e.by)
    case 'multiply': {
      const outside = e.factors.filter((f) => !mentions(f, s.name))
      const inside = e.factors.filter((f) => mentions(f, s.name))
      const [only] = inside
      if (outside.length === 0 || only === undefined) return X.sum([s], e)
      return X.multiply(...outside, inside.length === 1 ? summed(s, only) : X.sum([s], ...inside))
    }
    default:
      return X.sum([s], e)
  }
}

/** The shares whose sums over systems are all that is read of them: parameter cotangents, and what adds up to them. */
const shares = (e: Equations): ReadonlySet<string> => {
  const readers = new Map<string, Equation[]>()
  for (const eq of e.equations) {
    for (const t of X.tensors(eq.value)) readers.set(t, [...(readers.get(t) ?? []), eq])
  }
  const found = new Set<string>()
  const adds = (eq: Equation): boolean =>
    eq.rule === 'sum over systems' || (eq.rule === 'sum of cotangents' && found.has(eq.defines))
  for (const eq of [...e.equations].reverse()) {
    const own = readers.get(eq.defines) ?? []
    if (eq.part === 'vjp' && own.length > 0 && !e.outputs.includes(eq.defines) && own.every(adds)) found.add(eq.defines)
  }
  return found
}

export const totalled = (e: Equations): Equations => {
  const total = shares(e)
  const tensors: Record<string, Tensor> = { ...e.tensors }
  const equations = e.equations.map((eq): Equation => {
    const [s] = eq.over
    const rests = X.mapReads((r) => (total.has(r.tensor) ? { ...r, at: r.at.slice(1) } : r))
    if (eq.rule === 'sum over systems') {
      return eq.value._tag === 'sum' ? { ...eq, value: rests(eq.value.body) } : eq
    }
    if (!total.has(eq.defines) || s === undefined || !Dim.equals(s.dim, Dim.batch)) return eq
    const over = eq.over.slice(1)
    tensors[eq.defines] = { ...(tensors[eq.defines] as Tensor), dims: over.map((i) => i.dim) }
    const value = eq.rule === 'sum of cotangents' ? rests(eq.value) : simplify(summed(s, eq.value))
    return { ...eq, over, value }
  })
  return { ...e, tensors, equations }
}
