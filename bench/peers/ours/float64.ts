/** Our classical solvers in plain JavaScript, float64: the answers that references come from, timed. */
import { batchCg, batchCholesky } from '../../../runtime/linalg/batch'
import type { Job, Ready } from '../contestant'
import { operand, serve, size } from '../serve'

const all =
  (f: (A: Float64Array, b: Float64Array, batch: number, n: number) => Float64Array) =>
  (job: Job): Ready => {
    const [A, b] = [Float64Array.from(operand(job, 'A')), Float64Array.from(operand(job, 'b'))]
    const call = () => f(A, b, size(job, 'batch'), size(job, 'n'))
    return { call, answer: () => Float32Array.from(call()), close: () => undefined }
  }

await serve({
  version: process.versions.node,
  detail: 'plain JavaScript, float64',
  methods: [
    {
      workload: 'systems',
      name: 'Cholesky',
      gives: 'x',
      prepare: all((A, b, batch, n) => batchCholesky(A, b, batch, n).x)
    },
    {
      workload: 'systems',
      name: 'CG, 18 iterations',
      gives: 'x',
      prepare: all((A, b, batch, n) => batchCg(A, b, batch, n, 18))
    }
  ]
})
