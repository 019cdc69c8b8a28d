/** Which backends work on this machine, found out by running a small program on each and checking its numbers. */
import * as E from 'fp-ts/Either'
import type { Task } from 'fp-ts/Task'
import { byHand } from '../../codegen/by-hand'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { schedule } from '../../codegen/schedule'
import { type BackendError, type BackendName, backendError, backendNames } from './error'
import { open } from './open'
import type { CodeGenerator, OpenOptions } from './runtime'

export { type BackendError, type BackendName, type BackendReason, backendNames, isBackendName } from './error'

export interface Probe {
  readonly name: BackendName
  readonly works: boolean
  /** The adapter's name, or in one sentence why the backend does not work. */
  readonly detail: string
  readonly hardware: boolean
  /** As of a runtime. */
  readonly patch: CodeGenerator | null
}

/** z = a b + b[0], then its columns' sums of squares; `count` goes up by one. */
const probeEquations: Equations = (() => {
  const [i, j, c, one] = [X.index('i', 3), X.index('j', 5), X.index('c', 4), X.index('k', 1)]
  const [a, b, z, count] = [X.tensor('a'), X.tensor('b'), X.tensor('z'), X.tensor('count')]
  return byHand({
    name: 'probe',
    inputs: [
      { name: 'count', role: 'state', dims: [1] },
      { name: 'a', role: 'data', dims: [3, 4] },
      { name: 'b', role: 'data', dims: [4, 5] }
    ],
    equations: [
      { defines: 'z', over: [i, j], value: X.add(X.sum([c], a(i, c), b(c, j)), b(0, j)) },
      { defines: 'y', over: [j], value: X.sum([i], z(i, j), z(i, j)) },
      { defines: 'next', over: [one], value: X.add(count(one), 1) }
    ],
    outputs: ['y', 'z'],
    updates: [{ input: 'count', output: 'next' }]
  })
})()

// Small whole numbers and halves: every sum is exact in float32, so every backend must hit them exactly.
const a = Float32Array.from({ length: 12 }, (_, index) => ((index * 7) % 11) - 5)
const b = Float32Array.from({ length: 20 }, (_, index) => ((index * 5) % 13) - 6)
const z = Float32Array.from({ length: 15 }, (_, index) => {
  const [i, j] = [Math.floor(index / 5), index % 5]
  const terms = [0, 1, 2, 3].map((c) => (a[4 * i + c] ?? 0) * (b[5 * c + j] ?? 0))
  return terms.reduce((sum, term) => sum + term, b[j] ?? 0)
})
const y = Float32Array.from({ length: 5 }, (_, j) => [0, 1, 2].reduce((sum, i) => sum + (z[5 * i + j] ?? 0) ** 2, 0))

const same = (left: Float32Array | undefined, right: Float32Array): boolean =>
  left?.length === right.length && right.every((value, index) => left[index] === value)

/** Opens a backend and runs the probe on it, twice, so that kept state is tried as well. */
export const trial = async (name: BackendName, options: OpenOptions): Promise<E.Either<BackendError, Probe>> => {
  const opened = await open(name, options)()
  if (E.isLeft(opened)) return opened
  const runtime = opened.right
  try {
    const plan = schedule(runtime.target, {})(probeEquations)
    if (E.isLeft(plan)) throw new Error(`internal: the probe has no schedule: ${plan.left.reason}`)
    const compiled = await runtime.compile(plan.right)()
    if (E.isLeft(compiled)) return compiled
    const program = compiled.right
    program.load({ count: Float32Array.of(40) })
    for (const _ of [1, 2]) {
      const answer = await program.run({ a, b })()
      if (E.isLeft(answer)) return answer
      if (!same(answer.right['y'], y) || !same(answer.right['z'], z)) {
        return E.left(backendError(name, 'execution', 'runs here, but computes a small matrix product wrongly'))
      }
    }
    const state = await program.read(['count'])()
    if (E.isLeft(state)) return state
    if (!same(state.right['count'], Float32Array.of(42))) {
      return E.left(backendError(name, 'execution', 'runs here, but loses state between calls'))
    }
    return E.right({ name, works: true, detail: runtime.adapter, hardware: runtime.hardware, patch: runtime.patch })
  } finally {
    await runtime.close()
  }
}

/** Whether a backend works here, and on what. */
export const probe =
  (name: BackendName, options: OpenOptions = {}): Task<Probe> =>
  async () => {
    const tried = await trial(name, options)
    return E.isRight(tried)
      ? tried.right
      : { name, works: false, detail: tried.left.message, hardware: false, patch: null }
  }

/** Every backend in turn. */
export const probeAll =
  (options: OpenOptions = {}): Task<readonly Probe[]> =>
  async () => {
    const probes: Probe[] = []
    for (const name of backendNames) probes.push(await probe(name, options)())
    return probes
  }
