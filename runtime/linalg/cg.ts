/**
 * Conjugate gradients for symmetric positive definite systems, judged by the true residual and not by the recurrence's.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, algorithm 11.3.3, and 11.5.1 with a preconditioner; Notay,
 * "Flexible conjugate gradients", SIAM Journal on Scientific Computing 22 (2000), equation 2 truncated to one direction.
 */
import { exponent, scaled } from './exponent'
import { largest, norm2 } from './norms'
import { axpy, dot, type Operator } from './products'

// --- model -----------------------------------------------------------------------------------------------------------

export interface CgOptions {
  /** Stops at `||b - A x||_2 <= tolerance ||b||_2`, the true residual. */
  readonly tolerance?: number
  readonly maxIterations?: number
  readonly x0?: Float64Array
  /** `y = M^-1 x`, symmetric positive definite. */
  readonly precondition?: Operator
  /**
   * For a preconditioner that is not quite the same at every step, such as a network in float32: the new direction is
   * made conjugate to the last one by `beta = z' . (r' - r) / (z . r)` instead of `z' . r' / (z . r)`.
   */
  readonly flexible?: boolean
}

/** `breakdown`: `p . A p` or `r . M^-1 r` was not positive and finite, so A or M is not positive definite. */
export type CgStatus = 'converged' | 'stagnated' | 'maxIterations' | 'breakdown'

export interface CgResult {
  readonly x: Float64Array
  readonly status: CgStatus
  readonly iterations: number
  /** Matrix-vector products, those of true residuals included. */
  readonly products: number
  /** `||r||_2 / ||b||_2` of the recurrence, at the start and after every iteration. */
  readonly history: readonly number[]
  /** `||b - A x||_2 / ||b||_2`, from a product with the final x. */
  readonly trueResidual: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

const positive = (value: number): boolean => value > 0 && value < Infinity

/** Solve `A x = b` by conjugate gradients; restarts from the true residual while that still halves it. */
export const cg = (
  multiply: Operator,
  b: Float64Array,
  { tolerance = 1e-12, maxIterations = 10 * b.length, x0, precondition, flexible = false }: CgOptions = {}
): CgResult => {
  const n = b.length
  const size = largest(b)
  const sound = size > 0 && size < Infinity
  if (!sound && size !== 0) return failed(n)
  // b is brought to a size near 1 by a power of two, so that its squares neither overflow nor vanish.
  const e = size === 0 ? 0 : exponent(size)
  const rhs = b.map((value) => scaled(value, -e))
  const x = x0 === undefined ? new Float64Array(n) : x0.map((value) => scaled(value, -e))
  const [r, p, Ap] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]
  const z = precondition === undefined ? r : new Float64Array(n)
  const before = flexible ? new Float64Array(n) : null
  const normB = size === 0 ? 1 : norm2(rhs)
  const history: number[] = []
  let products = 0
  let iterations = 0

  const trueResidual = (): number => {
    multiply(x, Ap)
    products++
    for (let i = 0; i < n; i++) r[i] = rhs[i]! - Ap[i]!
    return norm2(r) / normB
  }
  const finish = (status: CgStatus, residual: number): CgResult => ({
    x: x.map((value) => scaled(value, e)),
    status,
    iterations,
    products,
    history,
    trueResidual: residual
  })

  if (x0 === undefined) r.set(rhs)
  let residual = x0 === undefined ? (size === 0 ? 0 : 1) : trueResidual()
  history.push(residual)
  for (;;) {
    if (residual <= tolerance) return finish('converged', residual)
    precondition?.(r, z)
    p.set(z)
    let rz = dot(r, z)
    let [estimate, broken] = [residual, !positive(rz)]
    while (!broken && estimate > tolerance && iterations < maxIterations) {
      multiply(p, Ap)
      products++
      const curvature = dot(p, Ap)
      const alpha = rz / curvature
      if (!positive(curvature) || !positive(alpha)) {
        broken = true
        break
      }
      axpy(alpha, p, x)
      before?.set(r)
      axpy(-alpha, Ap, r)
      iterations++
      estimate = norm2(r) / normB
      history.push(estimate)
      if (estimate <= tolerance || iterations >= maxIterations) break
      precondition?.(r, z)
      const next = dot(r, z)
      const beta = (before === null ? next : next - dot(before, z)) / rz
      rz = next
      broken = !positive(rz)
      for (let i = 0; i < n; i++) p[i] = z[i]! + beta * p[i]!
    }
    const last = residual
    residual = trueResidual()
    if (residual <= tolerance) return finish('converged', residual)
    if (broken) return finish('breakdown', residual)
    if (iterations >= maxIterations) return finish('maxIterations', residual)
    if (!(residual <= last / 2)) return finish('stagnated', residual)
  }
}

const failed = (n: number): CgResult => ({
  x: new Float64Array(n).fill(NaN),
  status: 'breakdown',
  iterations: 0,
  products: 0,
  history: [],
  trueResidual: Infinity
})
