/** Positions as whole-number combinations of loop counters whose ranges are known: `base + sum by * counter`. */
import * as E from 'fp-ts/Either'

import * as Dim from '../../../../spec/dim'
import type * as X from '../../../expr'
import { get, type Local, plus, times, type Value } from '../code'

/** A multiple of a counter that takes the values `least ... most`. */
export interface Term {
  readonly counter: Local<'i32'>
  readonly by: number
  readonly least: number
  readonly most: number
}

export interface Affine {
  readonly base: number
  readonly terms: readonly Term[]
}

export const constant = (base: number): Affine => ({ base, terms: [] })

export const add = (p: Affine, q: Affine): Affine => {
  const terms = [...p.terms]
  for (const t of q.terms) {
    const at = terms.findIndex(({ counter }) => counter.name === t.counter.name)
    const known = terms[at]
    if (known === undefined) terms.push(t)
    else terms[at] = { ...known, by: known.by + t.by }
  }
  return { base: p.base + q.base, terms: terms.filter(({ by }) => by !== 0) }
}

export const multiply = (p: Affine, by: number): Affine =>
  by === 0 ? constant(0) : { base: p.base * by, terms: p.terms.map((t) => ({ ...t, by: t.by * by })) }

/** The least and the largest value. */
export const range = (p: Affine): readonly [number, number] => {
  const ends = p.terms.map(({ by, least, most }) => [by * least, by * most].sort((a, b) => a - b))
  const total = (k: 0 | 1): number => ends.reduce((sum, end) => sum + (end[k] as number), p.base)
  return [total(0), total(1)]
}

/** A text that two positions share exactly if they are the same combination. */
export const key = (p: Affine): string =>
  [p.base, ...p.terms.map(({ counter, by }) => `${by}${counter.name}`).sort()].join('+')

/** The position as code, its base left out. */
export const codeOf = (terms: readonly Term[], by: number): Value<'i32'> | null =>
  terms.reduce<Value<'i32'> | null>((sum, t) => {
    const own = times(get(t.counter), t.by * by)
    return sum === null ? own : plus(sum, own)
  }, null)

/** What the indices in scope stand for. */
export type Scope = ReadonlyMap<string, Affine>

export const sizeOf = (sizes: Dim.Sizes, dim: Dim.Dim): number => {
  const value = Dim.evaluate(sizes)(dim)
  if (E.isLeft(value)) throw new Error(`internal: the size ${value.left} has no value`)
  return value.right
}

/** A position in a scope; `null` for a quotient or remainder that is not known beforehand. */
export const resolve = (sizes: Dim.Sizes, scope: Scope, p: X.Position): Affine | null => {
  switch (p._tag) {
    case 'index': {
      const found = scope.get(p.name)
      if (found === undefined) throw new Error(`internal: index ${p.name} is not bound in a kernel`)
      return found
    }
    case 'size':
      return constant(sizeOf(sizes, p.dim))
    case 'plus': {
      const [left, right] = [resolve(sizes, scope, p.left), resolve(sizes, scope, p.right)]
      return left === null || right === null ? null : add(left, right)
    }
    case 'times': {
      const of = resolve(sizes, scope, p.of)
      return of === null ? null : multiply(of, sizeOf(sizes, p.by))
    }
    case 'quotient':
    case 'remainder': {
      const [of, by] = [resolve(sizes, scope, p.of), sizeOf(sizes, p.by)]
      if (of === null) return null
      const [least, most] = range(of)
      const quotient = Math.floor(least / by)
      if (quotient !== Math.floor(most / by)) return null
      return p._tag === 'quotient' ? constant(quotient) : add(of, constant(-quotient * by))
    }
  }
}

/** Whether a condition holds throughout the ranges, nowhere (`false`), or only somewhere (`null`). */
export const holds = (tag: X.Condition['_tag'], left: Affine, right: Affine): boolean | null => {
  const [least, most] = range(add(left, multiply(right, -1)))
  switch (tag) {
    case 'less':
      return most < 0 ? true : least >= 0 ? false : null
    case 'equal':
      return least === 0 && most === 0 ? true : least > 0 || most < 0 ? false : null
  }
}
