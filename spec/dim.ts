/**
 * Symbolic sizes: polynomials with integer coefficients in named symbols, such as `n`, `4n+1` or `n^2`.
 *
 * A model is written once for every problem size; the sizes become numbers only when a program is scheduled.
 */
import * as E from 'fp-ts/Either'

// --- model -----------------------------------------------------------------------------------------------------------

/** `coefficient * product of symbols`; the symbols are sorted, and the empty product is 1. */
export interface Monomial {
  readonly coefficient: number
  readonly symbols: readonly string[]
}

/** A sum of monomials in canonical order (higher degree first), none with coefficient 0. */
export interface Dim {
  readonly _tag: 'dim'
  readonly terms: readonly Monomial[]
}

/** Values for the symbols, e.g. `{ n: 9, batch: 1000 }`. */
export type Sizes = Readonly<Record<string, number>>

// --- constructors ----------------------------------------------------------------------------------------------------

const key = (m: Monomial): string => m.symbols.join('*')

/** Equal sizes are one object, made once: `made` holds each by its text. */
const made = new Map<string, Dim>()

const once = (terms: readonly Monomial[]): Dim => {
  const text = terms.map((m) => `${m.coefficient}*${key(m)}`).join('+')
  const known = made.get(text)
  if (known !== undefined) return known
  const fresh: Dim = { _tag: 'dim', terms }
  made.set(text, fresh)
  return fresh
}

const canonical = (terms: readonly Monomial[]): Dim => {
  const [first] = terms
  if (terms.length === 1 && first !== undefined) return once(first.coefficient === 0 ? [] : terms)
  const byKey = new Map<string, Monomial>()
  for (const term of terms) {
    const seen = byKey.get(key(term))
    byKey.set(key(term), { coefficient: (seen?.coefficient ?? 0) + term.coefficient, symbols: term.symbols })
  }
  const kept = [...byKey.values()].filter((m) => m.coefficient !== 0)
  kept.sort((p, q) => q.symbols.length - p.symbols.length || (key(p) < key(q) ? -1 : 1))
  return once(kept)
}

const constants = new Map<number, Dim>()

export const constant = (value: number): Dim => {
  const known = constants.get(value)
  if (known !== undefined) return known
  const fresh = canonical([{ coefficient: value, symbols: [] }])
  constants.set(value, fresh)
  return fresh
}

export const symbol = (name: string): Dim => canonical([{ coefficient: 1, symbols: [name] }])

/** The number of unknowns and equations of a system. */
export const n: Dim = symbol('n')
/** The number of systems that go through together. */
export const batch: Dim = symbol('batch')
export const one: Dim = constant(1)

export const of = (d: Dim | number): Dim => (typeof d === 'number' ? constant(d) : d)

// --- combinators -----------------------------------------------------------------------------------------------------

export const add = (...dims: readonly (Dim | number)[]): Dim => canonical(dims.flatMap((d) => of(d).terms))

export const times = (p: Dim | number, q: Dim | number): Dim => {
  const [left, right] = [of(p), of(q)]
  if (left === one) return right
  if (right === one) return left
  return canonical(
    left.terms.flatMap((a) =>
      right.terms.map((b) => ({
        coefficient: a.coefficient * b.coefficient,
        symbols: [...a.symbols, ...b.symbols].sort()
      }))
    )
  )
}

export const subtract = (p: Dim | number, q: Dim | number): Dim => (p === q ? constant(0) : add(p, times(-1, q)))

/** The size with a number in place of a symbol. */
export const substitute =
  (name: string, value: number) =>
  (d: Dim): Dim =>
    d.terms.some(({ symbols }) => symbols.includes(name))
      ? canonical(
          d.terms.map((m) => ({
            coefficient: m.coefficient * value ** m.symbols.filter((s) => s === name).length,
            symbols: m.symbols.filter((s) => s !== name)
          }))
        )
      : d

// --- destructors -----------------------------------------------------------------------------------------------------

const sameMonomial = (p: Monomial, q: Monomial | undefined): boolean =>
  q !== undefined &&
  p.coefficient === q.coefficient &&
  p.symbols.length === q.symbols.length &&
  p.symbols.every((s, k) => s === q.symbols[k])

/** Equal as polynomials: the canonical order makes it a comparison term by term. */
export const equals = (p: Dim, q: Dim): boolean =>
  p === q || (p.terms.length === q.terms.length && p.terms.every((m, k) => sameMonomial(m, q.terms[k])))

const coefficientOf = (d: Dim, symbols: readonly string[]): number =>
  d.terms.find((m) => m.symbols.length === symbols.length && m.symbols.every((s, k) => s === symbols[k]))
    ?.coefficient ?? 0

const atOnes = (d: Dim): number => d.terms.reduce((total, m) => total + m.coefficient, 0)

/**
 * Whether `p + beyond <= q` wherever every size is at least one: what grows with a size is no less in q, and where all sizes
 * are one it holds.
 */
export const isWithin = (p: Dim, q: Dim, beyond = 0): boolean =>
  (p === q && beyond <= 0) ||
  (atOnes(p) + beyond <= atOnes(q) &&
    p.terms.every((m) => m.symbols.length === 0 || m.coefficient <= coefficientOf(q, m.symbols)) &&
    q.terms.every((m) => m.symbols.length === 0 || m.coefficient >= coefficientOf(p, m.symbols)))

/** The number a dim stands for when it has no symbols. */
export const asConstant = (d: Dim): number | undefined => {
  const [first] = d.terms
  if (first === undefined) return 0
  return d.terms.length === 1 && first.symbols.length === 0 ? first.coefficient : undefined
}

/** The value at given sizes; `Left` names the symbol that has none. */
export const evaluate =
  (sizes: Sizes) =>
  (d: Dim): E.Either<string, number> => {
    let total = 0
    for (const term of d.terms) {
      let product = term.coefficient
      for (const s of term.symbols) {
        const value = sizes[s]
        if (value === undefined) return E.left(s)
        product *= value
      }
      total += product
    }
    return E.right(total)
  }

const showMonomial = (m: Monomial): string => {
  const counts = new Map<string, number>()
  for (const s of m.symbols) counts.set(s, (counts.get(s) ?? 0) + 1)
  const symbols = [...counts].map(([s, power]) => (power === 1 ? s : `${s}^${power}`)).join('*')
  const size = Math.abs(m.coefficient)
  return symbols === '' ? `${size}` : size === 1 ? symbols : `${size}${symbols}`
}

/** `4n+1`, `n^2`, `batch*n`, `0`. */
export const show = (d: Dim): string =>
  d.terms.length === 0
    ? '0'
    : d.terms.map((m, i) => (m.coefficient < 0 ? '-' : i === 0 ? '' : '+') + showMonomial(m)).join('')
