/**
 * ONNX graphs as data: nodes in the order in which they run, each with one output, and the arrays that they read. Numbers of
 * trained weights are not in it: `parameters` names them, and `encode` puts them in.
 */

// --- model -----------------------------------------------------------------------------------------------------------

/** The version of ONNX's own operators (2022), which every ONNX Runtime since 1.14 has, in pages too. */
export const opset = 18

/** A number of elements along an axis, or the name of one that is known at a call. */
export type Size = number | string

/** What an operator is told beside its inputs: a whole number, a real one, a word, or a list of whole numbers. */
export type Attribute = number | { readonly float: number } | string | readonly number[]

export interface Node {
  readonly op: string
  readonly inputs: readonly string[]
  readonly output: string
  /** Of the output. */
  readonly dims?: readonly Size[]
  readonly attributes?: Readonly<Record<string, Attribute>>
  /** `com.microsoft` for ONNX Runtime's own operators. */
  readonly domain?: string
}

/** An array that comes in or goes out, of float32 numbers. */
export interface Value {
  readonly name: string
  readonly dims: readonly Size[]
}

export type ElementType = 'float' | 'double' | 'int64' | 'bool'

/** The numbers that ONNX gives types of elements. */
export const elementTypes: Readonly<Record<ElementType, number>> = { float: 1, int64: 7, bool: 9, double: 11 }

/** An array whose elements belong to the graph: numbers of its formulas, positions, and masks of 0 and 1. */
export interface Constant {
  readonly type: ElementType
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

export interface Graph {
  readonly name: string
  readonly nodes: readonly Node[]
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly constants: Readonly<Record<string, Constant>>
  readonly parameters: readonly { readonly name: string; readonly dims: readonly number[] }[]
}

// --- destructors -----------------------------------------------------------------------------------------------------

const shape = (dims: readonly Size[]): string => `[${dims.join(',')}]`

const attributeText = (value: Attribute): string => {
  if (typeof value === 'number' || typeof value === 'string') return String(value)
  return 'float' in value ? String(value.float) : shape(value)
}

const nodeText = ({ op, inputs, output, dims = [], attributes = {} }: Node): string => {
  const told = Object.entries(attributes).map(([name, value]) => `${name} = ${attributeText(value)}`)
  return `${output} ${shape(dims)} = ${op}(${[...inputs, ...told].join(', ')})`
}

const most = 16

const constantText = (name: string, { type, dims, values }: Constant): string => {
  const text = values.slice(0, most).join(' ')
  return `${name} ${type}${shape(dims)} = ${text}${values.length > most ? ' ...' : ''}`
}

/** The graph as a listing: arrays that come in, constants, and a line for every node. */
export const show = (g: Graph): string => {
  const named = ({ name, dims }: Value): string => `${name} ${shape(dims)}`
  const part = (title: string, rows: readonly string[]): readonly string[] =>
    rows.length === 0 ? [] : [title, ...rows.map((row) => `  ${row}`)]
  return [
    `${g.name}: ONNX, opset ${opset}`,
    ...part('inputs', g.inputs.map(named)),
    ...part('outputs', g.outputs.map(named)),
    ...part('parameters', g.parameters.map(named)),
    ...part(
      'constants',
      Object.entries(g.constants).map(([name, c]) => constantText(name, c))
    ),
    ...part('nodes', g.nodes.map(nodeText))
  ].join('\n')
}
