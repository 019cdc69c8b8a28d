/** ml-matrix: plain JavaScript in float64, one system at a time. */
import { CholeskyDecomposition, Matrix, solve } from 'ml-matrix'

import type { Job, Ready } from '../contestant'
import { operand, serve, size, versionOf } from '../serve'

/** Its own matrices, made beforehand: turning float32 arrays into them is not what is measured. */
const systems = (job: Job): readonly (readonly [Matrix, Matrix])[] => {
  const [n, batch, A, b] = [size(job, 'n'), size(job, 'batch'), operand(job, 'A'), operand(job, 'b')]
  return Array.from({ length: batch }, (_, s) => [
    Matrix.from1DArray(n, n, A.subarray(s * n * n, (s + 1) * n * n)),
    Matrix.columnVector(b.subarray(s * n, (s + 1) * n))
  ])
}

const all =
  (one: (A: Matrix, b: Matrix) => Matrix) =>
  (job: Job): Ready => {
    const given = systems(job)
    return {
      call: () => {
        for (const [A, b] of given) one(A, b)
      },
      answer: () => Float32Array.from(given.flatMap(([A, b]) => one(A, b).to1DArray())),
      close: () => undefined
    }
  }

/** Half a minute a call and more is no help to anybody. */
const skips = ({ n }: Readonly<Record<string, number>>): string | null =>
  (n ?? 0) > 64 ? 'not tried above N = 64: it takes seconds a call' : null

await serve({
  version: versionOf('ml-matrix'),
  detail: 'plain JavaScript, float64',
  methods: [
    {
      workload: 'systems',
      name: 'Cholesky',
      gives: 'x',
      skips,
      prepare: all((A, b) => new CholeskyDecomposition(A).solve(b))
    },
    { workload: 'systems', name: 'solve (LU)', gives: 'x', skips, prepare: all((A, b) => solve(A, b)) }
  ]
})
