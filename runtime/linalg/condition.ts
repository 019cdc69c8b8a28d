/**
 * The 1-norm condition number `||A||_1 ||A^-1||_1`, with `||A^-1||_1` estimated from a few solves with A and A^T.
 *
 * Sources: Hager, SIAM J. Sci. Stat. Comput. 5 (1984); Higham, "FORTRAN codes for estimating the one-norm of a real or
 * complex matrix", ACM Trans. Math. Softw. 14 (1988), algorithm 4.1 with its last, alternating vector.
 */
import * as E from 'fp-ts/Either'

import { type Key, signs } from '../random/key'
import { vectorNorm1 } from './norms'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Estimate {
  /** A lower bound on `||A^-1||_1` up to rounding, rarely below a third of it; Infinity if a solve overflowed. */
  readonly inverseNorm: number
  readonly solves: number
}

export interface EstimateOptions {
  /** Starts once more from a random vector of signs, and keeps the larger estimate. */
  readonly key?: Key
}

/** A solve that the estimate waits for. */
export interface Request {
  readonly transposed: boolean
  readonly rhs: Float64Array
}

export type Solve<Err> = (rhs: Float64Array) => E.Either<Err, Float64Array>

// --- the estimate as a dialogue: it yields right-hand sides and receives solutions --------------------------------------

const most = 5

const signsOf = (v: Float64Array): Float64Array => v.map((value) => (value >= 0 ? 1 : -1))

const same = (a: Float64Array, b: Float64Array): boolean => a.every((value, i) => value === b[i])

const unit = (n: number, j: number): Float64Array => {
  const e = new Float64Array(n)
  e[j] = 1
  return e
}

const largestAt = (v: Float64Array): number =>
  v.reduce((best, value, i) => (Math.abs(value) > Math.abs(v[best]!) ? i : best), 0)

/** `||v||_1`, Infinity if it is not a number. */
const sizeOf = (v: Float64Array): number => {
  const size = vectorNorm1(v)
  return Number.isNaN(size) ? Infinity : size
}

/** Climb from one start (of 1-norm 1) along gradients of `||A^-1 v||_1`. */
function* climb(start: Float64Array): Generator<Request, number, Float64Array> {
  const n = start.length
  let v = yield { transposed: false, rhs: start }
  let best = sizeOf(v)
  if (n === 1 || best === Infinity) return best
  let direction = signsOf(v)
  let gradient = yield { transposed: true, rhs: direction }
  if (sizeOf(gradient) === Infinity) return Infinity
  let j = largestAt(gradient)
  for (let step = 2; step <= most; step++) {
    v = yield { transposed: false, rhs: unit(n, j) }
    const size = sizeOf(v)
    if (size <= best || size === Infinity) return Math.max(size, best)
    best = size
    const next = signsOf(v)
    if (same(next, direction)) return best
    direction = next
    gradient = yield { transposed: true, rhs: direction }
    if (sizeOf(gradient) === Infinity) return Infinity
    const last = j
    j = largestAt(gradient)
    if (Math.abs(gradient[last]!) === Math.abs(gradient[j]!)) return best
  }
  return best
}

/** The estimate of `||A^-1||_1` for whoever solves elsewhere, for many matrices at once, say. */
export function* dialogue(n: number, key?: Key): Generator<Request, number, Float64Array> {
  if (n === 0) return 0
  let best = yield* climb(new Float64Array(n).fill(1 / n))
  if (n === 1 || best === Infinity) return best
  if (key !== undefined) best = Math.max(best, yield* climb(signs(key, n).map((sign) => sign / n)))
  const alternating = Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + i / (n - 1)))
  const v = yield { transposed: false, rhs: alternating }
  return Math.max(best, (2 / 3) * (sizeOf(v) / n))
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** Estimate `||A^-1||_1` from solves with A and A^T; the first solve that fails ends it. */
export const estimateInverseNorm = <Err>(
  n: number,
  solve: Solve<Err>,
  solveTransposed: Solve<Err>,
  { key }: EstimateOptions = {}
): E.Either<Err, Estimate> => {
  const steps = dialogue(n, key)
  let solves = 0
  let step = steps.next()
  while (!step.done) {
    const answer = (step.value.transposed ? solveTransposed : solve)(step.value.rhs)
    if (E.isLeft(answer)) return answer
    solves++
    step = steps.next(answer.right)
  }
  return E.right({ inverseNorm: step.value, solves })
}

/** `||A||_1 ||A^-1||_1` from the two norms; Infinity where their product is not a number. */
export const conditionNumber = (norm: number, inverseNorm: number): number => {
  const kappa = norm * inverseNorm
  return Number.isNaN(kappa) ? Infinity : kappa
}
