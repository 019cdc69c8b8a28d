/**
 * Networks interpreted layer by layer, in float64: nothing is compiled, and the compiler is not even read. See Note [Little work].
 */
import * as E from 'fp-ts/Either'

import { interpretBatch } from '../interpreter/interpret'
import type { Choice } from './choose'
import { type Device, network, type Slots, type Work } from './network'

// --- one network -----------------------------------------------------------------------------------------------------

const work = ({ typed, weights }: Choice, n: number, { batch, shared }: Slots): Work<Float64Array> => {
  let matrices: Float64Array = new Float64Array(0)
  return {
    numbers: (length) => new Float64Array(length),
    load: (A) => {
      matrices = A
      return E.right(undefined)
    },
    run: async (b) => {
      const x = new Float64Array(batch * n)
      for (let k = 0; k < batch; k++) {
        const start = shared ? 0 : k * n * n
        const A = matrices.subarray(start, start + n * n)
        x.set(interpretBatch(typed, weights, { n, batch: 1, A, b: b.subarray(k * n, (k + 1) * n) }), k * n)
      }
      return E.right(x)
    }
  }
}

// --- the device ------------------------------------------------------------------------------------------------------

/** The interpreter as a device. */
export const interpreter: Device = {
  backend: 'interpreter',
  adapter: 'float64',
  network: async (choice, n, slots) => E.right(network(work(choice, n, slots), choice, n, slots)),
  close: async () => undefined
}

// Note [Little work]
// Compiling a network for a first answer is code that runs once, most of it for the first time: 146 ms (`compile` in the report of
// `ansatz solve grid.mtx --backend wasm`) on one core of a slow
// machine, whatever the size, where `import` and interpreting took 20 ms in all for nine unknowns and condition number 50. There
// an operation took 110 ns at nine unknowns, where nearly all is the first call of everything, and 30 ns at the limit, `most` in
// `little.ts`: 35 ms for ten passes, and 4 to 5 ms when the engine had compiled the loops, against about 1 ms in WebAssembly. So
// the limit lies where interpreting is a quarter of compiling, and not where they are equal: a solver that is asked again and again loses
// some milliseconds an answer, and had better name its backend. Operations decide, and never the clock or what was
// compiled before, so that the same question has the same answer, bit for bit.
