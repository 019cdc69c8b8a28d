/**
 * What a network really leaves of an error: its residual polynomial on given eigenvalues, and runs on the matrix itself with
 * right-hand sides that are random at first and then made as bad as they can be.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { toJavaScript } from '../../codegen/compile'
import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import { load64 } from '../javascript/run'
import { norm2 } from '../linalg/norms'
import { matvec } from '../linalg/products'
import * as Key from '../random/key'
import { depthOf } from '../solve/choose'
import { specialise } from '../weights/specialise'
import type { Weights } from '../weights/weights'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Weighted {
  readonly model: Model
  readonly weights: Weights
}

/** The largest `|1 - lambda p(lambda)|` and where it is. */
export interface Largest {
  readonly lambda: number
  readonly residual: number
}

/** `||x - xhat||_2 / ||x||_2` over runs in float64. */
export interface Runs {
  readonly form: 'tokens' | 'polynomial'
  readonly systems: number
  /** Of right-hand sides with x ~ N(0, I). */
  readonly random: number
  /** Of all, those included whose x is the error that another run left. */
  readonly largest: number
}

// --- on eigenvalues --------------------------------------------------------------------------------------------------

/** `1 - lambda p(lambda)` in float64 by tokens of one unknown. */
export const residualsAt = ({ model, weights }: Weighted, eigenvalues: Float64Array): E.Either<string, Float64Array> =>
  pipe(
    I.infer(model),
    E.mapLeft(I.show),
    E.chain((typed) => toJavaScript({ _tag: 'forward' }, typed, { n: 1, batch: eigenvalues.length })),
    E.map((program) =>
      load64(program)
        .run({ ...weights, A: eigenvalues, b: eigenvalues })
        ['x']!.map((x) => 1 - x)
    )
  )

export const largestAt = (weighted: Weighted, eigenvalues: Float64Array): E.Either<string, Largest> =>
  pipe(
    residualsAt(weighted, eigenvalues),
    E.map((residuals) => {
      let at = 0
      for (let k = 1; k < residuals.length; k++) if (!(Math.abs(residuals[k]!) <= Math.abs(residuals[at]!))) at = k
      return { lambda: eigenvalues[at]!, residual: Math.abs(residuals[at]!) }
    })
  )

/** Fine enough that a polynomial of the degree hides little between two points. */
const pointsPerDegree = 20

/** The largest on an interval by sampling at Chebyshev points, dense in proportion to the degree: no proof. */
export const sampledOn = (
  weighted: Weighted,
  interval: { readonly low: number; readonly high: number }
): E.Either<string, Largest> => {
  const { low, high } = interval
  const count = pointsPerDegree * 3 ** Math.max(1, depthOf(weighted.model.body))
  const at = Float64Array.from(
    { length: count + 1 },
    (_, k) => (low + high - (high - low) * Math.cos((Math.PI * k) / count)) / 2
  )
  return largestAt(weighted, at)
}

// --- on the matrix ---------------------------------------------------------------------------------------------------

/** Numbers of multiplications up to which the literal tokens run. */
const mostLiteral = 1e10
/** Multiplications up to which the polynomial turns as often; a longer one turns less. */
const mostPolynomial = 5e9
/** Runs whose x is the error that the run before left: power iterations on the network's error operator. */
const mostRounds = 8
const leastRounds = 2
const batchOf = (n: number): number => (n <= 100 ? 8 : 2)

/** About `16 n^3` a layer and system. */
const literalWork = (model: Model, n: number): number =>
  16 * n ** 3 * depthOf(model.body) * batchOf(n) * (mostRounds + 1)

/** Every row of [batch, n] at length one; rows of zeros stay. */
const normalised = (x: Float64Array, n: number): Float64Array => {
  const out = x.slice()
  for (let s = 0; s * n < x.length; s++) {
    const row = out.subarray(s * n, (s + 1) * n)
    const size = norm2(row)
    if (size > 0) for (let i = 0; i < n; i++) row[i]! /= size
  }
  return out
}

/** The same matrix for every system of the batch. */
const repeated = (M: Float64Array, batch: number): Float64Array => {
  const A = new Float64Array(M.length * batch)
  for (let s = 0; s < batch; s++) A.set(M, s * M.length)
  return A
}

/**
 * Runs on a matrix in the network's units: with x ~ N(0, I), then with x the error that the run before left, which turns
 * towards the network's worst direction. Literal tokens where that is affordable, else the polynomial. M: [n, n].
 */
export const runsOn = (
  weighted: Weighted,
  system: { readonly M: Float64Array; readonly n: number; readonly low: number; readonly high: number },
  key: Key.Key,
  onRound: (done: number, total: number) => void = () => {}
): E.Either<string, Runs> => {
  const { M, n, low, high } = system
  const literal = literalWork(weighted.model, n) <= mostLiteral
  const batch = batchOf(n)
  const each = 2 * 3 ** depthOf(weighted.model.body) * n * n * batch
  const rounds = literal ? mostRounds : Math.max(leastRounds, Math.min(mostRounds, Math.floor(mostPolynomial / each)))
  const form = literal ? E.right<string, Weighted>(weighted) : specialise({ ...weighted, low, high })
  return pipe(
    form,
    E.bindTo('run'),
    E.bind('typed', ({ run }) => pipe(I.infer(run.model), E.mapLeft(I.show))),
    E.bind('program', ({ typed }) => toJavaScript({ _tag: 'forward' }, typed, { n, batch })),
    E.map(({ run, program }): Runs => {
      const executable = load64(program)
      const A = repeated(M, batch)
      let x = normalised(Key.normal(key, batch * n), n)
      let [random, largest] = [0, 0]
      for (let round = 0; round <= rounds; round++) {
        const b = new Float64Array(batch * n)
        for (let s = 0; s < batch; s++) {
          matvec(M, x.subarray(s * n, (s + 1) * n), n, n, b.subarray(s * n, (s + 1) * n))
        }
        const answer = executable.run({ ...run.weights, A, b })['x']!
        const e = x.map((value, k) => value - answer[k]!)
        for (let s = 0; s < batch; s++) {
          const left = norm2(e.subarray(s * n, (s + 1) * n))
          largest = left <= largest ? largest : left
          if (round === 0) random = left <= random ? random : left
        }
        x = normalised(e, n)
        onRound(round + 1, rounds + 1)
      }
      return { form: literal ? 'tokens' : 'polynomial', systems: batch * (rounds + 1), random, largest }
    })
  )
}
