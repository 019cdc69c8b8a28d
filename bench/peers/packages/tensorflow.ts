/** TensorFlow.js on its WebAssembly backend: XNNPACK with SIMD. It has no linear solvers; its threads do not run in Node. */
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'

import type { Job, Ready } from '../contestant'
import { adam, dimensions, epsilon, type Shape } from '../reference/transformer'
import { operand, serve, size } from '../serve'

type Params = Record<string, tf.Tensor>

await tf.setBackend('wasm')
await tf.ready()

const stored = (job: Job, name: string): tf.Tensor => tf.tensor(operand(job, name), [...job.arrays[name]!.dims])
const read = (run: () => tf.Tensor): Float32Array => {
  const y = tf.tidy(run)
  const values = y.dataSync() as Float32Array
  y.dispose()
  return values
}

// --- contraction -----------------------------------------------------------------------------------------------------

const resident = (job: Job): Ready => {
  const [A, B] = [stored(job, 'A') as tf.Tensor2D, stored(job, 'B') as tf.Tensor2D]
  return {
    call: () => tf.matMul(A, B).dispose(),
    answer: () => read(() => tf.matMul(A, B)),
    close: () => tf.dispose([A, B])
  }
}

const inAndOut = (job: Job): Ready => {
  const [a, B] = [operand(job, 'A'), stored(job, 'B')]
  const call = () => read(() => tf.matMul(tf.tensor2d(a, [size(job, 'm'), size(job, 'k')]), B as tf.Tensor2D))
  return { call, answer: call, close: () => B.dispose() }
}

const gram = (job: Job): Ready => {
  const [a, n, batch] = [operand(job, 'A'), size(job, 'n'), size(job, 'batch')]
  const call = () =>
    read(() => {
      const A = tf.tensor3d(a, [batch, n, n])
      return tf.matMul(A, A, false, true)
    })
  return { call, answer: call, close: () => undefined }
}

// --- transformer -----------------------------------------------------------------------------------------------------

const shapeOf = (job: Job): Shape => job.sizes as unknown as Shape
const k0 = Math.sqrt(2 / Math.PI)

const gelu = (x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), k0)
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1))
  })

const forward = (w: Params, A: tf.Tensor3D, b: tf.Tensor2D, shape: Shape): tf.Tensor => {
  const { batch, tokens, width, heads, blocks } = shape
  const m = batch * tokens
  const map = (x: tf.Tensor, name: string): tf.Tensor =>
    tf.fused.matMul({ a: x as tf.Tensor2D, b: w[`${name}.W`] as tf.Tensor2D, bias: w[`${name}.b`]! })
  const norm = (x: tf.Tensor, name: string): tf.Tensor => {
    const centred = tf.sub(x, tf.mean(x, -1, true))
    const scale = tf.rsqrt(tf.add(tf.mean(tf.mul(centred, centred), -1, true), epsilon))
    return tf.add(tf.mul(tf.mul(centred, scale), w[`${name}.gain`]!), w[`${name}.bias`]!)
  }
  const split = (x: tf.Tensor): tf.Tensor =>
    tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3])
  const columns = tf.concat([tf.transpose(A, [0, 2, 1]), tf.reshape(b, [batch, tokens, 1])], -1)
  const embedded = tf.reshape(map(tf.reshape(columns, [m, tokens + 1]), 'in'), [batch, tokens, width])
  let h = tf.reshape(tf.add(embedded, w['positions']!), [m, width])
  for (let k = 0; k < blocks; k++) {
    h = tf.tidy(() => {
      const n1 = norm(h, `${k}.norm1`)
      const [q, key, v] = [split(map(n1, `${k}.q`)), split(map(n1, `${k}.k`)), split(map(n1, `${k}.v`))]
      const scores = tf.mul(tf.matMul(q!, key!, false, true), 1 / Math.sqrt(width / heads))
      const a = tf.transpose(tf.matMul(tf.softmax(scores), v!), [0, 2, 1, 3])
      const h1 = tf.add(h, map(tf.reshape(a, [m, width]), `${k}.o`))
      return tf.add(h1, map(gelu(map(norm(h1, `${k}.norm2`), `${k}.up`)), `${k}.down`)) as tf.Tensor2D
    })
  }
  return tf.reshape(map(norm(h, 'norm'), 'out'), [batch, tokens])
}

const parameters = (job: Job): Params =>
  Object.fromEntries(Object.keys(dimensions(shapeOf(job))).map((name) => [name, stored(job, name)]))

const data = (job: Job) => {
  const { batch, tokens } = shapeOf(job)
  const [A, b] = [operand(job, 'A'), operand(job, 'b')]
  return () => [tf.tensor3d(A, [batch, tokens, tokens]), tf.tensor2d(b, [batch, tokens])] as const
}

const transformer = (job: Job): Ready => {
  const [w, given, shape] = [parameters(job), data(job), shapeOf(job)]
  const call = () => read(() => forward(w, ...given(), shape))
  return { call, answer: call, close: () => tf.dispose(w) }
}

const training = (job: Job): Ready => {
  const [given, shape, target] = [data(job), shapeOf(job), stored(job, 'target')]
  const w = Object.fromEntries(
    Object.entries(parameters(job)).map(([name, values]) => [name, tf.variable(values)])
  ) as Record<string, tf.Variable>
  const optimiser = tf.train.adam(adam.rate, adam.beta1, adam.beta2, adam.epsilon)
  const call = (): number => {
    const loss = tf.tidy(() => {
      const [A, b] = given()
      return optimiser.minimize(
        () => tf.mean(tf.squaredDifference(forward(w, A, b, shape), target)) as tf.Scalar,
        true,
        Object.values(w)
      )!
    })
    const value = loss.dataSync()[0]!
    loss.dispose()
    return value
  }
  return {
    call,
    answer: () => Float32Array.of(call(), call(), call()),
    close: () => {
      optimiser.dispose()
      tf.dispose([...Object.values(w), target])
    }
  }
}

await serve({
  version: tf.version_core,
  detail: 'WebAssembly SIMD (XNNPACK), one thread (its threads are switched off in Node)',
  methods: [
    { workload: 'contraction', name: 'resident', gives: 'C', prepare: resident },
    { workload: 'contraction', name: 'in and out', gives: 'C', prepare: inAndOut },
    { workload: 'systems', name: 'A A^T', gives: 'A A^T', prepare: gram },
    { workload: 'transformer', name: 'forward', gives: 'x', prepare: transformer },
    { workload: 'training', name: 'step', gives: 'losses', prepare: training }
  ]
})
