/**
 * Norms of errors: the words that the bounds on rounding are made of. See Note [Rounding, normwise] in `rounding.ts`.
 */
import type { Block } from './network'
import type { Hull } from './range'
import type { State } from './walk'

// --- model -----------------------------------------------------------------------------------------------------------

/** What the bound is of: systems of n unknowns, arithmetic of unit u (0: exact), the least eigenvalue. */
export interface Setting {
  readonly n: number
  readonly u: number
  readonly least: number
  readonly bScale: number
}

/** Errors of the parts of the tokens: matrices in the Frobenius norm, vectors relative to `||x||`. */
export type Errors = State<number>

/** `||M||_2` of the exact matrix, and `M = centre I + R` with `||R||_2 <= radius`. */
export interface Matrix {
  readonly size: number
  readonly centre: number
  readonly radius: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** `gamma_k = k u / (1 - k u)`, infinite where it does not exist (Higham 2002, section 3.1). */
export const gamma = (k: number, u: number): number => (k * u < 1 ? (k * u) / (1 - k * u) : Number.POSITIVE_INFINITY)

/** Sizes in the bound are sums and products of numbers that are not negative: this covers their own rounding. */
export const slack = 1 + 1e-9

export const matrix = ({ low, high }: Hull): Matrix => ({
  size: Math.max(Math.abs(low), Math.abs(high)),
  centre: Math.abs(low + high) / 2,
  radius: ((high - low) / 2 + 2 ** -50 * Math.abs(low + high)) * slack // the centre is rounded too
})

export const sizeOf = (h: Hull): number => Math.max(Math.abs(h.low), Math.abs(h.high))

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** `sum_k |a_k| b_k`. */
export const weighed = (a: readonly number[], b: readonly number[]): number =>
  sum(a.map((v, k) => (v === 0 ? 0 : Math.abs(v) * b[k]!)))

/** `0 infinity` counts as zero: an operand that is not there. */
export const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)

// --- norms of absolute values ----------------------------------------------------------------------------------------

/** `|| |M| ||` on a vector: `|M| <= centre I + |R + E|`, and `|| |R| ||_2 <= ||R||_F <= sqrt n ||R||_2`. */
const spread = (n: number, m: Matrix, error: number): number => Math.sqrt(n) * m.radius + error

export const onVector = (n: number, m: Matrix, error: number): number => m.centre + spread(n, m, error)

/** `|| |M| ||_F`. */
export const frobenius = (n: number, m: Matrix, error: number): number => Math.sqrt(n) * m.centre + spread(n, m, error)

/** `|| |M| |N| ||_F`. */
export const product = (n: number, m: Matrix, errorM: number, k: Matrix, errorK: number): number => {
  const [left, right] = [spread(n, m, errorM), spread(n, k, errorK)]
  return Math.sqrt(n) * m.centre * k.centre + m.centre * right + k.centre * left + left * right
}

// --- linear maps -----------------------------------------------------------------------------------------------------

/** A lean Block weight on matrices: `sum_p |W[m,p]| E_p`, and the rounding of sum and weights. */
export const mapped = (
  { n, u }: Setting,
  W: Block,
  X: readonly Matrix[],
  errors: readonly number[]
): readonly { readonly carried: number; readonly own: number }[] => {
  const sizes = X.map((m, p) => frobenius(n, m, errors[p]!))
  return W.squares.map((row) => ({ carried: weighed(row, errors), own: gamma(X.length + 1, u) * weighed(row, sizes) }))
}
