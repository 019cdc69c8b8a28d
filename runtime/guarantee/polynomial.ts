/**
 * Polynomials in lambda with exact dyadic coefficients: what a frozen network is, without any rounding.
 */
import { dyadic, type Ring } from './ring'

// --- model -----------------------------------------------------------------------------------------------------------

/** `sum_k c_k 2^exponent lambda^k`; the highest coefficient is not zero, and the zero polynomial has none. */
export interface Polynomial {
  readonly c: readonly bigint[]
  readonly exponent: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

const trimmed = (c: readonly bigint[], exponent: number): Polynomial => {
  let length = c.length
  while (length > 0 && c[length - 1] === 0n) length--
  return { c: c.slice(0, length), exponent: length === 0 ? 0 : exponent }
}

export const constant = (value: number): Polynomial => {
  const { mantissa, exponent } = dyadic(value)
  return trimmed([mantissa], exponent)
}

// --- combinators -----------------------------------------------------------------------------------------------------

const add = (p: Polynomial, q: Polynomial): Polynomial => {
  const exponent = Math.min(p.exponent, q.exponent)
  const [left, right] = [BigInt(p.exponent - exponent), BigInt(q.exponent - exponent)]
  const length = Math.max(p.c.length, q.c.length)
  const at = (k: number): bigint => ((p.c[k] ?? 0n) << left) + ((q.c[k] ?? 0n) << right)
  return trimmed(
    Array.from({ length }, (_, k) => at(k)),
    exponent
  )
}

const multiply = (p: Polynomial, q: Polynomial): Polynomial => {
  if (p.c.length === 0 || q.c.length === 0) return { c: [], exponent: 0 }
  const c: bigint[] = new Array(p.c.length + q.c.length - 1).fill(0n)
  for (let i = 0; i < p.c.length; i++) for (let j = 0; j < q.c.length; j++) c[i + j]! += p.c[i]! * q.c[j]!
  return trimmed(c, p.exponent + q.exponent)
}

/** The ring of exact polynomials. */
export const polynomials: Ring<Polynomial> = {
  variable: { c: [0n, 1n], exponent: 0 },
  number: constant,
  add,
  multiply,
  times: (factor, p) => multiply(constant(factor), p),
  over: () => {
    throw new Error('internal: a quotient of dyadic numbers is none')
  }
}

/** The ring of degrees: of what a polynomial has at most, unless its highest terms cancel. */
export const degrees: Ring<number> = {
  variable: 1,
  number: (value) => (value === 0 ? Number.NEGATIVE_INFINITY : 0),
  add: Math.max,
  multiply: (p, q) => p + q,
  times: (factor, p) => (factor === 0 ? Number.NEGATIVE_INFINITY : p),
  over: (p) => p
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** The degree, -1 for zero. */
export const degree = (p: Polynomial): number => p.c.length - 1

/** The length in bits of the longest coefficient. */
export const longest = (p: Polynomial): number =>
  p.c.reduce((most, c) => Math.max(most, (c < 0n ? -c : c).toString(2).length), 0)

/** `p(value)`, exactly: `mantissa 2^exponent`. */
export const at = (p: Polynomial, value: number): { readonly mantissa: bigint; readonly exponent: number } => {
  const x = dyadic(value)
  // Horner with every step brought to one denominator: p = sum c_k m^k 2^(k e), e <= 0 or not.
  const down = BigInt(Math.max(0, -x.exponent))
  const m = x.mantissa << BigInt(Math.max(0, x.exponent))
  let sum = 0n
  let scale = 0n
  for (let k = p.c.length - 1; k >= 0; k--) {
    sum = sum * m + (p.c[k]! << scale)
    scale += down
  }
  return { mantissa: sum, exponent: p.exponent - Number(scale > 0n ? scale - down : 0n) }
}
