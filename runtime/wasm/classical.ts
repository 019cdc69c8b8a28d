/** Batches of small systems by Cholesky or conjugate gradients in float32, compiled to WebAssembly. */
import * as E from 'fp-ts/Either'

import { cgProgram, choleskyProgram } from '../../codegen/targets/wasm/classical/program'
import { groups } from './lanes'
import { threadedGroups } from './threads'
import { canThread } from './worker'

// --- model -----------------------------------------------------------------------------------------------------------

/** Cholesky, or so many iterations of conjugate gradients from zero. */
export type BatchMethod =
  | { readonly _tag: 'cholesky' }
  | { readonly _tag: 'conjugateGradients'; readonly iterations: number }

export interface BatchOptions {
  /** Threads that share the groups; default 1. Ignored where threads cannot share memory. */
  readonly threads?: number
}

export interface BatchAnswers {
  /** [batch, n]. NaN for systems that Cholesky finds not to be positive definite. */
  readonly x: Float32Array
  /**
   * [batch]: the pivot, or the iteration, counted from 0, at which a system turned out not to be positive definite (or not
   * finite); -1 where it did not.
   */
  readonly failed: Int32Array
}

export interface BatchSolver {
  readonly n: number
  /**
   * Answers to `A_s x_s = b_s`. A: [batch, n, n], symmetric, whole, row-major; b: [batch, n]; float64 is rounded to float32.
   * `Left` if the arrays are of no whole number of systems.
   */
  readonly solve: (A: Float32Array | Float64Array, b: Float32Array | Float64Array) => E.Either<string, BatchAnswers>
  readonly close: () => void
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** The most unknowns: four matrices in lanes take `16 n^2` bytes, and beyond this no cache holds them. */
const mostUnknowns = 1024

const isCount = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most

/**
 * A solver of many symmetric positive definite systems of n unknowns, `x = A^-1 b`, four at a time in the lanes of a vector.
 *
 * Backward errors are those of float32; nothing is certified, see `solveBatch` for that. Golub and Van Loan, Matrix
 * Computations, 4th edition, sections 4.2.6 and 11.3.3.
 *
 *     const solver = batchSolver(9, { _tag: 'cholesky' })
 *     if (E.isRight(solver)) solver.right.solve(A, b)
 */
export const batchSolver = (
  n: number,
  method: BatchMethod,
  { threads = 1 }: BatchOptions = {}
): E.Either<string, BatchSolver> => {
  if (!isCount(n, mostUnknowns)) return E.left(`expected 1 to ${mostUnknowns} unknowns, got ${n}`)
  if (!isCount(threads, 64)) return E.left(`expected 1 to 64 threads, got ${threads}`)
  if (method._tag === 'conjugateGradients' && !isCount(method.iterations, 2 ** 20)) {
    return E.left(`expected a whole number of iterations above 0, got ${method.iterations}`)
  }
  const program = method._tag === 'cholesky' ? choleskyProgram(n) : cgProgram(n)
  const shared = threads > 1 && canThread() ? threadedGroups(program, threads) : null
  const loop = shared ?? groups(program)
  if (method._tag === 'conjugateGradients') loop.load({ steps: Float32Array.of(method.iterations) })
  return E.right({
    n,
    solve: (A, b) => {
      const batch = b.length / n
      if (!Number.isInteger(batch) || A.length !== batch * n * n) {
        return E.left(`expected batch * ${n * n} numbers in A and batch * ${n} in b, got ${A.length} and ${b.length}`)
      }
      const { x, failed } = loop.run({ A, b })
      if (x === undefined || failed === undefined) throw new Error('internal: a classical solver gave no answers')
      return E.right({ x, failed: Int32Array.from(failed) })
    },
    close: () => shared?.close()
  })
}
