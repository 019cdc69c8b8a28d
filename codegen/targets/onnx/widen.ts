/**
 * Graphs that compute in float64: arrays come in and go out in float32 and weights are kept in float32, and everything between
 * is float64. For weights that amplify rounding by so much that float32 leaves fewer digits than are wanted.
 */
import type { Graph, Node } from './graph'
import { elementTypes } from './graph'

const wide = (name: string): string => `${name}/float64`

const cast = (to: 'float' | 'double', input: string, node: Omit<Node, 'op' | 'inputs' | 'attributes'>): Node => ({
  ...node,
  op: 'Cast',
  inputs: [input],
  attributes: { to: elementTypes[to] }
})

/** Runtimes have these in float32 only. */
const narrow: ReadonlySet<string> = new Set(['Erf'])

const around = (node: Node): readonly Node[] => {
  if (!narrow.has(node.op)) return [node]
  const [before, after] = [`${node.output}/in`, `${node.output}/out`]
  return [
    cast('float', node.inputs[0] as string, { ...node, output: before }),
    { ...node, inputs: [before], output: after },
    cast('double', after, node)
  ]
}

export const widened = (g: Graph): Graph => {
  const outside = [...g.inputs, ...g.parameters]
  const renamed = new Map(outside.map(({ name }) => [name, wide(name)]))
  for (const { name } of g.outputs) renamed.set(name, wide(name))
  const own = (name: string): string => renamed.get(name) ?? name
  const constants = Object.entries(g.constants).map(([name, c]) => [
    name,
    c.type === 'float' ? { ...c, type: 'double' as const } : c
  ])
  return {
    ...g,
    constants: Object.fromEntries(constants),
    nodes: [
      ...outside.map(({ name, dims }) => cast('double', name, { output: wide(name), dims })),
      ...g.nodes.flatMap((node) => around({ ...node, inputs: node.inputs.map(own), output: own(node.output) })),
      ...g.outputs.map(({ name, dims }) => cast('float', wide(name), { output: name, dims }))
    ]
  }
}
