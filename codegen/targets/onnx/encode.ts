/** ONNX files: a graph and its weights as bytes. Field numbers are those of onnx.proto3; version 8 of the format has opset 18. */
import { joined } from '../bytes'
import {
  type Attribute,
  type Constant,
  type ElementType,
  elementTypes,
  type Graph,
  type Node,
  opset,
  type Value
} from './graph'
import { bytes, float, integer, type Message, message, text } from './protobuf'

export type Weights = Readonly<Record<string, Float32Array>>

export interface EncodeOptions {
  /** What the file says of itself, by keys. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly producer?: string
  /** The version of the format, where operators are not of opset 18. */
  readonly format?: number
  /** Versions of sets of operators by their domain, where they are not ONNX's own alone. */
  readonly operators?: Readonly<Record<string, number>>
}

const formatVersion = 8

const attribute = (name: string, value: Attribute): Message => {
  if (typeof value === 'number') return message(5, text(1, name), integer(3, value), integer(20, 2))
  if (typeof value === 'string') return message(5, text(1, name), text(4, value), integer(20, 3))
  if ('float' in value) return message(5, text(1, name), float(2, value.float), integer(20, 1))
  return message(5, text(1, name), ...value.map((v) => integer(8, v)), integer(20, 7))
}

const nodeMessage = ({ op, inputs, output, attributes = {}, domain = '' }: Node): Message =>
  message(
    1,
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(3, output),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    ...(domain === '' ? [] : [text(7, domain)])
  )

const raw = (values: Float32Array | Float64Array | BigInt64Array | Uint8Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

const tensor = (name: string, dims: readonly number[], type: ElementType, data: Uint8Array): Message =>
  message(5, ...dims.map((d) => integer(1, d)), integer(2, elementTypes[type]), text(8, name), bytes(9, data))

const elements: Readonly<Record<ElementType, (values: readonly number[]) => Uint8Array>> = {
  float: (values) => raw(Float32Array.from(values)),
  double: (values) => raw(Float64Array.from(values)),
  int64: (values) => raw(BigInt64Array.from(values, BigInt)),
  bool: (values) => Uint8Array.from(values)
}

const constant = (name: string, { type, dims, values }: Constant): Message =>
  tensor(name, dims, type, elements[type](values))

const value = (field: number, { name, dims }: Value): Message => {
  const shape = message(2, ...dims.map((d) => message(1, typeof d === 'number' ? integer(1, d) : text(2, d))))
  return message(field, text(1, name), message(2, message(1, integer(1, elementTypes.float), shape)))
}

/** The weights of the graph's parameters, in C order, must all be there. */
export const encode = (graph: Graph, weights: Weights, options: EncodeOptions = {}): Uint8Array => {
  const { metadata = {}, producer = '', format = formatVersion, operators = { '': opset } } = options
  const body = [
    ...graph.nodes.map(nodeMessage),
    text(2, graph.name),
    ...graph.parameters.map(({ name, dims }) => tensor(name, dims, 'float', raw(weights[name] as Float32Array))),
    ...Object.entries(graph.constants).map(([name, c]) => constant(name, c)),
    ...graph.inputs.map((v) => value(11, v)),
    ...graph.outputs.map((v) => value(12, v))
  ]
  return joined(
    [
      integer(1, format),
      ...(producer === '' ? [] : [text(2, producer)]),
      message(7, ...body),
      ...Object.entries(operators).map(([domain, version]) => message(8, text(1, domain), integer(2, version))),
      ...Object.entries(metadata).map(([key, own]) => message(14, text(1, key), text(2, own)))
    ].flat()
  )
}
