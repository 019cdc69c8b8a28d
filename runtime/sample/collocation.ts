/**
 * Boundary value problems by Chebyshev collocation: their matrices, and systems drawn from the family.
 */
import * as E from 'fp-ts/Either'

import type { Collocation, Range } from '../../spec/family'
import * as equilibrate from '../linalg/equilibrate'
import * as lu from '../linalg/lu'
import { residual } from '../linalg/residual'
import * as Key from '../random/key'
import { differentiation, nodes, series } from './chebyshev'
import { type DrawOptions, gather, type Sample, type System } from './sample'

// --- model -----------------------------------------------------------------------------------------------------------

/** `-(K(x) u')' + beta u' + r(x) u` on (-1, 1), u = 0 at both ends. */
export interface Operator {
  readonly K: (x: number) => number
  readonly beta?: number
  readonly r?: (x: number) => number
}

/** What depends on n alone. */
interface Grid {
  readonly n: number
  /** All n + 2 nodes, from 1 down to -1; the inner ones are 1 ... n. */
  readonly x: Float64Array
  /** [n + 2, n + 2]. */
  readonly D: Float64Array
}

// --- matrices --------------------------------------------------------------------------------------------------------

const grids = new Map<number, Grid>()

const grid = (n: number): Grid => {
  const known = grids.get(n)
  if (known !== undefined) return known
  const made = { n, x: nodes(n + 2), D: differentiation(n + 2) }
  grids.set(n, made)
  return made
}

/** The n inner nodes `cos(pi k / (n + 1))`, from the right to the left. */
export const innerNodes = (n: number): Float64Array => grid(n).x.slice(1, n + 1)

/**
 * `A = -D diag(K) D + diag(beta) D + diag(r)` of [n, n], from values at the inner nodes to values at the inner nodes: the first
 * D takes u with zeros at both ends to u' at all n + 2 nodes, the second takes K u' to the inner ones.
 */
export const matrix = (n: number, { K, beta = 0, r }: Operator): Float64Array => {
  const { x, D } = grid(n)
  const all = n + 2
  const A = new Float64Array(n * n)
  const k = x.map(K)
  for (let i = 0; i < n; i++) {
    const row = A.subarray(i * n, (i + 1) * n)
    for (let m = 0; m < all; m++) {
      const factor = -D[(i + 1) * all + m]! * k[m]!
      for (let j = 0, p = m * all + 1; j < n; j++, p++) row[j]! += factor * D[p]!
    }
    if (beta !== 0) for (let j = 0; j < n; j++) row[j]! += beta * D[(i + 1) * all + j + 1]!
    if (r !== undefined) row[i]! += r(x[i + 1]!)
  }
  return A
}

/**
 * `A x = b` in float64: LU with partial pivoting of A with rows and columns scaled by powers of two, and two steps of
 * refinement; null where A is singular.
 */
export const solveSystem = (A: Float64Array, b: Float64Array): Float64Array | null => {
  const n = b.length
  const scaled = equilibrate.general(A, n)
  if (E.isLeft(scaled)) return null
  const { S, rows, columns } = scaled.right
  const factors = lu.factor(S, n, { inPlace: true })
  if (E.isLeft(factors)) return null
  const apply = (v: Float64Array): Float64Array =>
    lu
      .solve(
        factors.right,
        v.map((value, i) => value * rows[i]!)
      )
      .map((value, i) => value * columns[i]!)
  const x = apply(b)
  for (let step = 0; step < 2; step++) {
    const correction = apply(residual(A, x, b, n))
    for (let i = 0; i < n; i++) x[i]! += correction[i]!
  }
  return x
}

// --- draws -----------------------------------------------------------------------------------------------------------

const drawn = (key: Key.Key, label: string, { low, high }: Range): number =>
  low + (high - low) * Key.uniform(Key.fold(key, label), 1)[0]!

const one = (family: Collocation, key: Key.Key, n: number): System => {
  const alpha = drawn(key, 'alpha', family.alpha)
  const omega = drawn(key, 'omega', family.omega)
  const beta = family.advection === null ? 0 : drawn(key, 'beta', family.advection)
  const { reaction, source } = family
  const law =
    reaction === null
      ? null
      : {
          rho: drawn(key, 'rho', reaction.rho),
          gamma: drawn(key, 'gamma', reaction.gamma),
          nu: drawn(key, 'nu', reaction.nu)
        }
  const A = matrix(n, {
    K: (x) => 1 + alpha * Math.cos(2 * Math.PI * omega * x),
    beta,
    ...(law === null ? {} : { r: (x: number) => law.rho * (1 + law.gamma * Math.cos(2 * Math.PI * law.nu * x)) })
  })
  const c = Key.normal(Key.fold(key, 'source'), source.terms).map((value, k) => value * source.decay ** k)
  const b = innerNodes(n).map((x) => series(c, x))
  const x = solveSystem(A, b)
  if (x === null)
    throw new Error(`internal: a collocation matrix of n = ${n} is singular: alpha ${alpha}, omega ${omega}`)
  return {
    A,
    x,
    b,
    coefficients: [
      alpha,
      omega,
      ...(family.advection === null ? [] : [beta]),
      ...(law === null ? [] : [law.rho, law.gamma, law.nu])
    ]
  }
}

/** Draw `batch` systems of n unknowns. System s depends on the key and on s alone. */
export const drawCollocation = (family: Collocation, key: Key.Key, options: DrawOptions): Sample => {
  const names = 2 + (family.advection === null ? 0 : 1) + (family.reaction === null ? 0 : 3)
  return gather(options, names, (s) => one(family, Key.fold(key, s), options.n))
}
