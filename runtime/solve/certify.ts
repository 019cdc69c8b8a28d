/**
 * Certificates: backward errors from a float64 residual, compensated where plain rounding hides too much.
 */
import { type BackwardError, backwardError } from '../linalg/backward-error'
import type { Certificate, Condition, Status } from './solution'

const asCertificate = (found: BackwardError, compensated: boolean): Certificate => ({ ...found, compensated })

/** The backward errors of `x`; with twice the digits where the plain residual's rounding alone could decide. A: [n, n]. */
export const certificate = (A: Float64Array, x: Float64Array, b: Float64Array, n: number, tol: number): Certificate => {
  const plain = backwardError(A, x, b, n)
  const undecided = plain.normwise <= tol && plain.normwise + plain.rounding > tol
  return undecided ? asCertificate(backwardError(A, x, b, n, { compensated: true }), true) : asCertificate(plain, false)
}

/** Whether the normwise backward error is at most `tol`, with all that rounding may hide. */
export const attains = ({ normwise, rounding }: Certificate, tol: number): boolean => normwise + rounding <= tol

/**
 * Whether no equation is left with a backward error of its own far above the normwise one, as happens where entries of b
 * differ so much in size that float32 does not see the small ones.
 */
export const isEven = ({ componentwise }: Certificate, tol: number): boolean => componentwise <= Math.sqrt(tol)

/**
 * Condition numbers of the scaled matrix, in the 1-norm, from which on it counts as nearly and as exactly singular.
 * Measured: matrices of condition number 1e14 stay below 1.1e15, matrices of rank n - 1 lie above 1.1e16.
 */
export const nearlySingular = 3e15
export const singular = 2 ** 53

/** What the condition number says of an answer, or null if nothing is wrong with it. */
export const conditionStatus = ({ scaled }: Condition): Status | null =>
  scaled >= singular ? 'singular' : scaled >= nearlySingular ? 'ill_conditioned' : null
