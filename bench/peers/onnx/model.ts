/** ONNX models as bytes, from nodes and weights: field numbers are those of onnx.proto3, version 10 of the format. */
import { bytes, float, integer, joined, type Message, message, text } from './protobuf'

export type Attribute = number | { readonly float: number } | string | readonly number[]

export interface Node {
  readonly op: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly attributes?: Readonly<Record<string, Attribute>>
  /** `com.microsoft` for ONNX Runtime's own operators. */
  readonly domain?: string
}

export interface Value {
  readonly name: string
  readonly dims: readonly number[]
}

export interface Graph {
  readonly nodes: readonly Node[]
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly floats: Readonly<Record<string, { readonly dims: readonly number[]; readonly values: Float32Array }>>
  readonly shapes: Readonly<Record<string, readonly number[]>>
}

const [FLOAT, INT64] = [1, 7]

const attribute = (name: string, value: Attribute): Message => {
  if (typeof value === 'number') return message(5, text(1, name), integer(3, value), integer(20, 2))
  if (typeof value === 'string') return message(5, text(1, name), text(4, value), integer(20, 3))
  if ('float' in value) return message(5, text(1, name), float(2, value.float), integer(20, 1))
  return message(5, text(1, name), ...value.map((v) => integer(8, v)), integer(20, 7))
}

const node = ({ op, inputs, output, attributes = {}, domain = '' }: Node): Message =>
  message(
    1,
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(3, output),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    ...(domain === '' ? [] : [text(7, domain)])
  )

const raw = (values: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

const tensor = (name: string, dims: readonly number[], type: number, data: Uint8Array): Message =>
  message(5, ...dims.map((d) => integer(1, d)), integer(2, type), text(8, name), bytes(9, data))

const value = (field: number, { name, dims }: Value): Message => {
  const shape = message(2, ...dims.map((d) => message(1, integer(1, d))))
  return message(field, text(1, name), message(2, message(1, integer(1, FLOAT), shape)))
}

export const encode = (graph: Graph): Uint8Array => {
  const body = [
    ...graph.nodes.map(node),
    text(2, 'main'),
    ...Object.entries(graph.floats).map(([name, { dims, values }]) => tensor(name, dims, FLOAT, raw(values))),
    ...Object.entries(graph.shapes).map(([name, dims]) =>
      tensor(name, [dims.length], INT64, raw(BigInt64Array.from(dims, BigInt)))
    ),
    ...graph.inputs.map((v) => value(11, v)),
    ...graph.outputs.map((v) => value(12, v))
  ]
  const opset = (domain: string, version: number) => message(8, text(1, domain), integer(2, version))
  return joined([integer(1, 10), message(7, ...body), opset('', 20), opset('com.microsoft', 1)].flat())
}
