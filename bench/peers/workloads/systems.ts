/** A batch of small symmetric positive definite systems: arrays in memory to answers in memory. */
import { batchCholesky } from '../../../runtime/linalg/batch'
import * as Key from '../../../runtime/random/key'
import { draw } from '../../../runtime/sample/draw'
import * as F from '../../../spec/family'
import { product, transposed } from '../reference/operations'
import type { Case } from '../workload'
import { double } from './numbers'

/** Condition number of the systems: what the shipped three-layer network was trained for. */
export const kappa = 5

/** Every matrix has its spectrum in this interval, and every contestant may know it. */
export const interval = { low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) }

/** Of a float32 answer by a stable method at this condition number, with room for a batch's worst entry. */
const tolerance = 1e-5

const products = (A: Float64Array, batch: number, n: number): Float64Array => {
  const all = new Float64Array(A.length)
  for (let s = 0; s < batch; s++) {
    const one = A.subarray(s * n * n, (s + 1) * n * n)
    all.set(product(one, transposed(one, n, n), n, n, n), s * n * n)
  }
  return all
}

export const systems = (n: number, batch: number): Case => ({
  workload: 'systems',
  title: `${batch} systems of N = ${n}, float32, arrays in memory to answers in memory`,
  sizes: { n, batch },
  make: () => {
    const sample = draw(F.spd({ kappa, sizes: n }), Key.fold(Key.key(1), n), { n, batch })
    const [A, b] = [Float32Array.from(sample.A), Float32Array.from(sample.b)]
    return {
      operands: { A: { values: A, dims: [batch, n, n] }, b: { values: b, dims: [batch, n] } },
      // The answers of the rounded systems, which are the ones that contestants see.
      references: {
        x: { values: batchCholesky(double(A), double(b), batch, n).x, tolerance },
        'A A^T': { values: products(double(A), batch, n), tolerance }
      }
    }
  },
  operations: (gives) => (gives === 'A A^T' ? 2 * batch * n ** 3 : null),
  baseline: ['ours wasm BLOCK', 'ours gpu.js BLOCK']
})
