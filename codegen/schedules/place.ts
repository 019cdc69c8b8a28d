/** Places: whole numbers that loops determine, at concrete sizes. Most are affine; quotients and remainders may be not. */
import type * as Dim from '../../spec/dim'
import type * as X from '../expr'
import { type Affine, combine, valueOf } from './affine'

// --- model -----------------------------------------------------------------------------------------------------------

export type Place =
  | { readonly _tag: 'affine'; readonly of: Affine }
  | { readonly _tag: 'plus'; readonly left: Place; readonly right: Place }
  | { readonly _tag: 'times'; readonly of: Place; readonly by: number }
  | { readonly _tag: 'quotient' | 'remainder'; readonly of: Place; readonly by: number }

/** The lowest and the highest value. */
export interface Range {
  readonly low: number
  readonly high: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const fixed = (constant: number): Place => ({ _tag: 'affine', of: { constant, strides: {} } })

export const along = (loop: string): Place => ({ _tag: 'affine', of: { constant: 0, strides: { [loop]: 1 } } })

const nothing: Affine = { constant: 0, strides: {} }

export const plus = (left: Place, right: Place): Place => {
  if (left._tag === 'affine' && right._tag === 'affine') return { _tag: 'affine', of: combine(left.of, right.of) }
  if (left._tag === 'affine' && left.of.constant === 0 && Object.keys(left.of.strides).length === 0) return right
  return { _tag: 'plus', left, right }
}

export const times = (of: Place, by: number): Place => {
  if (by === 0) return fixed(0)
  if (by === 1) return of
  return of._tag === 'affine' ? { _tag: 'affine', of: combine(nothing, of.of, by) } : { _tag: 'times', of, by }
}

const divided = (tag: 'quotient' | 'remainder', of: Place, by: number): Place => {
  if (by === 1) return tag === 'quotient' ? of : fixed(0)
  if (of._tag !== 'affine' || Object.keys(of.of.strides).length > 0) return { _tag: tag, of, by }
  const whole = Math.floor(of.of.constant / by)
  return fixed(tag === 'quotient' ? whole : of.of.constant - whole * by)
}
export const quotient = (of: Place, by: number): Place => divided('quotient', of, by)
export const remainder = (of: Place, by: number): Place => divided('remainder', of, by)

/** A position in a kernel's own letters; `loops` gives every index its place. */
export const placeOf =
  (sizes: Dim.Sizes, loops: ReadonlyMap<string, Place>) =>
  (p: X.Position): Place => {
    const of = placeOf(sizes, loops)
    switch (p._tag) {
      case 'index': {
        const place = loops.get(p.name)
        if (place === undefined) throw new Error(`internal: index ${p.name} is not bound in a kernel`)
        return place
      }
      case 'size':
        return fixed(valueOf(sizes)(p.dim))
      case 'plus':
        return plus(of(p.left), of(p.right))
      case 'times':
        return times(of(p.of), valueOf(sizes)(p.by))
      case 'quotient':
        return quotient(of(p.of), valueOf(sizes)(p.by))
      case 'remainder':
        return remainder(of(p.of), valueOf(sizes)(p.by))
    }
  }

// --- combinators -----------------------------------------------------------------------------------------------------

/** The same with a loop's variable replaced. */
export const substitute =
  (loop: string, by: Place) =>
  (p: Place): Place => {
    const of = substitute(loop, by)
    switch (p._tag) {
      case 'affine': {
        const stride = p.of.strides[loop]
        if (stride === undefined) return p
        const { [loop]: _, ...strides } = p.of.strides
        return plus({ _tag: 'affine', of: { constant: p.of.constant, strides } }, times(by, stride))
      }
      case 'plus':
        return plus(of(p.left), of(p.right))
      case 'times':
        return times(of(p.of), p.by)
      case 'quotient':
        return quotient(of(p.of), p.by)
      case 'remainder':
        return remainder(of(p.of), p.by)
    }
  }

// --- destructors -----------------------------------------------------------------------------------------------------

/** The loops that a place depends on. */
export const loopsOf = (p: Place): readonly string[] => {
  switch (p._tag) {
    case 'affine':
      return Object.keys(p.of.strides)
    case 'plus':
      return [...loopsOf(p.left), ...loopsOf(p.right)]
    case 'times':
    case 'quotient':
    case 'remainder':
      return loopsOf(p.of)
  }
}

/** Where a place may lie when every loop runs over its extent; never too narrow. */
export const rangeOf =
  (extents: ReadonlyMap<string, number>) =>
  (p: Place): Range => {
    const of = rangeOf(extents)
    switch (p._tag) {
      case 'affine': {
        let [low, high] = [p.of.constant, p.of.constant]
        for (const [name, stride] of Object.entries(p.of.strides)) {
          const reach = stride * ((extents.get(name) ?? 1) - 1)
          low += Math.min(0, reach)
          high += Math.max(0, reach)
        }
        return { low, high }
      }
      case 'plus': {
        const [left, right] = [of(p.left), of(p.right)]
        return { low: left.low + right.low, high: left.high + right.high }
      }
      case 'times': {
        const { low, high } = of(p.of)
        return p.by > 0 ? { low: low * p.by, high: high * p.by } : { low: high * p.by, high: low * p.by }
      }
      case 'quotient': {
        const { low, high } = of(p.of)
        return { low: Math.floor(low / p.by), high: Math.floor(high / p.by) }
      }
      case 'remainder': {
        const { low, high } = of(p.of)
        // Within one period the remainder grows with the place.
        const same = Math.floor(low / p.by) === Math.floor(high / p.by)
        const period = Math.floor(low / p.by) * p.by
        return same ? { low: low - period, high: high - period } : { low: 0, high: p.by - 1 }
      }
    }
  }
