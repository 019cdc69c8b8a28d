/**
 * The step of Levenberg and Marquardt: `min_d ||J d + r||^2 + damping ||D d||^2` with `D_j = ||J_j||` (Marquardt 1963), so
 * that the step does not depend on the units of the parameters.
 */
import * as E from 'fp-ts/Either'

import * as Cholesky from '../linalg/cholesky'
import { subtractProduct } from '../linalg/kernel'
import { matvec, matvecTransposed, norm2, transpose } from '../linalg/products'
import * as Qr from '../linalg/qr'

// --- model -----------------------------------------------------------------------------------------------------------

/** The residual r [rows] and the Jacobian J [rows, columns] in C order. */
export interface Linearised {
  readonly residual: Float64Array
  readonly jacobian: Float64Array
  readonly rows: number
  readonly columns: number
}

/**
 * Householder QR, accurate to rounding; Cholesky of the normal equations, faster; or Cholesky in the space of the rows,
 * for more parameters than residuals.
 */
export type Solver = 'qr' | 'normal' | 'dual'

/** The step d for a residual; NaN where the damping is too small for the solver. */
export type Step = (residual: Float64Array) => Float64Array

/** Steps of one damping; dampings share what one linearisation costs, and residuals what one damping costs. */
export type Steps = (damping: number) => Step

// --- scaling ---------------------------------------------------------------------------------------------------------

/** A column shorter than this share of the longest is damped as if it were that long: such a parameter hardly matters. */
const shortest = 1e-3

/** `D` from the lengths of the columns. */
const scaled = (own: Float64Array): Float64Array => {
  const longest = own.reduce((most, length) => Math.max(most, length), 0)
  return own.map((length) => (longest === 0 ? 1 : Math.max(length, shortest * longest)))
}

/** The lengths of the columns from the rows of the transposed Jacobian. */
const lengths = (transposed: Float64Array, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: columns }, (_, j) => norm2(transposed.subarray(j * rows, (j + 1) * rows)))

/** The same lengths without the transposed Jacobian, which is as large as the Jacobian. */
const lengthsByRows = ({ jacobian, rows, columns }: Linearised): Float64Array => {
  const squares = new Float64Array(columns)
  for (let i = 0; i < rows; i++) {
    const row = i * columns
    for (let j = 0; j < columns; j++) squares[j]! += jacobian[row + j]! * jacobian[row + j]!
  }
  return squares.map(Math.sqrt)
}

// --- solvers ---------------------------------------------------------------------------------------------------------

const failed = (columns: number): Float64Array => new Float64Array(columns).fill(Number.NaN)

const opposite = (values: Float64Array): Float64Array => values.map((value) => -value)

const byQr = (l: Linearised): Steps => {
  const { jacobian, rows, columns } = l
  const D = scaled(lengths(transpose(jacobian, rows, columns), rows, columns))
  const qr = Qr.factor(jacobian, rows, columns)
  return (damping) => {
    const root = Math.sqrt(damping)
    const damped = Qr.damp(
      qr,
      D.map((length) => root * length)
    )
    return (residual) => {
      const solved = Qr.solveDamped(damped, opposite(residual))
      return E.isLeft(solved) ? failed(columns) : solved.right.d
    }
  }
}

/** `(J^T J + damping D^2) d = -J^T r`. */
const byNormal = ({ jacobian, rows, columns }: Linearised): Steps => {
  const transposed = transpose(jacobian, rows, columns)
  const D = scaled(lengths(transposed, rows, columns))
  const minus = new Float64Array(columns * columns) // -J^T J, its lower half
  const J = { data: transposed, start: 0, stride: rows }
  const C = { data: minus, start: 0, stride: columns }
  subtractProduct(C, J, J, columns, columns, rows, { transposed: true, lower: true })
  return (damping) => {
    const M = opposite(minus)
    for (let j = 0; j < columns; j++) M[j * columns + j]! += damping * D[j]! * D[j]!
    const factored = Cholesky.factor(M, columns, { inPlace: true })
    return (residual) => {
      if (E.isLeft(factored)) return failed(columns)
      const g = new Float64Array(columns)
      matvec(transposed, residual, columns, rows, g)
      return Cholesky.solve(factored.right, opposite(g))
    }
  }
}

/** `d = -D^-2 J^T y` with `(J D^-2 J^T + damping I) y = r`: the same step, by a matrix of one row for each residual. */
const byDual = (l: Linearised): Steps => {
  const { jacobian, rows, columns } = l
  const D = scaled(lengthsByRows(l))
  const own = jacobian.slice() // J D^-1
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) own[i * columns + j]! /= D[j]!
  const minus = new Float64Array(rows * rows) // -J D^-2 J^T, its lower half
  const J = { data: own, start: 0, stride: columns }
  subtractProduct({ data: minus, start: 0, stride: rows }, J, J, rows, rows, columns, { transposed: true, lower: true })
  return (damping) => {
    const M = opposite(minus)
    for (let i = 0; i < rows; i++) M[i * rows + i]! += damping
    const factored = Cholesky.factor(M, rows, { inPlace: true })
    return (residual) => {
      if (E.isLeft(factored)) return failed(columns)
      const d = new Float64Array(columns)
      matvecTransposed(own, Cholesky.solve(factored.right, opposite(residual)), rows, columns, d)
      return d.map((value, j) => value / D[j]!)
    }
  }
}

/** Steps from one linearisation. */
export const steps = (solver: Solver, l: Linearised): Steps => {
  switch (solver) {
    case 'qr':
      return byQr(l)
    case 'normal':
      return byNormal(l)
    case 'dual':
      return byDual(l)
  }
}
