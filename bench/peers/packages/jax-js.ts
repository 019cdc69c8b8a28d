/** jax-js on its WebAssembly backend: jitted functions, weights resident, no `Worker` in Node and so one thread. */
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'

import type { Job, Ready } from '../contestant'
import { adam, dimensions, epsilon, type Shape } from '../reference/transformer'
import { operand, serve, size, versionOf } from '../serve'

type Arr = np.Array
type Params = Record<string, Arr>

await init('wasm')
defaultDevice('wasm')

const stored = (job: Job, name: string): Arr => np.array(operand(job, name)).reshape([...job.arrays[name]!.dims])
const floats = async (y: Arr): Promise<Float32Array> => (await y.data()) as Float32Array

// --- contraction -----------------------------------------------------------------------------------------------------

const multiply = jit((A: Arr, B: Arr) => np.matmul(A, B))

const resident = (job: Job): Ready => {
  const [A, B] = [stored(job, 'A'), stored(job, 'B')]
  return {
    call: async () => {
      const C = multiply(A.ref, B.ref)
      await C.blockUntilReady()
      C.dispose()
    },
    answer: () => floats(multiply(A.ref, B.ref)),
    close: () => [A, B].forEach((x) => void x.dispose())
  }
}

const inAndOut = (job: Job): Ready => {
  const [a, B] = [operand(job, 'A'), stored(job, 'B')]
  const call = () => floats(multiply(np.array(a).reshape([size(job, 'm'), size(job, 'k')]), B.ref))
  return { call, answer: call, close: () => B.dispose() }
}

// --- systems ---------------------------------------------------------------------------------------------------------

const cholesky = (A: Arr, b: Arr): Arr => {
  const L = lax.linalg.cholesky(A)
  const y = lax.linalg.triangularSolve(L.ref, b, { leftSide: true, lower: true })
  return lax.linalg.triangularSolve(L, y, { leftSide: true, lower: true, transposeA: true })
}

/** `jitted` is false where its compiler refuses: triangular solves run one operation after another. */
const solver =
  (f: (A: Arr, b: Arr) => Arr, jitted = false) =>
  (job: Job): Ready => {
    const [n, batch] = [size(job, 'n'), size(job, 'batch')]
    const [A, b] = [operand(job, 'A'), operand(job, 'b')]
    const run = jitted ? jit(f) : f
    const call = () => floats(run(np.array(A).reshape([batch, n, n]), np.array(b).reshape([batch, n, 1])))
    return { call, answer: call, close: () => undefined }
  }

const gram = (A: Arr, b: Arr): Arr => {
  b.dispose()
  return np.matmul(A.ref, np.matrixTranspose(A))
}

// --- transformer -----------------------------------------------------------------------------------------------------

const shapeOf = (job: Job): Shape => job.sizes as unknown as Shape

/** x: [batch, tokens]. Every parameter is used once, as ownership of arrays wants it. */
const forward = (w: Params, A: Arr, b: Arr, { batch, tokens, width, heads, blocks }: Shape): Arr => {
  const map = (x: Arr, name: string): Arr => np.matmul(x, w[`${name}.W`]!).add(w[`${name}.b`]!)
  const norm = (x: Arr, name: string): Arr =>
    nn.standardize(x, -1, { epsilon }).mul(w[`${name}.gain`]!).add(w[`${name}.bias`]!)
  const split = (x: Arr): Arr => np.swapaxes(x.reshape([batch, tokens, heads, width / heads]), 1, 2)
  const columns = np.concatenate([np.matrixTranspose(A), b.reshape([batch, tokens, 1])], -1)
  let h = map(columns, 'in').add(w['positions']!)
  for (let k = 0; k < blocks; k++) {
    const n1 = norm(h.ref, `${k}.norm1`)
    const [q, key, v] = [map(n1.ref, `${k}.q`), map(n1.ref, `${k}.k`), map(n1, `${k}.v`)]
    // Its own `dotProductAttention` needs iterators' methods, which Node 20 lacks.
    const scores = np.matmul(split(q), np.matrixTranspose(split(key))).mul(1 / Math.sqrt(width / heads))
    const a = np.swapaxes(np.matmul(nn.softmax(scores, -1), split(v)), 1, 2).reshape([batch, tokens, width])
    h = h.add(map(a, `${k}.o`))
    const n2 = norm(h.ref, `${k}.norm2`)
    h = h.add(map(nn.gelu(map(n2, `${k}.up`), { approximate: true }), `${k}.down`))
  }
  return map(norm(h, 'norm'), 'out').reshape([batch, tokens])
}

const parameters = (job: Job): Params =>
  Object.fromEntries(Object.keys(dimensions(shapeOf(job))).map((name) => [name, stored(job, name)]))

const data = (job: Job) => {
  const { batch, tokens } = shapeOf(job)
  const [A, b] = [operand(job, 'A'), operand(job, 'b')]
  return () => [np.array(A).reshape([batch, tokens, tokens]), np.array(b).reshape([batch, tokens])] as const
}

const transformer = (job: Job): Ready => {
  const shape = shapeOf(job)
  const [w, given] = [parameters(job), data(job)]
  const run = jit((p: Params, A: Arr, b: Arr) => forward(p, A, b, shape))
  const call = () => floats(run(tree.ref(w), ...given()))
  return { call, answer: call, close: () => void tree.dispose(w) }
}

const training = (job: Job): Ready => {
  const shape = shapeOf(job)
  const [given, target] = [data(job), stored(job, 'target')]
  const meanSquare = (p: Params, A: Arr, b: Arr, y: Arr): Arr => np.mean(np.square(forward(p, A, b, shape).sub(y)))
  /** `power` holds `beta1^t` and `beta2^t`. */
  const step = jit((p: Params, m: Params, v: Params, powers: [Arr, Arr], A: Arr, b: Arr, y: Arr) => {
    const [loss, g] = valueAndGrad(meanSquare)(tree.ref(p), A, b, y)
    const [p1, p2] = [powers[0].mul(adam.beta1), powers[1].mul(adam.beta2)]
    const [first, second, next]: [Params, Params, Params] = [{}, {}, {}]
    for (const name of Object.keys(p)) {
      const dv = (g as unknown as Params)[name]!
      first[name] = m[name]!.mul(adam.beta1).add(dv.ref.mul(1 - adam.beta1))
      second[name] = v[name]!.mul(adam.beta2).add(np.square(dv).mul(1 - adam.beta2))
      const mean = first[name]!.ref.div(np.subtract(1, p1.ref))
      const root = np.sqrt(second[name]!.ref.div(np.subtract(1, p2.ref))).add(adam.epsilon)
      next[name] = p[name]!.sub(mean.div(root).mul(adam.rate))
    }
    return [loss, next, first, second, [p1, p2] as [Arr, Arr]] as [Arr, Params, Params, Params, [Arr, Arr]]
  })
  const zeros = (): Params =>
    Object.fromEntries(Object.entries(dimensions(shape)).map(([name, dims]) => [name, np.zeros([...dims])]))
  let state: [Params, Params, Params, [Arr, Arr]] = [parameters(job), zeros(), zeros(), [np.array(1), np.array(1)]]
  const call = async (): Promise<number> => {
    // As in JAX, the reference to the state of the last step is given up, so that its arrays may be used again.
    const [loss, ...next] = step(...state, ...given(), target.ref) as unknown as [
      Arr,
      Params,
      Params,
      Params,
      [Arr, Arr]
    ]
    state = next
    return (await floats(loss))[0]!
  }
  return {
    call,
    answer: async () => Float32Array.of(await call(), await call(), await call()),
    close: () => void tree.dispose(state)
  }
}

await serve({
  version: versionOf('@jax-js/jax'),
  detail: 'WebAssembly SIMD, jit, one thread (Node has no Worker)',
  methods: [
    { workload: 'contraction', name: 'resident', gives: 'C', prepare: resident },
    { workload: 'contraction', name: 'in and out', gives: 'C', prepare: inAndOut },
    { workload: 'systems', name: 'Cholesky', gives: 'x', prepare: solver(cholesky) },
    { workload: 'systems', name: 'solve', gives: 'x', prepare: solver((A, b) => np.linalg.solve(A, b)) },
    { workload: 'systems', name: 'A A^T', gives: 'A A^T', prepare: solver(gram, true) },
    { workload: 'transformer', name: 'forward', gives: 'x', prepare: transformer },
    { workload: 'training', name: 'step', gives: 'losses', prepare: training }
  ]
})
