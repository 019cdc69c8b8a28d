/** Solving for those who use neither fp-ts nor flat arrays: promises that reject with a sentence. */
import * as E from 'fp-ts/Either'
import { solve, solveBatch } from './run'
import type { LinearSystem, LinearSystems, Solution, SolveError, SolveOptions } from './solution'

// --- arrays ----------------------------------------------------------------------------------------------------------

/** A vector: an array of numbers or a typed array. */
export type Vector = ArrayLike<number>

/** A matrix: rows of numbers, or all entries row by row in one array. */
export type Matrix = Vector | readonly Vector[]

const isRows = (A: Matrix): A is readonly Vector[] => A.length > 0 && typeof A[0] === 'object'

const fail = (message: string): never => {
  throw new Error(message)
}

const flat = (A: Matrix, where: string): Float64Array => {
  if (!isRows(A)) return A instanceof Float64Array ? A : Float64Array.from(A)
  const n = A.length
  const out = new Float64Array(n * n)
  for (const [i, row] of A.entries()) {
    if (row.length !== n) {
      fail(`${where} is not square: it has ${n} rows, and row ${i + 1} has ${row.length} entries, expected ${n}`)
    }
    out.set(Float64Array.from(row), i * n)
  }
  return out
}

const right = <A>(result: E.Either<SolveError, A>): A => (E.isRight(result) ? result.right : fail(result.left.message))

/** `A x = b` in whatever arrays one has; n is the length of b. */
export interface PlainSystem {
  readonly A: Matrix
  readonly b: Vector
  readonly name?: string
}

/** Systems of one size. */
export interface PlainSystems {
  readonly A: readonly Matrix[]
  readonly b: readonly Vector[]
}

const systemOf = ({ A, b, name }: PlainSystem, where = 'A'): LinearSystem => ({
  n: b.length,
  A: flat(A, where),
  b: b instanceof Float64Array ? b : Float64Array.from(b),
  ...(name === undefined ? {} : { name })
})

const stacked = ({ A, b }: PlainSystems): LinearSystems => {
  if (A.length !== b.length) fail(`there are ${A.length} matrices and ${b.length} right-hand sides`)
  const systems = A.map((matrix, s) => systemOf({ A: matrix, b: b[s]! }, `A of system ${s + 1}`))
  const n = systems[0]?.n ?? fail('there is no system to solve')
  const [all, sides] = [new Float64Array(systems.length * n * n), new Float64Array(systems.length * n)]
  for (const [s, system] of systems.entries()) {
    if (system.n !== n || system.A.length !== n * n) {
      fail(`system ${s + 1} has ${system.A.length} entries and ${system.n} unknowns; all must have ${n}, as the first`)
    }
    all.set(system.A, s * n * n)
    sides.set(system.b, s * n)
  }
  return { n, batch: systems.length, A: all, b: sides }
}

// --- functions -------------------------------------------------------------------------------------------------------

/** Solve `A x = b`: A as rows or row by row in one array, b an array. Rejects with an Error that says what is wrong. */
export const solveAsync = async (system: PlainSystem, options: SolveOptions = {}): Promise<Solution> =>
  right(await solve(systemOf(system), options)())

/** Solve many systems of one size: a list of matrices and one of right-hand sides, or flat arrays with their sizes. */
export const solveBatchAsync = async (
  systems: PlainSystems | LinearSystems,
  options: SolveOptions = {}
): Promise<readonly Solution[]> => right(await solveBatch('n' in systems ? systems : stacked(systems), options)())
