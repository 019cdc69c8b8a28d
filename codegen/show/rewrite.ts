/**
 * Small rewritings that make lowered equations fit for reading: values written where they are read, letters by their range.
 */
import * as Dim from '../../spec/dim'
import * as X from '../expr'

/** Rename indices everywhere, those that sums bind too. */
export const renameIndices = (to: ReadonlyMap<string, string>) => {
  const rename = (i: X.Index): X.Index => X.index(to.get(i.name) ?? i.name, i.dim)
  const visit = (e: X.Expr): X.Expr =>
    X.isReduction(e) ? { ...e, over: e.over.map(rename), body: visit(e.body) } : X.mapParts(visit)(e)
  return (e: X.Expr): X.Expr => X.mapPositions(X.mapIndex(rename))(visit(e))
}

/** The names of all indices that sums bind. */
const bound = (e: X.Expr): readonly string[] => X.reductions(e).flatMap((s) => s.over.map((i) => i.name))

/**
 * A definition `over -> value` at the indices `at`. A sum inside that binds a letter of `at` takes the letter that it
 * pushed out: `dX[p] = Σm ..` at m becomes `Σp ..`.
 */
export const writtenAt = (over: readonly X.Index[], value: X.Expr, at: readonly string[]): X.Expr => {
  const to = new Map(over.map((i, axis) => [i.name, at[axis] ?? i.name]))
  const taken = new Set(at)
  const free = over.map((i) => i.name).filter((name) => !taken.has(name))
  for (const name of new Set(bound(value))) {
    if (!taken.has(name)) continue
    const letter = free.shift() ?? `${name}2`
    to.set(name, letter)
    taken.add(letter)
  }
  return renameIndices(to)(value)
}

/** Say `j` for an index over the equations alone that goes by a letter of tokens. */
export const byRange = (
  over: readonly X.Index[],
  value: X.Expr
): { readonly over: readonly X.Index[]; readonly value: X.Expr } => {
  const all = [...over, ...X.reductions(value).flatMap((s) => s.over)]
  const odd = all.find((i) => i.name === 'i' && Dim.equals(i.dim, Dim.n))
  if (odd === undefined || all.some((i) => i.name === 'j')) return { over, value }
  if (all.some((i) => i.name === 'i' && !Dim.equals(i.dim, Dim.n))) return { over, value }
  const to = new Map([['i', 'j']])
  return {
    over: over.map((i) => X.index(to.get(i.name) ?? i.name, i.dim)),
    value: renameIndices(to)(value)
  }
}

/** Read every tensor by its display name. */
export const renameReads = (names: (tensor: string) => string) => X.mapReads((r) => ({ ...r, tensor: names(r.tensor) }))

const isZero = (e: X.Expr): boolean => e._tag === 'number' && e.value === 0

/** `[p] a + [p] b` as `[p] (a + b)`. */
export const gathered = (e: X.Expr): X.Expr => {
  if (e._tag !== 'add') return e
  const terms: X.Expr[] = []
  for (const t of e.terms) {
    const at = terms.findIndex(
      (u) => t._tag === 'where' && u._tag === 'where' && isZero(t.no) && isZero(u.no) && same(t.when, u.when)
    )
    const known = terms[at]
    if (known?._tag === 'where' && t._tag === 'where') terms[at] = { ...known, yes: flat(known.yes, t.yes) }
    else terms.push(t)
  }
  return X.add(...terms)
}

const same = (p: X.Condition, q: X.Condition): boolean => JSON.stringify(p) === JSON.stringify(q)

const termsOf = (e: X.Expr): readonly X.Expr[] => (e._tag === 'add' ? e.terms : [e])

const flat = (p: X.Expr, q: X.Expr): X.Expr => X.add(...termsOf(p), ...termsOf(q))
