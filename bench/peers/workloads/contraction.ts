/** A dense contraction `C = A B`: the arithmetic of a linear layer, and what a register tile is good for. */
import { product } from '../reference/operations'
import type { Case } from '../workload'
import { double, endsOfChains, normal } from './numbers'

export const contraction = (m: number, k: number, n: number): Case => ({
  workload: 'contraction',
  title: `dense contraction [${m} x ${k}] . [${k} x ${n}], float32`,
  sizes: { m, k, n },
  make: () => {
    const [A, B] = [normal('contraction A', m * k), normal('contraction B', k * n)]
    return {
      operands: { A: { values: A, dims: [m, k] }, B: { values: B, dims: [k, n] } },
      references: {
        ...endsOfChains,
        C: { values: product(double(A), double(B), m, k, n), tolerance: 1e-5 }
      }
    }
  },
  operations: () => 2 * m * k * n,
  baseline: ['ours wasm resident', 'ours gpu.js in and out']
})
