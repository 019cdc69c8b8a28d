/** The workloads as ONNX graphs, weights inside, as an exporter for ONNX Runtime would write them. */
import { epsilon, type Shape } from '../reference/transformer'
import { encode, type Graph, type Node } from './model'

type Floats = Graph['floats']

export const contraction = (m: number, k: number, n: number, B: Float32Array): Uint8Array =>
  encode({
    nodes: [{ op: 'MatMul', inputs: ['A', 'B'], output: 'C' }],
    inputs: [{ name: 'A', dims: [m, k] }],
    outputs: [{ name: 'C', dims: [m, n] }],
    floats: { B: { dims: [k, n], values: B } },
    shapes: {}
  })

export const gram = (batch: number, n: number): Uint8Array =>
  encode({
    nodes: [
      { op: 'Transpose', inputs: ['A'], output: 'T', attributes: { perm: [0, 2, 1] } },
      { op: 'MatMul', inputs: ['A', 'T'], output: 'C' }
    ],
    inputs: [{ name: 'A', dims: [batch, n, n] }],
    outputs: [{ name: 'C', dims: [batch, n, n] }],
    floats: {},
    shapes: {}
  })

/** Attention is the runtime's own fused operator: no exporter's pattern has to be recognised. */
export const transformer = ({ batch, tokens, heads, blocks }: Shape, weights: Floats): Uint8Array => {
  const nodes: Node[] = []
  const add = (node: Node): string => {
    nodes.push(node)
    return node.output
  }
  const affine = (x: string, name: string): string => {
    const y = add({ op: 'MatMul', inputs: [x, `${name}.W`], output: `${name}.product` })
    return add({ op: 'Add', inputs: [y, `${name}.b`], output: `${name}.y` })
  }
  const norm = (x: string, name: string): string =>
    add({
      op: 'LayerNormalization',
      inputs: [x, `${name}.gain`, `${name}.bias`],
      output: `${name}.y`,
      attributes: { axis: 2, epsilon: { float: epsilon } }
    })
  const rows = add({ op: 'Transpose', inputs: ['A'], output: 'columns', attributes: { perm: [0, 2, 1] } })
  const b = add({ op: 'Reshape', inputs: ['b', 'b shape'], output: 'b column' })
  const e = add({ op: 'Concat', inputs: [rows, b], output: 'e', attributes: { axis: 2 } })
  let h = add({ op: 'Add', inputs: [affine(e, 'in'), 'positions'], output: 'h' })
  for (let k = 0; k < blocks; k++) {
    const n1 = norm(h, `${k}.norm1`)
    const a = add({
      op: 'MultiHeadAttention',
      domain: 'com.microsoft',
      inputs: [affine(n1, `${k}.q`), affine(n1, `${k}.k`), affine(n1, `${k}.v`)],
      output: `${k}.a`,
      attributes: { num_heads: heads }
    })
    const h1 = add({ op: 'Add', inputs: [h, affine(a, `${k}.o`)], output: `${k}.h1` })
    const g = add({
      op: 'Gelu',
      inputs: [affine(norm(h1, `${k}.norm2`), `${k}.up`)],
      output: `${k}.g`,
      attributes: { approximate: 'tanh' }
    })
    h = add({ op: 'Add', inputs: [h1, affine(g, `${k}.down`)], output: `${k}.h` })
  }
  add({ op: 'Reshape', inputs: [affine(norm(h, 'norm'), 'out'), 'x shape'], output: 'x' })
  return encode({
    nodes,
    inputs: [
      { name: 'A', dims: [batch, tokens, tokens] },
      { name: 'b', dims: [batch, tokens] }
    ],
    outputs: [{ name: 'x', dims: [batch, tokens] }],
    floats: weights,
    shapes: { 'b shape': [batch, tokens, 1], 'x shape': [batch, tokens] }
  })
}
