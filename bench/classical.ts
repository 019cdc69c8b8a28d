/** Classical solvers beside the network, in this process: float64 JavaScript, and float32 compiled as the network is. */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'

import { type ClassicalProgram, cgProgram, choleskyProgram } from '../codegen/targets/wasm/classical/program'
import { batchCg, batchCholesky } from '../runtime/linalg/batch'
import type { Sample } from '../runtime/sample/sample'
import { groups } from '../runtime/wasm/lanes'

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

/** The same, four systems across the lanes of a vector; arrays in memory to answers in memory. */
const compiled = (what: string, program: (n: number) => ClassicalProgram, steps?: number): Classical => ({
  what,
  backend: 'wasm',
  prepare: (systems) => {
    const solver = groups(program(systems.n))
    if (steps !== undefined) solver.load({ steps: Float32Array.of(steps) })
    const data = { A: Float32Array.from(systems.A), b: Float32Array.from(systems.b) }
    return () => void solver.run(data)
  }
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
  compiled('Cholesky', choleskyProgram),
  compiled('CG, 8 iterations', cgProgram, 8),
  compiled('CG, 18 iterations', cgProgram, 18),
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
