/** ONNX models of the contestants: the graphs of `codegen/targets/onnx`, with ONNX Runtime's own operators beside ONNX's. */
import { encode as encodeGraph } from '../../../codegen/targets/onnx/encode'
import type { Node, Value } from '../../../codegen/targets/onnx/graph'

export type { Node } from '../../../codegen/targets/onnx/graph'

export interface Graph {
  readonly nodes: readonly Node[]
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly floats: Readonly<Record<string, { readonly dims: readonly number[]; readonly values: Float32Array }>>
  readonly shapes: Readonly<Record<string, readonly number[]>>
}

const operators = { '': 20, 'com.microsoft': 1 }

export const encode = ({ floats, shapes, ...graph }: Graph): Uint8Array =>
  encodeGraph(
    {
      ...graph,
      name: 'main',
      parameters: Object.entries(floats).map(([name, { dims }]) => ({ name, dims })),
      constants: Object.fromEntries(
        Object.entries(shapes).map(([name, values]) => [name, { type: 'int64', dims: [values.length], values }])
      )
    },
    Object.fromEntries(Object.entries(floats).map(([name, { values }]) => [name, values])),
    { operators, format: 10 }
  )
