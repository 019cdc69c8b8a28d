/** Which backends work on this machine, found out by running a small program on each and checking its numbers. */
import * as E from 'fp-ts/Either'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Program } from '../../codegen/program'
import { type BackendError, type BackendName, backendError, backendNames, isBackendName } from './error'
import { open } from './runtime'

export { type BackendError, type BackendName, type BackendReason, backendNames, isBackendName } from './error'

export interface Probe {
  readonly name: BackendName
  readonly works: boolean
  /** The adapter's name, or in one sentence why the backend does not work. */
  readonly detail: string
  readonly hardware: boolean
}

/** z = (a b) + 0.5 i - j on a 3 x 4 by 4 x 5 product, then its columns' sums of squares; `count` goes up by one. */
const probeProgram: Program = {
  name: 'probe',
  inputs: [
    { name: 'count', role: 'state', dims: [1] },
    { name: 'a', role: 'data', dims: [3, 4] },
    { name: 'b', role: 'data', dims: [4, 5] }
  ],
  views: [],
  kernels: [
    {
      name: 'product',
      source: `function (a, b) {
  let s = 0.5 * this.thread.y - this.thread.x;
  for (let c = 0; c < 4; c++) {
    s += a[this.thread.y][c] * b[c][this.thread.x];
  }
  return s;
}`,
      parameters: [
        { name: 'a', dims: [3, 4] },
        { name: 'b', dims: [4, 5] }
      ],
      output: [3, 5],
      constants: {}
    },
    {
      name: 'squares',
      source: `function (z) {
  let s = 0;
  for (let i = 0; i < 3; i++) {
    s += z[i][this.thread.x] * z[i][this.thread.x];
  }
  return s;
}`,
      parameters: [{ name: 'z', dims: [3, 5] }],
      output: [5],
      constants: {}
    },
    {
      name: 'increment',
      source: `function (count) {
  return count[this.thread.x] + 1;
}`,
      parameters: [{ name: 'count', dims: [1] }],
      output: [1],
      constants: {}
    }
  ],
  launches: [
    { kernel: 0, inputs: ['a', 'b'], output: 'z' },
    { kernel: 1, inputs: ['z'], output: 'y' },
    { kernel: 2, inputs: ['count'], output: 'next' }
  ],
  outputs: [
    { name: 'y', dims: [5] },
    { name: 'z', dims: [3, 5] }
  ],
  updates: [{ input: 'count', output: 'next' }]
}

// Small whole numbers and halves: every sum is exact in float32, so every backend must hit them exactly.
const a = Float32Array.from({ length: 12 }, (_, index) => ((index * 7) % 11) - 5)
const b = Float32Array.from({ length: 20 }, (_, index) => ((index * 5) % 13) - 6)
const z = Float32Array.from({ length: 15 }, (_, index) => {
  const [i, j] = [Math.floor(index / 5), index % 5]
  const terms = [0, 1, 2, 3].map((c) => (a[4 * i + c] ?? 0) * (b[5 * c + j] ?? 0))
  return terms.reduce((sum, term) => sum + term, 0.5 * i - j)
})
const y = Float32Array.from({ length: 5 }, (_, j) => [0, 1, 2].reduce((sum, i) => sum + (z[5 * i + j] ?? 0) ** 2, 0))

const same = (left: Float32Array | undefined, right: Float32Array): boolean =>
  left?.length === right.length && right.every((value, index) => left[index] === value)

/** What is wrong with a backend, or null: runs the probe twice, so that kept state is tried as well. */
const trial = async (name: BackendName, software: boolean): Promise<E.Either<BackendError, Probe>> => {
  const opened = await open(name, { software })()
  if (E.isLeft(opened)) return opened
  const runtime = opened.right
  try {
    const compiled = await runtime.compile(probeProgram)()
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
    return E.right({ name, works: true, detail: runtime.adapter, hardware: runtime.hardware })
  } finally {
    await runtime.close()
  }
}

/** Whether a backend works here, and on what. */
export const probe =
  (name: BackendName): Task<Probe> =>
  async () => {
    const tried = await trial(name, true)
    return E.isRight(tried) ? tried.right : { name, works: false, detail: tried.left.message, hardware: false }
  }

/** Every backend in turn. */
export const probeAll: Task<readonly Probe[]> = async () => {
  const probes: Probe[] = []
  for (const name of backendNames) probes.push(await probe(name)())
  return probes
}

/**
 * The backend to use. `auto`: webgpu on a real graphics processor, else webasm, else cpu. A backend that is named is
 * taken or refused, never replaced by another.
 */
export const choose =
  (request: string): TaskEither<BackendError, BackendName> =>
  async () => {
    if (request !== 'auto') {
      if (!isBackendName(request)) {
        const known = ['auto', ...backendNames].join(', ')
        return E.left(backendError(request, 'unavailable', `there is no such backend; there are ${known}`))
      }
      const tried = await trial(request, true)
      return E.isLeft(tried) ? tried : E.right(request)
    }
    const graphics = await trial('webgpu', false)
    if (E.isRight(graphics) && graphics.right.hardware) return E.right('webgpu')
    const webasm = await trial('webasm', false)
    return E.right(E.isRight(webasm) ? 'webasm' : 'cpu')
  }
