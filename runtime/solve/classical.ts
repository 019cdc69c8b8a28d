/**
 * The classical path, float64 throughout: Cholesky of the scaled matrix, else LU of the equilibrated one, refined with
 * compensated residuals, and the condition estimate from the factors.
 */
import * as E from 'fp-ts/Either'

import * as cholesky from '../linalg/cholesky'
import { conditionNumber, estimateInverseNorm } from '../linalg/condition'
import { general } from '../linalg/equilibrate'
import * as lu from '../linalg/lu'
import { norm1 } from '../linalg/norms'
import { compensatedResidual } from '../linalg/residual'
import { key } from '../random/key'
import { attains, certificate } from './certify'
import { intoUnits, outOfUnits, type Prepared } from './prepare'
import type { Certificate, Condition, Status } from './solution'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Classical {
  readonly x: Float64Array
  readonly backwardError: Certificate
  readonly condition: Condition
  readonly classical: 'cholesky' | 'lu'
  /** What became of refinement; `certified` says nothing about the condition yet. */
  readonly status: Extract<Status, 'certified' | 'not_attained' | 'stagnated' | 'max_iterations' | 'singular'>
  /** A sentence, if there is something to say. */
  readonly note: string | null
  readonly products: number
}

/** Factors of a matrix, or the sentence that says that it is singular, and the condition that they show. */
export interface Factors {
  readonly n: number
  readonly found: E.Either<string, Factored>
  readonly condition: () => Condition
}

/** Solves with `S = R A C`, its factors and its transpose's. */
interface Factored {
  readonly how: 'cholesky' | 'lu'
  readonly S: Float64Array
  readonly rows: Float64Array
  readonly columns: Float64Array
  readonly solve: (v: Float64Array) => Float64Array
  readonly solveTransposed: (v: Float64Array) => Float64Array
}

const mostSteps = 10
const estimateKey = key(1988)

// --- factoring -------------------------------------------------------------------------------------------------------

const byCholesky = ({ S, d, n }: Prepared): Factored | null => {
  const found = cholesky.factor(S, n)
  if (E.isLeft(found)) return null
  const solve = (v: Float64Array): Float64Array => cholesky.solve(found.right, v)
  return { how: 'cholesky', S, rows: d, columns: d, solve, solveTransposed: solve }
}

/** LU of the equilibrated matrix, or the sentence that says that it is singular. */
const byLu = (A: Float64Array, n: number): E.Either<string, Factored> => {
  const scaling = general(A, n)
  if (E.isLeft(scaling)) {
    const { _tag, index } = scaling.left
    return E.left(`A is singular: ${_tag === 'badRow' ? 'row' : 'column'} ${index + 1} is zero.`)
  }
  const { S, rows, columns } = scaling.right
  const found = lu.factor(S, n)
  if (E.isLeft(found)) return E.left(`A is singular: elimination leaves no pivot for column ${found.left.column + 1}.`)
  const factors = found.right
  return E.right({
    how: 'lu',
    S,
    rows,
    columns,
    solve: (v) => lu.solve(factors, v),
    solveTransposed: (v) => lu.solveTransposed(factors, v)
  })
}

// --- the condition from the factors ------------------------------------------------------------------------------------

const inverseNorm = (n: number, solve: Factored['solve'], solveTransposed: Factored['solve']): number => {
  const one =
    (f: Factored['solve']) =>
    (v: Float64Array): E.Either<never, Float64Array> =>
      E.right(f(v))
  const found = estimateInverseNorm(n, one(solve), one(solveTransposed), { key: estimateKey })
  return E.isRight(found) ? found.right.inverseNorm : Infinity
}

/** `A^-1 v = C S^-1 R v`, in units that cannot overflow. */
const through =
  (solve: Factored['solve'], before: Float64Array, after: Float64Array) =>
  (v: Float64Array): Float64Array => {
    const { values, unit } = intoUnits(before, v)
    return outOfUnits(after, solve(values), unit)
  }

const conditionOf = (f: Factored, A: Float64Array, n: number): Condition => {
  const scaled = conditionNumber(norm1(f.S, n, n), inverseNorm(n, f.solve, f.solveTransposed))
  const own = inverseNorm(n, through(f.solve, f.rows, f.columns), through(f.solveTransposed, f.columns, f.rows))
  return { estimate: conditionNumber(norm1(A, n, n), own), scaled, how: f.how }
}

// --- solving ---------------------------------------------------------------------------------------------------------

const unsolved = (A: Float64Array, b: Float64Array, n: number, note: string, condition: Condition): Classical => {
  const x = new Float64Array(n).fill(NaN)
  return {
    x,
    backwardError: certificate(A, x, b, n, 0),
    condition,
    classical: 'lu',
    status: 'singular',
    note,
    products: 0
  }
}

/** Factors for any number of right-hand sides. `prepared` is the symmetric scaling, if A may be positive definite. A: [n, n]. */
export const factor = (A: Float64Array, n: number, prepared: Prepared | null): Factors => {
  const positive = prepared === null ? null : byCholesky(prepared)
  const found = positive === null ? byLu(A, n) : E.right(positive)
  let known: Condition | null = null
  const condition = (): Condition => {
    known ??= E.isLeft(found) ? { estimate: Infinity, scaled: Infinity, how: 'lu' } : conditionOf(found.right, A, n)
    return known
  }
  return { n, found, condition }
}

/** Solve `A x = b` by factors and refinement. A: [n, n]. b: [n]. */
export const solveClassically = (
  { n, found: factored, condition }: Factors,
  A: Float64Array,
  b: Float64Array,
  tol: number
): Classical => {
  if (E.isLeft(factored)) return unsolved(A, b, n, factored.left, condition())
  const f = factored.right
  const { values: rhs, unit } = intoUnits(f.rows, b)

  let y = f.solve(rhs)
  let x = outOfUnits(f.columns, y, unit)
  let best = certificate(A, x, b, n, tol)
  let products = 2
  let shrinking = true
  let steps = 0
  // One step at least, for a small componentwise error (Skeel 1980), then as long as it pays.
  while (shrinking && steps < mostSteps && best.normwise > 0 && (steps === 0 || !attains(best, tol))) {
    const r = compensatedResidual(f.S, y, rhs, n)
    const correction = f.solve(r)
    const next = y.map((value, i) => value + correction[i]!)
    const nextX = outOfUnits(f.columns, next, unit)
    const found = certificate(A, nextX, b, n, tol)
    products += 3
    steps++
    shrinking = found.normwise < best.normwise
    if (!shrinking && !(found.normwise === best.normwise && found.componentwise < best.componentwise)) break
    y = next
    x = nextX
    best = found
  }
  const attained = attains(best, tol)
  const atLimit = best.normwise <= 16 * 2 ** -53 + best.rounding
  return {
    x,
    backwardError: best,
    condition: condition(),
    classical: f.how,
    status: attained ? 'certified' : atLimit ? 'not_attained' : shrinking ? 'max_iterations' : 'stagnated',
    note: null,
    products
  }
}
