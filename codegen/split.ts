/** Splitting: an equation that reads more arrays than a target's kernels may is computed in parts, each added to the last. */
import * as E from 'fp-ts/Either'

import type { Equation, Equations, Tensor } from './equation'
import * as X from './expr'

/** Terms in groups, each reading at most `most` arrays. */
const groups = (terms: readonly X.Expr[], most: number): readonly (readonly X.Expr[])[] => {
  const made: X.Expr[][] = []
  let arrays = new Set<string>()
  for (const term of terms) {
    const own = X.tensors(term)
    const joined = new Set([...arrays, ...own])
    const current = made[made.length - 1]
    if (current !== undefined && joined.size <= most) {
      current.push(term)
      arrays = joined
    } else {
      made.push([term])
      // The sum so far takes one place in every group after the first.
      arrays = new Set(made.length === 1 ? own : ['', ...own])
    }
  }
  return made
}

const parts = (eq: Equation, most: number): E.Either<string, readonly Equation[]> => {
  if (eq.value._tag !== 'add') return E.left(`equation ${eq.defines} reads more than ${most} arrays and is not a sum`)
  const all = groups(eq.value.terms, most)
  const made: Equation[] = []
  for (const [k, terms] of all.entries()) {
    const last = k === all.length - 1
    const before = made[k - 1]
    const defines = last ? eq.defines : `${eq.defines}#${k}`
    const label = eq.labels[eq.defines] ?? 'total'
    const value = X.add(...(before === undefined ? [] : [X.tensor(before.defines)(...eq.over)]), ...terms)
    if (X.tensors(value).length > most)
      return E.left(`one term of equation ${eq.defines} reads more than ${most} arrays`)
    const labels = { ...eq.labels, [defines]: label, ...(before === undefined ? {} : { [before.defines]: 'partial' }) }
    made.push({ ...eq, defines, value, labels })
  }
  return E.right(made)
}

export const splitArrays =
  (most: number) =>
  (e: Equations): E.Either<string, Equations> => {
    const tensors: Record<string, Tensor> = { ...e.tensors }
    const equations: Equation[] = []
    for (const eq of e.equations) {
      if (X.tensors(eq.value).length <= most) {
        equations.push(eq)
        continue
      }
      const made = parts(eq, most)
      if (E.isLeft(made)) return made
      for (const part of made.right) {
        tensors[part.defines] = { ...(tensors[eq.defines] as Tensor), name: part.defines }
        equations.push(part)
      }
    }
    return E.right({ ...e, tensors, equations })
  }
