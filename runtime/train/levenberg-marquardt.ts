/**
 * The method of Levenberg and Marquardt for sums of squares: after a step that lowers the cost the damping falls to a
 * fifth, after one that does not the point stays and the damping rises fourfold.
 */
import { type Linearised, type Solver, type Steps, steps } from './damped'
import { isFinite64 } from './vector'

// --- model -----------------------------------------------------------------------------------------------------------

/** A cost `||r(theta)||^2` with the Jacobian `J = dr / dtheta`. */
export interface LeastSquares {
  /** NaN or infinite where the model overflows. */
  readonly cost: (theta: Float64Array) => number
  readonly linearise: (theta: Float64Array) => Linearised
}

/** Where the method stands; all it needs to go on. */
export interface Point {
  readonly theta: Float64Array
  readonly cost: number
  readonly damping: number
}

export interface Trial {
  readonly point: Point
  readonly accepted: boolean
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const firstDamping = 1e-3
/** Below it a step is a Gauss-Newton step; above it, it moves nothing in float64. */
const bounds = { low: 1e-30, high: 1e30 }

const finite = (cost: number): number => (Number.isNaN(cost) ? Number.POSITIVE_INFINITY : cost)

export const start = (problem: LeastSquares, theta: Float64Array, damping: number = firstDamping): Point => ({
  theta,
  cost: finite(problem.cost(theta)),
  damping
})

/** One trial step after another on one problem; the linearisation is kept while the point stays. */
export const trials = (problem: LeastSquares, solver: Solver): ((point: Point) => Trial) => {
  let at: Float64Array | undefined
  let from: Steps | undefined
  return (point) => {
    if (from === undefined || at !== point.theta) {
      from = steps(solver, problem.linearise(point.theta))
      at = point.theta
    }
    const d = from(point.damping)
    const theta = point.theta.map((value, j) => value + d[j]!)
    const cost = isFinite64(theta) ? finite(problem.cost(theta)) : Number.POSITIVE_INFINITY
    const accepted = cost < point.cost
    const damping = Math.min(Math.max(accepted ? point.damping / 5 : point.damping * 4, bounds.low), bounds.high)
    return accepted ? { point: { theta, cost, damping }, accepted } : { point: { ...point, damping }, accepted }
  }
}
