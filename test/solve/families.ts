/** Systems of every kind that a solver meets, from a seed. */
import { normals, uniforms } from '../support/systems'

export interface Case {
  readonly kind: string
  readonly n: number
  readonly A: Float64Array
  readonly b: Float64Array
  /** A has rank below n, exactly or up to the rounding of its entries. */
  readonly singular: boolean
  readonly kappa: number
}

/** Rows of an orthogonal matrix. */
const orthogonal = (seed: number, n: number): Float64Array => {
  const Q = normals(seed, n * n)
  for (let i = 0; i < n; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        let along = 0
        for (let c = 0; c < n; c++) along += Q[i * n + c]! * Q[k * n + c]!
        for (let c = 0; c < n; c++) Q[i * n + c]! -= along * Q[k * n + c]!
      }
    }
    let sum = 0
    for (let c = 0; c < n; c++) sum += Q[i * n + c]! ** 2
    for (let c = 0; c < n; c++) Q[i * n + c]! /= Math.sqrt(sum)
  }
  return Q
}

/** `U^T diag(s) V`; symmetric to the last bit if U is V. */
const assemble = (U: Float64Array, s: ArrayLike<number>, V: Float64Array, n: number): Float64Array => {
  const A = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (U === V && j < i) {
        A[i * n + j] = A[j * n + i]!
        continue
      }
      for (let k = 0; k < n; k++) A[i * n + j]! += U[k * n + i]! * s[k]! * V[k * n + j]!
    }
  }
  return A
}

/** `n` numbers from 1 down to `1/kappa`, the interior log-uniform. */
const spread = (seed: number, n: number, kappa: number): Float64Array => {
  const next = uniforms(seed)
  return Float64Array.from({ length: n }, (_, k) => (k === 0 ? 1 : k === n - 1 ? 1 / kappa : kappa ** -next()))
}

const times = (A: Float64Array, x: Float64Array, n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => {
    let sum = 0
    for (let j = 0; j < n; j++) sum += A[i * n + j]! * x[j]!
    return sum
  })

const whole = (seed: number, count: number, most: number): Float64Array => {
  const next = uniforms(seed)
  return Float64Array.from({ length: count }, () => Math.floor(next() * (2 * most + 1)) - most)
}

/** `B C` with B [n, k] and C [k, n]. */
const product = (B: Float64Array, C: Float64Array, n: number, k: number): Float64Array => {
  const A = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let m = 0; m < k; m++) A[i * n + j]! += B[i * k + m]! * C[m * n + j]!
  return A
}

const transposed = (B: Float64Array, n: number, k: number): Float64Array =>
  Float64Array.from({ length: n * k }, (_, p) => B[(p % n) * k + Math.floor(p / n)]!)

type Maker = (seed: number, n: number, kappa: number) => { readonly A: Float64Array; readonly singular?: boolean }

const powers = (seed: number, n: number, most: number): Float64Array => {
  const next = uniforms(seed)
  return Float64Array.from({ length: n }, () => 10 ** (most * (2 * next() - 1)))
}

export const spd: Maker = (seed, n, kappa) => {
  const Q = orthogonal(seed, n)
  return { A: assemble(Q, spread(seed + 1, n, kappa), Q, n) }
}

const nonsymmetric: Maker = (seed, n, kappa) => ({
  A: assemble(orthogonal(seed, n), spread(seed + 1, n, kappa), orthogonal(seed + 2, n), n)
})

const indefinite: Maker = (seed, n, kappa) => {
  const Q = orthogonal(seed, n)
  return {
    A: assemble(
      Q,
      spread(seed + 1, n, kappa).map((s, k) => (k % 2 === 0 ? s : -s)),
      Q,
      n
    )
  }
}

/** `D A D` for a positive definite A of a moderate condition number. */
const badlyScaled: Maker = (seed, n, kappa) => {
  const { A } = spd(seed, n, Math.min(kappa, 1e3))
  const d = powers(seed + 3, n, 12)
  return { A: A.map((a, p) => a * (d[Math.floor(p / n)]! * d[p % n]!)) }
}

const badlyScaledNonsymmetric: Maker = (seed, n, kappa) => {
  const { A } = nonsymmetric(seed, n, Math.min(kappa, 1e3))
  const [r, c] = [powers(seed + 3, n, 8), powers(seed + 4, n, 8)]
  return { A: A.map((a, p) => a * r[Math.floor(p / n)]! * c[p % n]!) }
}

/** Semidefinite of rank n - 1, up to the rounding of its entries. */
const semidefinite: Maker = (seed, n) => {
  const Q = orthogonal(seed, n)
  const s = spread(seed + 1, n, 5)
  s[n - 1] = 0
  return { A: assemble(Q, s, Q, n), singular: true }
}

/** Whole numbers, of rank n - 1 exactly. */
const lowRank: Maker = (seed, n) => {
  const k = n - 1
  return { A: product(whole(seed, n * k, 9), whole(seed + 1, n * k, 9), n, k), singular: true }
}

/** `B B^T` in whole numbers, of rank n - 1 exactly. */
const gram: Maker = (seed, n) => {
  const k = n - 1
  const B = whole(seed, n * k, 9)
  return { A: product(B, transposed(B, n, k), n, k), singular: true }
}

/** The last row is the sum of the others, up to rounding. */
const dependentRow: Maker = (seed, n) => {
  const A = normals(seed, n * n)
  for (let j = 0; j < n; j++) {
    A[(n - 1) * n + j] = 0
    for (let i = 0; i < n - 1; i++) A[(n - 1) * n + j]! += A[i * n + j]!
  }
  return { A, singular: true }
}

/** A path graph's Laplacian: its null vector is all ones. */
const laplacian: Maker = (_, n) => {
  const A = new Float64Array(n * n)
  for (let i = 0; i + 1 < n; i++) {
    A[i * n + i]! += 1
    A[(i + 1) * n + i + 1]! += 1
    A[i * n + i + 1] = -1
    A[(i + 1) * n + i] = -1
  }
  return { A, singular: true }
}

const makers: Readonly<Record<string, Maker>> = {
  spd,
  nonsymmetric,
  indefinite,
  badlyScaled,
  badlyScaledNonsymmetric,
  semidefinite,
  lowRank,
  gram,
  dependentRow,
  laplacian
}

export const kinds = Object.keys(makers)

/** A system of a kind: b random, `A x` for a random x (always consistent), or zero. */
export const make = (kind: string, seed: number, n: number, kappa: number): Case => {
  const maker = makers[kind]
  if (maker === undefined) throw new Error(`internal: no kind ${kind}`)
  const { A, singular = false } = maker(seed, n, kappa)
  const free = normals(seed + 7, n)
  const b = seed % 3 === 0 ? free : seed % 3 === 1 || seed % 5 !== 0 ? times(A, free, n) : new Float64Array(n)
  return { kind, n, A, b, singular, kappa }
}
