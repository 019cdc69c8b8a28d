/**
 * Fusing: a value that one equation reads, once, is computed where it is read. `X' = X + Y` after
 * `Y = sum_j S V` becomes `X' = X + sum_j S V`: one kernel and no array between.
 */
import * as Dim from '../spec/dim'
import type { Equation, Equations } from './equation'
import * as X from './expr'
import { simplify } from './simplify'

/** More different arrays than this in one equation are hard to read, and some devices refuse them. */
const mostArrays = 7

/** The number of times an expression reads a tensor, counting a read inside a sum or a maximum as many. */
const uses = (tensor: string, e: X.Expr, inSum = false): number => {
  if (e._tag === 'read') return e.tensor === tensor ? (inSum ? 2 : 1) : 0
  return X.parts(e).reduce((total, p) => total + uses(tensor, p, inSum || X.isReduction(e)), 0)
}

/** Rename the bound indices of an expression so that it binds no index of the names taken. */
const fresh = (e: X.Expr, taken: ReadonlySet<string>): X.Expr => {
  if (!X.isReduction(e)) return X.mapParts((p) => fresh(p, taken))(e)
  const renamed = new Map<string, X.Index>()
  const used = new Set(taken)
  const over = e.over.map((i) => {
    let name = i.name
    for (let k = 2; used.has(name); k++) name = `${i.name.replace(/\d+$/, '')}${k}`
    used.add(name)
    const index = X.index(name, i.dim)
    if (name !== i.name) renamed.set(i.name, index)
    return index
  })
  const rename = X.mapPositions(X.mapIndex((i) => renamed.get(i.name) ?? i))
  return { ...e, over, body: fresh(renamed.size === 0 ? e.body : rename(e.body), used) }
}

/** The value of `inner` at the place where `read` reads it. */
const inlined = (inner: Equation, read: Extract<X.Expr, { _tag: 'read' }>, outer: Equation): X.Expr => {
  // Inner axes get names of their own first, so that i -> j, j -> i does not go astray.
  const own = fresh(inner.value, new Set([...inner.over, ...outer.over].map((i) => i.name)))
  const place = new Map(inner.over.map((i, axis) => [i.name, read.at[axis] as X.Position]))
  return X.mapPositions(X.mapIndex((i) => place.get(i.name) ?? i))(own)
}

const isPlain = (read: Extract<X.Expr, { _tag: 'read' }>): boolean =>
  read.at.every((p) => p._tag === 'index' || p._tag === 'size')

const sizeOf = (over: readonly X.Index[]): Dim.Dim => over.reduce((d, i) => Dim.times(d, i.dim), Dim.one)

/** Results of fewer numbers than this are summed in two steps: one sum over everything would leave a device idle. */
const fewest = 32

/** Whether `outer` is the sum of `inner` over some of its axes, each element read once, with many results. */
const isTotal = (inner: Equation, outer: Equation): boolean => {
  const { value } = outer
  if (value._tag !== 'sum' || value.body._tag !== 'read' || value.body.tensor !== inner.defines) return false
  const { at } = value.body
  const places = new Set(at.flatMap((p) => (p._tag === 'index' ? [p.name] : [])))
  return (
    places.size === at.length &&
    at.length === outer.over.length + value.over.length &&
    (Dim.asConstant(sizeOf(outer.over)) ?? fewest) >= fewest
  )
}

/** Whether `inner` may be computed where `outer` reads it. */
const mayFuse = (inner: Equation, outer: Equation, e: Equations): boolean => {
  const total = isTotal(inner, outer)
  if (uses(inner.defines, outer.value) !== 1 && !total) return false
  const read = X.reads(outer.value).find((r) => r.tensor === inner.defines)
  if (read === undefined || !isPlain(read)) return false
  const arrays = new Set([...X.tensors(inner.value), ...X.tensors(outer.value)])
  arrays.delete(inner.defines)
  if (arrays.size > mostArrays || e.tensors[inner.defines] === undefined) return false
  if (total || X.reductions(inner.value).length === 0) return true
  // A reader with fewer axes computes less than there is; one with more would compute it again and again.
  return Dim.subtract(sizeOf(inner.over), sizeOf(outer.over)).terms.every((t) => t.coefficient > 0)
}

/** Two arrays of one equation may not share a label: the fused one's are told apart by a number. */
const mergedLabels = (inner: Equation, outer: Equation): Readonly<Record<string, string>> => {
  const labels: Record<string, string> = {}
  const taken = new Set<string>()
  const put = (name: string, label: string): void => {
    if (labels[name] !== undefined) return
    let own = label
    for (let k = 2; taken.has(own); k++) own = `${label.replace(/\d+$/, '')}${k}`
    taken.add(own)
    labels[name] = own
  }
  for (const q of [outer, inner]) {
    for (const name of [q.defines, ...X.tensors(q.value)]) {
      if (name !== inner.defines) put(name, q.labels[name] ?? name.slice(name.lastIndexOf('.') + 1))
    }
  }
  return labels
}

export const fuse = (e: Equations): Equations => {
  const outputs = new Set([...e.outputs, ...e.updates.map((u) => u.output)])
  const equations: (Equation | undefined)[] = [...e.equations]
  const readers = new Map<string, Set<number>>()
  const note = (at: number): void => {
    for (const name of X.tensors((equations[at] as Equation).value)) {
      readers.set(name, (readers.get(name) ?? new Set()).add(at))
    }
  }
  for (const at of equations.keys()) note(at)

  for (const [at, inner] of equations.entries()) {
    if (inner === undefined || outputs.has(inner.defines)) continue
    const [place, ...others] = readers.get(inner.defines) ?? []
    const outer = place === undefined ? undefined : equations[place]
    if (place === undefined || outer === undefined || others.length > 0 || !mayFuse(inner, outer, e)) continue
    const replace = X.mapReads((r) => (r.tensor === inner.defines ? inlined(inner, r, outer) : r))
    equations[place] = {
      ...outer,
      value: simplify(replace(outer.value)),
      // The kernel goes by the rule that does the work.
      rule: X.reductions(inner.value).length > 0 && X.reductions(outer.value).length === 0 ? inner.rule : outer.rule,
      labels: mergedLabels(inner, outer)
    }
    equations[at] = undefined
    for (const name of X.tensors(inner.value)) readers.get(name)?.delete(at)
    note(place)
  }
  const left = equations.filter((eq) => eq !== undefined)
  return left.length === e.equations.length ? e : { ...e, equations: left }
}
