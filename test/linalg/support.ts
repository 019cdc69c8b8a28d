/**
 * Systems and exact arithmetic for tests of the linear algebra.
 */
import fc from 'fast-check'

import * as Key from '../../runtime/random/key'

export const seedArbitrary = fc.integer({ min: 0, max: 2 ** 31 })
export const sizeArbitrary = fc.integer({ min: 1, max: 40 })

export const gaussian = (seed: number, m: number, n: number): Float64Array => Key.normal(Key.key(seed), m * n)

/** `G G^T / n + shift I`, symmetric positive definite, by plain loops. */
export const spd = (seed: number, n: number, shift = 0.1): Float64Array => {
  const G = gaussian(seed, n, n)
  const A = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? shift : 0
      for (let k = 0; k < n; k++) sum += (G[i * n + k]! * G[j * n + k]!) / n
      A[i * n + j] = sum
      A[j * n + i] = sum
    }
  }
  return A
}

/** `A B` by three plain loops. */
export const naiveProduct = (A: Float64Array, B: Float64Array, m: number, k: number, n: number): Float64Array => {
  const C = new Float64Array(m * n)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) C[i * n + j]! += A[i * k + l]! * B[l * n + j]!
  }
  return C
}

export const furthest = (a: Float64Array, b: Float64Array): number =>
  a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0)

/** A float64 as the exact whole number `x 2^1074`. */
export const exact = (x: number): bigint => {
  if (!Number.isFinite(x)) throw new Error(`not finite: ${x}`)
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, x)
  const word = bits.getBigUint64(0)
  const e = Number((word >> 52n) & 0x7ffn)
  const fraction = word & ((1n << 52n) - 1n)
  const size = e === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(e - 1)
  return x < 0 ? -size : size
}

const abs = (v: bigint): bigint => (v < 0n ? -v : v)

const larger = (a: bigint, b: bigint): bigint => [a, b][Number(b > a)]!

/** `p / q` as a float64 with some 60 good bits, for `p, q >= 0`; Infinity for `q = 0 < p`, and `0 / 0 = 0`. */
export const ratio = (p: bigint, q: bigint): number => {
  if (p === 0n) return 0
  if (q === 0n) return Infinity
  const shift = p.toString(2).length - q.toString(2).length - 64
  const quotient = shift >= 0 ? p / (q << BigInt(shift)) : (p << BigInt(-shift)) / q
  return Number(quotient) * 2 ** Math.max(shift, -1000) * 2 ** Math.min(0, shift + 1000)
}

export interface ExactErrors {
  /** `b - A x`, in units of `2^-2148`. */
  readonly r: readonly bigint[]
  readonly normwise: number
  readonly componentwise: number
}

/** Backward errors in exact rational arithmetic. */
export const exactErrors = (A: Float64Array, x: Float64Array, b: Float64Array, n: number): ExactErrors => {
  const [a, c, d] = [[...A].map(exact), [...x].map(exact), [...b].map((v) => exact(v) << 1074n)]
  const rows = d.map((bi, i) => ({
    r: c.reduce((sum, v, j) => sum - a[i * n + j]! * v, bi),
    size: c.reduce((sum, v, j) => sum + abs(a[i * n + j]! * v), abs(bi)),
    norm: c.reduce((sum, _, j) => sum + abs(a[i * n + j]!), 0n)
  }))
  const most = (values: readonly bigint[]): bigint => values.map(abs).reduce(larger, 0n)
  const denominator = most(rows.map((row) => row.norm)) * most(c) + most(d)
  return {
    r: rows.map((row) => row.r),
    normwise: ratio(most(rows.map((row) => row.r)), denominator),
    componentwise: Math.max(...rows.map((row) => ratio(abs(row.r), row.size)))
  }
}
