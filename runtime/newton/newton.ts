/**
 * Newton's method with a line search on `||M z - y||_p^p`, its inner systems `H s = -g` solved by whatever is handed in.
 *
 * Source: Nocedal and Wright, Numerical Optimization, 2nd edition, sections 3.1 and 3.4.
 */
import * as E from 'fp-ts/Either'

import * as cholesky from '../linalg/cholesky'
import { norm2 } from '../linalg/norms'
import { dot } from '../linalg/products'
import { gradient, hessian, type Objective, residualOf, value } from './objective'

// --- model -----------------------------------------------------------------------------------------------------------

/** A step s for `H s = -g`, and how many products of H with a vector it took. */
export interface Step {
  readonly s: Float64Array
  readonly products: number
}

/** Solves `H s = rhs`; null where it has no answer. */
export type Inner = (H: Float64Array, rhs: Float64Array) => Step | null

export interface NewtonOptions {
  /** The most iterations. */
  readonly iterations: number
  /** Ends when `||g|| <= tolerance ||g_0||`. */
  readonly tolerance: number
  /** Told before every step: the system that is to be solved, and its iteration. */
  readonly onSystem?: (H: Float64Array, rhs: Float64Array, iteration: number) => void
}

export type NewtonStatus = 'converged' | 'maxIterations' | 'noStep' | 'noDescent'

export interface NewtonResult {
  readonly status: NewtonStatus
  readonly z: Float64Array
  readonly objective: number
  /** `||g|| / ||g_0||` at the end. */
  readonly gradient: number
  readonly iterations: number
  /** Products of H with a vector in all inner solves. */
  readonly products: number
  /** Evaluations of the objective by line searches. */
  readonly trials: number
  /** The objective before every iteration, and after the last. */
  readonly history: readonly number[]
}

// --- inner solvers ---------------------------------------------------------------------------------------------------

/** The classical step: a Cholesky factorisation of H, or of `H + delta I` with delta from 1e-12 of its largest diagonal up. */
export const byCholesky: Inner = (H, rhs) => {
  const n = rhs.length
  let top = 0
  for (let i = 0; i < n; i++) top = Math.max(top, H[i * (n + 1)]!)
  for (let delta = 0; delta <= top; delta = Math.max(100 * delta, 1e-12 * top)) {
    const shifted = H.slice()
    for (let i = 0; i < n; i++) shifted[i * (n + 1)]! += delta
    const factors = cholesky.factor(shifted, n, { inPlace: true })
    if (E.isRight(factors)) return { s: cholesky.solve(factors.right, rhs), products: 0 }
    if (top === 0) return null
  }
  return null
}

// --- the method ------------------------------------------------------------------------------------------------------

/** Armijo's share of the predicted decrease. */
const sufficient = 1e-4
const mostHalvings = 40

/**
 * From `start` until the gradient has fallen by the tolerance. A step is halved until the objective falls by `sufficient` of
 * what its slope promises; `noDescent` where a step that the inner solver gave does not point down, or no half of it does.
 */
export const minimise = (o: Objective, start: Float64Array, inner: Inner, options: NewtonOptions): NewtonResult => {
  let z = start.slice()
  let r = residualOf(o, z)
  let f = value(o, r)
  let g = gradient(o, r)
  const first = norm2(g)
  const history = [f]
  let [iterations, products, trials] = [0, 0, 0]
  const done = (status: NewtonStatus): NewtonResult => ({
    status,
    z,
    objective: f,
    gradient: first === 0 ? 0 : norm2(g) / first,
    iterations,
    products,
    trials,
    history
  })
  while (norm2(g) > options.tolerance * first) {
    if (iterations === options.iterations) return done('maxIterations')
    const H = hessian(o, r)
    const rhs = g.map((each) => -each)
    options.onSystem?.(H, rhs, iterations)
    const step = inner(H, rhs)
    if (step === null) return done('noStep')
    products += step.products
    const slope = dot(g, step.s)
    if (!(slope < 0)) return done('noDescent')
    let length = 1
    for (let k = 0; ; k++, length /= 2) {
      if (k === mostHalvings) return done('noDescent')
      const next = z.map((each, i) => each + length * step.s[i]!)
      const there = residualOf(o, next)
      const found = value(o, there)
      trials++
      if (!(found <= f + sufficient * length * slope)) continue
      z = next
      r = there
      f = found
      break
    }
    g = gradient(o, r)
    iterations++
    history.push(f)
  }
  return done('converged')
}
