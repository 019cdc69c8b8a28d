/** What ONNX Runtime does here, whichever of its packages runs it: sessions with the weights inside, arrays in and out. */
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common'

import type { Job, Method, Ready } from '../contestant'
import { dimensions, type Shape } from '../reference/transformer'
import { operand, size } from '../serve'
import * as graphs from './graphs'

export interface Ort {
  readonly create: (model: Uint8Array) => Promise<InferenceSession>
  readonly Tensor: TensorConstructor
}

const session = async (
  ort: Ort,
  model: Uint8Array,
  feeds: Readonly<Record<string, readonly [Float32Array, readonly number[]]>>,
  output: string
): Promise<Ready> => {
  const made = await ort.create(model)
  const call = async (): Promise<Float32Array> => {
    const given: Record<string, Tensor> = {}
    for (const [name, [values, dims]] of Object.entries(feeds)) given[name] = new ort.Tensor('float32', values, dims)
    const { [output]: found } = await made.run(given)
    return found!.data as Float32Array
  }
  return { call, answer: call, close: () => made.release() }
}

const contraction = (ort: Ort) => (job: Job) => {
  const [m, k, n] = [size(job, 'm'), size(job, 'k'), size(job, 'n')]
  return session(ort, graphs.contraction(m, k, n, operand(job, 'B')), { A: [operand(job, 'A'), [m, k]] }, 'C')
}

const gram = (ort: Ort) => (job: Job) => {
  const [n, batch] = [size(job, 'n'), size(job, 'batch')]
  return session(ort, graphs.gram(batch, n), { A: [operand(job, 'A'), [batch, n, n]] }, 'C')
}

const transformer = (ort: Ort) => (job: Job) => {
  const shape = job.sizes as unknown as Shape
  const weights = Object.fromEntries(
    Object.entries(dimensions(shape)).map(([name, dims]) => [name, { dims, values: operand(job, name) }])
  )
  const { batch, tokens } = shape
  return session(
    ort,
    graphs.transformer(shape, weights),
    { A: [operand(job, 'A'), [batch, tokens, tokens]], b: [operand(job, 'b'), [batch, tokens]] },
    'x'
  )
}

export const methods = (ort: Ort): readonly Method[] => [
  { workload: 'contraction', name: 'in and out', gives: 'C', prepare: contraction(ort) },
  { workload: 'systems', name: 'A A^T', gives: 'A A^T', prepare: gram(ort) },
  { workload: 'transformer', name: 'forward', gives: 'x', prepare: transformer(ort) }
]
