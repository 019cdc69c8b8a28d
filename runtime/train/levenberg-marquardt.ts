/**
 * The method of Levenberg and Marquardt for sums of squares: a step that lowers the cost is taken and the damping falls,
 * after one that does not the point stays and the damping rises.
 */
import { type Linearised, type Solver, type Step, type Steps, steps } from './damped'
import { isFinite64 } from './vector'

// --- model -----------------------------------------------------------------------------------------------------------

/** A cost `||r(theta)||^2` with the Jacobian `J = dr / dtheta`. */
export interface LeastSquares {
  /** r(theta); NaN or infinite where the model overflows. */
  readonly residual: (theta: Float64Array) => Float64Array
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

/** How the damping moves, and how a step keeps to a curved valley. */
export interface Manner {
  readonly rise: number
  readonly fall: number
  /** See Note [Steps that bend]. */
  readonly bends: boolean
  /** The most corrections of one step; see Note [Steps that are led back]. */
  readonly corrections: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const firstDamping = 1e-3
/** Below it a step is a Gauss-Newton step; above it, it moves nothing in float64. */
const bounds = { low: 1e-30, high: 1e30 }

/** The usual method. */
export const straight: Manner = { rise: 4, fall: 5, bends: false, corrections: 0 }
/** For long narrow valleys. */
export const bending: Manner = { rise: 2, fall: 3, bends: true, corrections: 0 }
/** For valleys so narrow that a step must end nearer to their bed than it could be aimed. */
export const ledBack = (corrections: number): Manner => ({ ...straight, corrections })

/** `||r(theta)||^2`, infinite where it is not finite. */
export const costAt = (problem: LeastSquares, theta: Float64Array): number => {
  if (!isFinite64(theta)) return Number.POSITIVE_INFINITY
  const cost = problem.residual(theta).reduce((sum, value) => sum + value * value, 0)
  return Number.isNaN(cost) ? Number.POSITIVE_INFINITY : cost
}

export const start = (problem: LeastSquares, theta: Float64Array, damping: number = firstDamping): Point => ({
  theta,
  cost: costAt(problem, theta),
  damping
})

const plus = (theta: Float64Array, d: Float64Array, share: number): Float64Array =>
  theta.map((value, k) => value + share * d[k]!)

// --- bending ---------------------------------------------------------------------------------------------------------

/** The part of a step along which the second derivative is taken. */
const part = 0.1
/** A step whose acceleration is longer than this share of it is left straight. */
const mostBend = 0.75

/** `r''(theta)[d, d] = 2/h ((r(theta + h d) - r(theta)) / h - J d)`. */
const secondDerivative = (problem: LeastSquares, theta: Float64Array, l: Linearised, d: Float64Array): Float64Array => {
  const { residual, jacobian, rows, columns } = l
  const moved = problem.residual(plus(theta, d, part))
  const second = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let slope = 0
    for (let k = 0; k < columns; k++) slope += jacobian[i * columns + k]! * d[k]!
    second[i] = (2 / part) * ((moved[i]! - residual[i]!) / part - slope)
  }
  return second
}

const lengthOf = (d: Float64Array): number => Math.sqrt(d.reduce((sum, value) => sum + value * value, 0))

/** `d + a / 2`, or d itself where the acceleration a is not small beside it. */
const bent = (problem: LeastSquares, theta: Float64Array, l: Linearised, step: Step, d: Float64Array): Float64Array => {
  if (!isFinite64(d)) return d
  const a = step(secondDerivative(problem, theta, l, d))
  return lengthOf(a) <= (mostBend / 2) * lengthOf(d) ? plus(d, a, 0.5) : d
}

// --- leading back ------------------------------------------------------------------------------------------------------

interface Place {
  readonly theta: Float64Array
  readonly cost: number
}

const squares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0)

/** A correction that leaves more than this of the gap is the last. */
const enough = 0.5

/** The best of `theta + d` and its corrections towards `r(theta) + J d`. */
const corrected = (
  problem: LeastSquares,
  theta: Float64Array,
  l: Linearised,
  step: Step,
  d: Float64Array,
  corrections: number
): Place => {
  const aim = l.residual.slice()
  for (let i = 0; i < l.rows; i++) {
    for (let k = 0; k < l.columns; k++) aim[i]! += l.jacobian[i * l.columns + k]! * d[k]!
  }
  let at = plus(theta, d, 1)
  let best: Place = { theta: at, cost: Number.POSITIVE_INFINITY }
  let before = Number.POSITIVE_INFINITY
  for (let k = 0; isFinite64(at); k++) {
    const residual = problem.residual(at)
    const cost = squares(residual)
    if (cost < best.cost) best = { theta: at, cost }
    const gap = residual.map((value, i) => value - aim[i]!)
    const left = squares(gap)
    if (k === corrections || !(left < enough * before)) break
    before = left
    at = plus(at, step(gap), 1)
  }
  return best
}

// --- steps -----------------------------------------------------------------------------------------------------------

const landing = (
  problem: LeastSquares,
  theta: Float64Array,
  l: Linearised,
  step: Step,
  d: Float64Array,
  corrections: number
): Place => {
  if (corrections > 0) return corrected(problem, theta, l, step, d, corrections)
  const moved = plus(theta, d, 1)
  return { theta: moved, cost: costAt(problem, moved) }
}

/** One trial step after another on one problem; the linearisation is kept while the point stays. */
export const trials = (
  problem: LeastSquares,
  solver: Solver,
  { rise, fall, bends, corrections }: Manner = straight
): ((point: Point) => Trial) => {
  let at: Float64Array | undefined
  let from: { readonly l: Linearised; readonly steps: Steps } | undefined
  return (point) => {
    if (from === undefined || at !== point.theta) {
      const l = problem.linearise(point.theta)
      from = { l, steps: steps(solver, l) }
      at = point.theta
    }
    const step = from.steps(point.damping)
    const d = step(from.l.residual)
    const { theta, cost } = landing(
      problem,
      point.theta,
      from.l,
      step,
      bends ? bent(problem, point.theta, from.l, step, d) : d,
      corrections
    )
    const accepted = cost < point.cost
    const damping = Math.min(Math.max(accepted ? point.damping / fall : point.damping * rise, bounds.low), bounds.high)
    return accepted ? { point: { theta, cost, damping }, accepted } : { point: { ...point, damping }, accepted }
  }
}

// Note [Steps that bend]
// The least squares of a deep network have long narrow valleys: many combinations of weights hardly change the answer,
// and a straight step along such a valley must be short to stay in it. Geodesic acceleration (Transtrum and Sethna 2012,
// section 3) follows the valley's bend: besides d = -(J^T J + damping D^2)^-1 J^T r it takes a = -(...)^-1 J^T r'', where
// r'' is the second derivative along d, and steps by d + a/2. The factorisation is shared and r'' costs one evaluation, so
// a step costs little more and goes several times as far. Where a is long beside d the expansion says nothing.
//
// Note [Steps that are led back]
// A model that is accurate to ten digits lies in a valley whose walls are 10^10 times as steep as its bed: a step along
// the bed by t leaves it by some t^2, and the walls turn that into a cost above the one before unless t is tiny. But the
// walls are what the linearisation knows best. The gap between r at the end of the step and what the linear model had
// promised there, r + J d, is closed by the same factorisation (a chord iteration, which shrinks it by a factor at each
// turn as long as the step is not far beyond the curvature), and only then is the step judged. On two and three layers of
// attention this takes the place of thousands of small steps.
