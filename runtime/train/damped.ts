/**
 * The step of Levenberg and Marquardt: `min_d ||J d + r||^2 + damping ||D d||^2` with `D_j = ||J_j||` (Marquardt 1963), so
 * that the step does not depend on the units of the parameters.
 */
import * as E from 'fp-ts/Either'

import * as Cholesky from '../linalg/cholesky'
import { subtractProduct } from '../linalg/kernel'
import { matvec, norm2, transpose } from '../linalg/products'
import * as Qr from '../linalg/qr'

// --- model -----------------------------------------------------------------------------------------------------------

/** The residual r [rows] and the Jacobian J [rows, columns] in C order. */
export interface Linearised {
  readonly residual: Float64Array
  readonly jacobian: Float64Array
  readonly rows: number
  readonly columns: number
}

/** Householder QR, accurate to rounding; or Cholesky of the normal equations, faster. */
export type Solver = 'qr' | 'normal'

/** The step d for a damping; NaN where the damping is too small for the solver. Dampings share one factorisation. */
export type Steps = (damping: number) => Float64Array

// --- scaling ---------------------------------------------------------------------------------------------------------

/** A column shorter than this share of the longest is damped as if it were that long: such a parameter hardly matters. */
const shortest = 1e-3

/** `D`, the lengths of the columns, from the rows of the transposed Jacobian. */
const lengths = (transposed: Float64Array, rows: number, columns: number): Float64Array => {
  const own = Float64Array.from({ length: columns }, (_, j) => norm2(transposed.subarray(j * rows, (j + 1) * rows)))
  const longest = own.reduce((most, length) => Math.max(most, length), 0)
  return own.map((length) => (longest === 0 ? 1 : Math.max(length, shortest * longest)))
}

// --- solvers ---------------------------------------------------------------------------------------------------------

const failed = (columns: number): Float64Array => new Float64Array(columns).fill(Number.NaN)

const byQr = ({ residual, jacobian, rows, columns }: Linearised, D: Float64Array): Steps => {
  const qr = Qr.factor(jacobian, rows, columns)
  const opposite = residual.map((value) => -value)
  return (damping) => {
    const root = Math.sqrt(damping)
    const solved = Qr.solveDamped(
      qr,
      opposite,
      D.map((length) => root * length)
    )
    return E.isLeft(solved) ? failed(columns) : solved.right.d
  }
}

/** `(J^T J + damping D^2) d = -J^T r`. */
const byNormal = ({ residual, rows, columns }: Linearised, transposed: Float64Array, D: Float64Array): Steps => {
  const minus = new Float64Array(columns * columns) // -J^T J, its lower half
  const J = { data: transposed, start: 0, stride: rows }
  const C = { data: minus, start: 0, stride: columns }
  subtractProduct(C, J, J, columns, columns, rows, { transposed: true, lower: true })
  const g = new Float64Array(columns)
  matvec(transposed, residual, columns, rows, g)
  const right = g.map((value) => -value)
  return (damping) => {
    const M = minus.map((value) => -value)
    for (let j = 0; j < columns; j++) M[j * columns + j]! += damping * D[j]! * D[j]!
    const factored = Cholesky.factor(M, columns, { inPlace: true })
    return E.isLeft(factored) ? failed(columns) : Cholesky.solve(factored.right, right)
  }
}

/** Steps from one linearisation. */
export const steps = (solver: Solver, l: Linearised): Steps => {
  const transposed = transpose(l.jacobian, l.rows, l.columns)
  const D = lengths(transposed, l.rows, l.columns)
  return solver === 'qr' ? byQr(l, D) : byNormal(l, transposed, D)
}
