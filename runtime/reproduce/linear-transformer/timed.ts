/**
 * What figure 3 times: networks on every backend, with A handed over or already there, and classical solvers in float64
 * and, compiled as the networks are, in float32.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { byHand } from '../../../codegen/by-hand'
import { plan as planFor, toJavaScript } from '../../../codegen/compile'
import type { Equations } from '../../../codegen/equation'
import * as X from '../../../codegen/expr'
import type { Plan } from '../../../codegen/plan'
import { schedule } from '../../../codegen/schedule'
import { type ClassicalProgram, cgProgram, choleskyProgram } from '../../../codegen/targets/wasm/classical/program'
import type { Runtime } from '../../backends/runtime'
import { load64 } from '../../javascript/run'
import { batchCg, batchCholesky, batchLu } from '../../linalg/batch'
import type { Sample } from '../../sample/sample'
import { groups } from '../../wasm/lanes'
import { inferred, singles, type Weighted } from '../answers'

// --- model -----------------------------------------------------------------------------------------------------------

/** Something that can be timed on a batch of systems. */
export interface Entrant {
  readonly what: string
  /** A backend in float32, or `float64`. */
  readonly backend: string
  /** Whether A goes to the backend with every call; null where there is nowhere to go. */
  readonly transfer: boolean | null
  /** A call that is ready, or why there is none. */
  readonly prepare: (systems: Sample) => Promise<E.Either<string, Prepared>>
}

export interface Prepared {
  readonly call: () => Promise<unknown> | unknown
  readonly close: () => Promise<void>
}

/** Memory between kernels above which a batch counts as too large. */
const mostBytes = 2 ** 30

const ready = (call: Prepared['call']): E.Either<string, Prepared> => E.right({ call, close: async () => {} })

// --- A A^T -----------------------------------------------------------------------------------------------------------

/** `S = A A^T` for every system, and one number of each, so that S can stay where it is. */
const squareEquations = (n: number, batch: number): Equations => {
  const [s, i, k, j] = [X.index('s', batch), X.index('i', n), X.index('k', n), X.index('j', n)]
  const [A, S] = [X.tensor('A'), X.tensor('S')]
  return byHand({
    name: 'square',
    inputs: [{ name: 'A', role: 'data', dims: [batch, n, n] }],
    equations: [
      { defines: 'S', over: [s, i, k], value: X.sum([j], A(s, i, j), A(s, k, j)) },
      { defines: 'trace', over: [s], value: X.sum([i], S(s, i, i)) }
    ],
    outputs: ['S', 'trace']
  })
}

/** `S = A A^T` in float64: rows two at a time. */
const square = (A: Float64Array, S: Float64Array, batch: number, n: number): void => {
  for (let s = 0; s < batch; s++) {
    const start = s * n * n
    for (let i = 0; i < n; i += 2) {
      const p0 = start + i * n
      const p1 = i + 1 < n ? p0 + n : p0
      for (let k = 0; k < n; k += 2) {
        const q0 = start + k * n
        const q1 = k + 1 < n ? q0 + n : q0
        let s00 = 0
        let s01 = 0
        let s10 = 0
        let s11 = 0
        for (let j = 0; j < n; j++) {
          const a0 = A[p0 + j]!
          const a1 = A[p1 + j]!
          const b0 = A[q0 + j]!
          const b1 = A[q1 + j]!
          s00 += a0 * b0
          s01 += a0 * b1
          s10 += a1 * b0
          s11 += a1 * b1
        }
        S[p0 + k] = s00
        if (k + 1 < n) S[p0 + k + 1] = s01
        if (i + 1 < n) S[p1 + k] = s10
        if (i + 1 < n && k + 1 < n) S[p1 + k + 1] = s11
      }
    }
  }
}

// --- entrants --------------------------------------------------------------------------------------------------------

const bytes = (plan: Plan): number => plan.buffers.reduce((sum, b) => sum + 4 * b.elements, 0)

/** A program on a backend; data that stay there are loaded before the first call. */
const onBackend = async (
  runtime: Runtime,
  plan: Plan,
  kept: Readonly<Record<string, Float64Array>>,
  data: Readonly<Record<string, Float64Array>>,
  want: string
): Promise<E.Either<string, Prepared>> => {
  if (bytes(plan) > mostBytes) return E.left(`needs ${(bytes(plan) / 2 ** 30).toFixed(1)} GiB`)
  const made = await runtime.compile(plan)()
  if (E.isLeft(made)) return E.left(made.left.message)
  const executable = made.right
  const loaded = executable.load(singles(kept))
  if (E.isLeft(loaded)) return E.left(loaded.left.message)
  const own = singles(data)
  return E.right({
    call: async () => {
      const ran = await executable.run(own, [want])()
      if (E.isLeft(ran)) throw new Error(ran.left.message)
    },
    close: () => executable.dispose()
  })
}

/** The network's forward pass on a backend, with A handed over at every call or not. */
export const network = (what: string, w: Weighted, runtime: Runtime, transfer: boolean): Entrant => ({
  what,
  backend: runtime.backend,
  transfer,
  prepare: async ({ n, batch, A, b }) => {
    const plan = pipe(
      inferred(w.model),
      E.chain((typed) => planFor(runtime.target, { _tag: 'forward' }, typed, { n, batch }))
    )
    if (E.isLeft(plan)) return plan
    const [kept, data] = transfer ? [w.weights, { A, b }] : [{ ...w.weights, A }, { b }]
    return onBackend(runtime, plan.right, kept, data, 'x')
  }
})

export const productOn = (runtime: Runtime, transfer: boolean): Entrant => ({
  what: 'A A^T',
  backend: runtime.backend,
  transfer,
  prepare: async ({ n, batch, A }) => {
    const plan = schedule(runtime.target, {})(squareEquations(n, batch))
    if (E.isLeft(plan)) return E.left(plan.left.reason)
    const [kept, data] = transfer ? [{}, { A }] : [{ A }, {}]
    return onBackend(runtime, plan.right, kept, data, transfer ? 'S' : 'trace')
  }
})

/** The network's forward pass as compiled JavaScript. */
export const network64 = (what: string, w: Weighted): Entrant => ({
  what,
  backend: 'float64',
  transfer: null,
  prepare: async ({ n, batch, A, b }) => {
    const program = pipe(
      inferred(w.model),
      E.chain((typed) => toJavaScript({ _tag: 'forward' }, typed, { n, batch }))
    )
    if (E.isLeft(program)) return program
    const memory = 8 * program.right.plan.slots.reduce((p, q) => p + q, 0)
    if (memory > mostBytes) return E.left(`needs ${(memory / 2 ** 30).toFixed(1)} GiB`)
    const executable = load64(program.right)
    return ready(() => executable.run({ ...w.weights, A, b }))
  }
})

const float64 = (what: string, call: (systems: Sample) => () => unknown): Entrant => ({
  what,
  backend: 'float64',
  transfer: null,
  prepare: async (systems) => ready(call(systems))
})

const counts: readonly (readonly [what: string, k: (n: number) => number])[] = [
  ['CG, 6 iterations', (n) => Math.min(6, n)],
  ['CG, 8 iterations', (n) => Math.min(8, n)],
  ['CG, N iterations', (n) => n]
]

const cg = (what: string, k: (n: number) => number): Entrant =>
  float64(what, ({ A, b, n, batch }) => {
    const iterations = k(n)
    return () => batchCg(A, b, batch, n, iterations)
  })

/** A classical solver compiled to WebAssembly, float32, four systems in the lanes of a vector; A is copied in at every call. */
const inLanes = (what: string, program: (n: number) => ClassicalProgram, steps?: (n: number) => number): Entrant => ({
  what,
  backend: 'wasm',
  transfer: true,
  prepare: async ({ n, A, b }) => {
    const made = groups(program(n))
    if (steps !== undefined) made.load({ steps: Float32Array.of(steps(n)) })
    const data = singles({ A, b })
    return ready(() => made.run(data, ['x']))
  }
})

/** The best classical solvers that this process has. */
export const classical: readonly Entrant[] = [
  ...counts.flatMap(([what, k]) => [cg(what, k), inLanes(what, cgProgram, k)]),
  inLanes('Cholesky', choleskyProgram),
  float64(
    'Cholesky',
    ({ A, b, n, batch }) =>
      () =>
        batchCholesky(A, b, batch, n)
  ),
  float64(
    'LU',
    ({ A, b, n, batch }) =>
      () =>
        batchLu(A, b, batch, n)
  ),
  float64('A A^T', ({ A, n, batch }) => {
    const S = new Float64Array(batch * n * n)
    return () => square(A, S, batch, n)
  })
]
