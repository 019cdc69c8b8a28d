/**
 * Taylor models: polynomials of low degree with a bound on what they leave out, on integers of any length, rounded outwards.
 *
 * With `lambda = centre + radius s` and s in [-1, 1], the model of f holds `|f - sum_k c_k s^k| <= e` for every such s. Degree
 * zero and radius zero give ball arithmetic: a midpoint and an error.
 *
 * Source: Makino and Berz, "Taylor models and other validated functional inclusion methods", Int. J. Pure Appl. Math. 4
 * (2003), section 2; Moore, Kearfott and Cloud, Introduction to Interval Analysis (2009), chapter 9.
 */
import { downwards, dyadic, type Ring, upwards } from './ring'

// --- model -----------------------------------------------------------------------------------------------------------

/** Multiples of `2^-bits`. */
export interface Taylor {
  readonly c: readonly bigint[]
  readonly e: bigint
}

/** Where models live: `bits` after the binary point, terms up to `s^order`, `lambda` in `centre +- radius`. */
export interface Place {
  readonly bits: number
  readonly order: number
  readonly centre: bigint
  readonly radius: bigint
}

/** The ends of an interval of numbers, rounded outwards. */
export interface Interval {
  readonly low: number
  readonly high: number
}

// --- numbers ---------------------------------------------------------------------------------------------------------

const size = (x: bigint): bigint => (x < 0n ? -x : x)

/** `a / 2^shift` rounded up, for a of either sign. */
const shiftUp = (a: bigint, shift: bigint): bigint => -(-a >> shift)

/** A float64 as a multiple of `2^-bits`, rounded down; whether that is exact. */
export const fixed = (value: number, bits: number): { readonly value: bigint; readonly exact: boolean } => {
  const { mantissa, exponent } = dyadic(value)
  const shift = exponent + bits
  if (shift >= 0) return { value: mantissa << BigInt(shift), exact: true }
  const down = mantissa >> BigInt(-shift)
  return { value: down, exact: down << BigInt(-shift) === mantissa }
}

/** The largest error of a float64 rounded down to a multiple of `2^-bits`, in such multiples. */
const errorOf = (exact: boolean): bigint => (exact ? 0n : 1n)

/** `tails[k] = sum_{j >= k} |c_j|`. */
const tails = (c: readonly bigint[]): readonly bigint[] => {
  const result: bigint[] = new Array(c.length)
  let sum = 0n
  for (let k = c.length - 1; k >= 0; k--) {
    sum += size(c[k]!)
    result[k] = sum
  }
  return result
}

// --- arithmetic ------------------------------------------------------------------------------------------------------

const add = (p: Taylor, q: Taylor): Taylor => {
  const [long, short] = p.c.length >= q.c.length ? [p.c, q.c] : [q.c, p.c]
  return { c: long.map((value, k) => (k < short.length ? value + short[k]! : value)), e: p.e + q.e }
}

/** The product without terms above `s^order`; what they may amount to on [-1, 1] goes to the error. */
const multiply = (bits: bigint, order: number, p: Taylor, q: Taylor): Taylor => {
  const degree = Math.min(order, p.c.length + q.c.length - 2)
  const c: bigint[] = new Array(degree + 1)
  for (let k = 0; k <= degree; k++) {
    let sum = 0n
    for (let i = Math.max(0, k - q.c.length + 1); i <= Math.min(k, p.c.length - 1); i++) sum += p.c[i]! * q.c[k - i]!
    c[k] = sum >> bits
  }
  const [tailsP, tailsQ] = [tails(p.c), tails(q.c)]
  let error = tailsP[0]! * q.e + tailsQ[0]! * p.e + p.e * q.e
  for (let i = 0; i < p.c.length; i++) {
    const from = Math.max(0, degree + 1 - i)
    if (from < q.c.length) error += size(p.c[i]!) * tailsQ[from]!
  }
  return { c, e: shiftUp(error, bits) + BigInt(degree + 1) }
}

const times = (factor: number, p: Taylor): Taylor => {
  const { mantissa, exponent } = dyadic(factor)
  if (exponent >= 0) {
    const by = BigInt(exponent)
    return { c: p.c.map((value) => (value * mantissa) << by), e: (p.e * size(mantissa)) << by }
  }
  const by = BigInt(-exponent)
  return { c: p.c.map((value) => (value * mantissa) >> by), e: shiftUp(p.e * size(mantissa), by) + BigInt(p.c.length) }
}

const over = (bits: number, p: Taylor, high: number, low: number): Taylor => {
  const [top, bottom] = [fixed(high, bits), fixed(low, bits)]
  if (!(top.exact && bottom.exact)) throw new Error(`internal: ${bits} bits do not hold ${low} and ${high}`)
  const width = top.value - bottom.value
  if (width <= 0n) throw new Error(`internal: a division by ${high} - ${low}`)
  const scaled = (value: bigint): bigint => (value << BigInt(bits)) / width
  return { c: p.c.map(scaled), e: scaled(p.e) + 1n + BigInt(p.c.length) }
}

/** The ring of Taylor models at a place. */
export const taylor = ({ bits, order, centre, radius }: Place): Ring<Taylor> => ({
  variable: { c: order === 0 || radius === 0n ? [centre] : [centre, radius], e: order === 0 ? radius : 0n },
  number: (value) => {
    const { value: c, exact } = fixed(value, bits)
    return { c: [c], e: errorOf(exact) }
  },
  add,
  multiply: (p, q) => multiply(BigInt(bits), order, p, q),
  times,
  over: (p, high, low) => over(bits, p, high, low)
})

// --- ranges ----------------------------------------------------------------------------------------------------------

/** Row k of Pascal's triangle. */
const pascal = (k: number): readonly bigint[] => {
  let row: bigint[] = [1n]
  for (let i = 0; i < k; i++) row = [...row, 0n].map((value, j) => value + (row[j - 1] ?? 0n))
  return row
}

/** `(u - v)^j (u + v)^(k - j)`, the coefficients of `u^i v^(k - i)`. */
const mixed = (j: number, k: number): readonly bigint[] => {
  let row: bigint[] = [1n]
  for (let factor = 0; factor < k; factor++) {
    const v = factor < j ? -1n : 1n
    const old = row
    row = Array.from({ length: old.length + 1 }, (_, i) => (old[i - 1] ?? 0n) + v * (old[i] ?? 0n))
  }
  return row
}

interface Basis {
  /** `C(k, i)`, by which coefficient i is divided. */
  readonly counts: readonly bigint[]
  /** `powers[j][i]`: `s^j` in Bernstein's basis of degree k on [-1, 1]. */
  readonly powers: readonly (readonly bigint[])[]
}

const bases: Basis[] = []

const basis = (k: number): Basis => {
  const known = bases[k]
  if (known !== undefined) return known
  const made = { counts: pascal(k), powers: Array.from({ length: k + 1 }, (_, j) => mixed(j, k)) }
  bases[k] = made
  return made
}

/** Bounds in multiples of `2^-bits`. */
export interface Range {
  readonly low: bigint
  readonly high: bigint
  /** A lower bound of the largest absolute value: at the middle and at both ends. */
  readonly attained: bigint
}

/** The values of a model on [-1, 1]: within its smallest and largest coefficient in Bernstein's basis, and its error. */
export const rangeOf = ({ c, e }: Taylor): Range => {
  const k = c.length - 1
  const { counts, powers } = basis(k)
  let [low, high, ends] = [0n, 0n, 0n]
  for (let i = 0; i <= k; i++) {
    let sum = 0n
    for (let j = 0; j <= k; j++) sum += c[j]! * powers[j]![i]!
    const whole = sum / counts[i]! // towards zero
    const exact = whole * counts[i]! === sum
    const down = exact || sum > 0n ? whole : whole - 1n
    const up = exact || sum < 0n ? whole : whole + 1n
    if (i === 0 || down < low) low = down
    if (i === 0 || up > high) high = up
    if ((i === 0 || i === k) && size(sum) > ends) ends = size(sum)
  }
  const best = ends > size(c[0]!) ? ends : size(c[0]!)
  return { low: low - e, high: high + e, attained: best > e ? best - e : 0n }
}

/** The interval in numbers. */
export const interval = ({ low, high }: { readonly low: bigint; readonly high: bigint }, bits: number): Interval => ({
  low: downwards(low, bits),
  high: upwards(high, bits)
})
