/** Classical solvers beside the network, all float64 and in this process. */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'

import { batchCg, batchCholesky } from '../runtime/linalg/batch'
import type { Sample } from '../runtime/sample/spd'

export interface Classical {
  readonly what: string
  readonly backend: string
  /** What is timed; whatever is made before it returns is not. */
  readonly prepare: (systems: Sample) => () => void
}

const matrices = ({ n, batch, A, b }: Sample): readonly (readonly [Matrix, Matrix])[] =>
  Array.from({ length: batch }, (_, s) => {
    const row = (i: number) => Array.from(A.subarray((s * n + i) * n, (s * n + i + 1) * n))
    return [
      new Matrix(Array.from({ length: n }, (_, i) => row(i))),
      Matrix.columnVector(Array.from(b.subarray(s * n, (s + 1) * n)))
    ]
  })

const cg = (k: number): Classical => ({
  what: `CG, ${k} iterations`,
  backend: 'float64',
  prepare:
    ({ A, b, n, batch }) =>
    () =>
      void batchCg(A, b, batch, n, k)
})

/** Eight iterations are what the paper compares with; eighteen are as accurate as the three-layer network at large N. */
export const classical: readonly Classical[] = [
  {
    what: 'Cholesky',
    backend: 'float64',
    prepare:
      ({ A, b, n, batch }) =>
      () =>
        void batchCholesky(A, b, batch, n)
  },
  cg(8),
  cg(18),
  {
    what: 'Cholesky',
    backend: 'ml-matrix',
    prepare: (systems) => {
      const all = matrices(systems)
      return () => {
        for (const [A, b] of all) new CholeskyDecomposition(A).solve(b)
      }
    }
  }
]
