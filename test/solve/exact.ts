/**
 * The normwise backward error in exact arithmetic: float64 numbers are whole numbers times powers of two, so residuals are
 * formed in whole numbers of any length. Shares no code with the product.
 */

const bits = new DataView(new ArrayBuffer(8))

/** `x = m 2^e` with a whole number m. */
const parts = (x: number): readonly [bigint, number] => {
  bits.setFloat64(0, x)
  const word = bits.getBigUint64(0)
  const sign = word >> 63n === 1n ? -1n : 1n
  const e = Number((word >> 52n) & 0x7ffn)
  const m = word & 0xfffffffffffffn
  return e === 0 ? [sign * m, -1074] : [sign * (m | 0x10000000000000n), e - 1075]
}

/** In units of 2^-1074; every float64 number is a whole number of them. */
const fixed = (x: number): bigint => {
  const [m, e] = parts(x)
  return m << BigInt(e + 1074)
}

const size = (x: bigint): bigint => (x < 0n ? -x : x)

const largest = (values: readonly bigint[]): bigint => values.reduce((most, v) => (size(v) > most ? size(v) : most), 0n)

/** Whether `||b - A x|| <= tol (||A|| ||x|| + ||b||)` in the infinity norm, decided without rounding. A: [n, n]. */
export const holds = (A: Float64Array, x: Float64Array, b: Float64Array, n: number, tol: number): boolean => {
  if (x.some((value) => !Number.isFinite(value))) return false
  const [a, y, c] = [Array.from(A, fixed), Array.from(x, fixed), Array.from(b, fixed)]
  const one = 1n << 1074n
  const rows = Array.from({ length: n }, (_, i) => a.slice(i * n, (i + 1) * n))
  // Residuals and sizes in units of 2^-2148.
  const r = rows.map((row, i) => row.reduce((sum, aij, j) => sum - aij * y[j]!, c[i]! * one))
  const normA = largest(rows.map((row) => row.reduce((sum, aij) => sum + size(aij), 0n)))
  const allowed = normA * largest(y) + largest(c) * one
  return largest(r) * one <= fixed(tol) * allowed
}
