/**
 * A spectral network judged: what is guaranteed of it on the spectrum that it is for, and what was measured.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { guarantee, guaranteeAt, rounding } from '../guarantee/guarantee'
import type * as Key from '../random/key'
import { depthOf } from '../solve/choose'
import { type Largest, largestAt, type Runs, runsOn, sampledOn, type Weighted } from './contraction'
import { intervalOf, type Target } from './target'

// --- model -----------------------------------------------------------------------------------------------------------

/** `||x - xhat||_2 <= factor ||x||_2` in exact arithmetic. */
export interface Bound {
  readonly factor: number
  /** Proved in interval arithmetic; else the largest of a fine sample. */
  readonly rigorous: boolean
  readonly on: 'interval' | 'eigenvalues'
  /** What float64 may add for systems of n unknowns; infinite where nothing is known of it. */
  readonly rounding: (n: number) => number
}

export interface Judgement {
  readonly bound: Bound
  /** On the eigenvalues of the target. */
  readonly operator: Largest | null
  /** On the matrix of the target. */
  readonly runs: Runs | null
  /** Whether all that was measured is within the bound and its rounding. */
  readonly holds: boolean
}

/** Deeper networks take interval arithmetic a minute or more. */
const deepestProved = 7
/** By how much the bound may exceed what is attained: one part in fifty costs half of what one in a thousand does. */
const tolerance = 0.02
/**
 * What rounding is granted where no bound is known, in units of 2^-53 for every unit of the condition number and every
 * layer: far above what has been seen.
 */
const evaluation = 32

// --- constructors ----------------------------------------------------------------------------------------------------

const fromSample = (weighted: Weighted, target: Target): E.Either<string, Bound> =>
  pipe(
    sampledOn(weighted, intervalOf(target)),
    E.map(({ residual }): Bound => ({ factor: residual, rigorous: false, on: 'interval', rounding: () => Infinity }))
  )

/** Eigenvalues with where rounding may have moved them from. */
const neighbourhoods = ({ eigenvalues, uncertainty }: Target): readonly number[] =>
  Array.from(eigenvalues ?? []).flatMap((lambda) => [
    Math.max(lambda - uncertainty, lambda / 2),
    lambda,
    lambda + uncertainty
  ])

/** The guarantee on the interval, or where the network is for them on the eigenvalues alone. */
export const boundOf = (weighted: Weighted, target: Target, on: Bound['on']): E.Either<string, Bound> => {
  if (on === 'interval' && depthOf(weighted.model.body) > deepestProved) return fromSample(weighted, target)
  const found =
    on === 'interval'
      ? guarantee({ ...weighted, ...intervalOf(target), tolerance })
      : guaranteeAt({ ...weighted, at: neighbourhoods(target), tolerance })
  return pipe(
    found,
    E.map((g): Bound => ({ factor: g.factor, rigorous: true, on, rounding: (n) => rounding(g, n) })),
    E.orElse(() => fromSample(weighted, target))
  )
}

/** Bound and measurements of a network on its target. */
export const judge = (
  weighted: Weighted,
  target: Target,
  on: Bound['on'],
  key: Key.Key,
  onRound?: (done: number, total: number) => void
): E.Either<string, Judgement> => {
  const { eigenvalues, matrix, kappa } = target
  return pipe(
    E.Do,
    E.bind('bound', () => boundOf(weighted, target, on)),
    E.bind('operator', () => (eigenvalues === null ? E.right(null) : largestAt(weighted, eigenvalues))),
    E.bind('runs', () =>
      matrix === null ? E.right(null) : runsOn(weighted, { ...matrix, ...intervalOf(target) }, key, onRound)
    ),
    E.map(({ bound, operator, runs }) => {
      const slack = evaluation * depthOf(weighted.model.body) * kappa * 2 ** -53
      const byOperator = operator === null || operator.residual <= bound.factor + slack
      const known = bound.rounding(matrix?.n ?? 1)
      const byRuns = runs === null || runs.largest <= bound.factor + (Number.isFinite(known) ? known : slack)
      return { bound, operator, runs, holds: byOperator && byRuns }
    })
  )
}
