/**
 * Commutative rings in which a network is evaluated: one walk through its layers gives the exact polynomial, enclosures of
 * its values on an interval, or a value at a point, as the ring is.
 */

// --- model -----------------------------------------------------------------------------------------------------------

export interface Ring<R> {
  /** The eigenvalue lambda. */
  readonly variable: R
  /** A float64 number, without rounding, or enclosed. */
  readonly number: (value: number) => R
  readonly add: (p: R, q: R) => R
  readonly multiply: (p: R, q: R) => R
  /** `factor p`. */
  readonly times: (factor: number, p: R) => R
  /** `p / (high - low)`. */
  readonly over: (p: R, high: number, low: number) => R
}

/** A float64 number as it is: `mantissa 2^exponent`. */
export interface Dyadic {
  readonly mantissa: bigint
  readonly exponent: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

const view = new DataView(new ArrayBuffer(8))

/** The exact value of a finite float64. */
export const dyadic = (value: number): Dyadic => {
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const field = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  if (field === 0x7ff) throw new Error(`internal: ${value} is not finite`)
  const size = field === 0 ? fraction : fraction | 0x10000000000000n
  if (size === 0n) return { mantissa: 0n, exponent: 0 }
  const exponent = Math.max(field, 1) - 1075
  return { mantissa: value < 0 ? -size : size, exponent }
}

// --- combinators -----------------------------------------------------------------------------------------------------

/** `sum_k terms_k`, `undefined` for no terms. */
const total = <R>(ring: Ring<R>, terms: readonly R[]): R => {
  const [first, ...rest] = terms
  return first === undefined ? ring.number(0) : rest.reduce((sum, term) => ring.add(sum, term), first)
}

/** `sum_k factors_k p_k`; terms whose factor is zero are not touched. */
export const combine = <R>(ring: Ring<R>, factors: readonly number[], p: readonly R[]): R =>
  total(
    ring,
    p.flatMap((each, k) => (factors[k] === 0 ? [] : [factors[k] === 1 ? each : ring.times(factors[k]!, each)]))
  )

/** `sum_k p_k q_k`. */
export const inner = <R>(ring: Ring<R>, p: readonly R[], q: readonly R[]): R =>
  total(
    ring,
    p.map((each, k) => ring.multiply(each, q[k]!))
  )

export { total }

// --- destructors -----------------------------------------------------------------------------------------------------

const bitLength = (value: bigint): number => value.toString(16).length * 4

/** The least float64 that is at least `value 2^-bits`, or the one after it; infinite where it overflows. */
export const upwards = (value: bigint, bits: number): number => {
  if (value <= 0n) return value === 0n ? 0 : -downwards(-value, bits)
  const shift = bitLength(value) - 52
  const top = shift > 0 ? (value >> BigInt(shift)) + 1n : value
  return Number(top) * powerOfTwo(Math.max(shift, 0) - bits, true)
}

/** The greatest float64 that is at most `value 2^-bits`, or one a little below it. */
export const downwards = (value: bigint, bits: number): number => {
  if (value <= 0n) return value === 0n ? 0 : -upwards(-value, bits)
  const shift = bitLength(value) - 52
  const top = shift > 0 ? value >> BigInt(shift) : value
  return Number(top) * powerOfTwo(Math.max(shift, 0) - bits, false)
}

/**
 * `2^exponent`, exact where a product with a mantissa of 52 bits is; beyond, the smallest number or zero below, and
 * infinity or the largest power above, as the direction wants it.
 */
const powerOfTwo = (exponent: number, up: boolean): number =>
  exponent < -1022 ? (up ? 2 ** -1022 : 0) : exponent > 960 ? (up ? Number.POSITIVE_INFINITY : 2 ** 960) : 2 ** exponent
