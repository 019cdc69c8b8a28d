/**
 * ONNX graphs operator by operator, as ONNX's specification states them: what a graph of ours says, without the compiler that
 * printed it and without anything that runs such graphs. In float64, or in float32: numbers are rounded where an array holds them.
 */
import { elementTypes, type Graph, type Node, type Size } from '../../codegen/targets/onnx/graph'
import { special } from '../special/functions'

// --- arrays ----------------------------------------------------------------------------------------------------------

type Numbers = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>

/** In C order; whole numbers and truth values are numbers, too. */
interface Dense {
  readonly dims: readonly number[]
  readonly data: Numbers
}

/** Zeros in the precision of an array. */
const like = (data: Numbers, length: number): Numbers =>
  data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)

const lengthOf = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

const stridesOf = (dims: readonly number[]): readonly number[] => dims.map((_, k) => lengthOf(dims.slice(k + 1)))

/** The elements at `offset + sum of strides times places`, the last axis fastest. */
const view = (data: Numbers, dims: readonly number[], strides: readonly number[], offset = 0): Numbers => {
  const out = like(data, lengthOf(dims))
  const place = dims.map(() => 0)
  let from = offset
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from] as number
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis] as number
      if (++(place[axis] as number) < (dims[axis] as number)) break
      from -= (strides[axis] as number) * (dims[axis] as number)
      place[axis] = 0
    }
  }
  return out
}

/** The sizes of arrays broadcast against each other: axes are counted from the last, and 1 goes with any size. */
const broadcastDims = (all: readonly (readonly number[])[]): readonly number[] => {
  const rank = Math.max(0, ...all.map((d) => d.length))
  return Array.from({ length: rank }, (_, k) => {
    const sizes = all.map((d) => d[d.length - rank + k] ?? 1)
    const size = sizes.find((one) => one !== 1) ?? 1
    if (sizes.some((one) => one !== 1 && one !== size)) throw new Error(`internal: sizes ${sizes} do not go together`)
    return size
  })
}

const broadcast = ({ dims, data }: Dense, to: readonly number[]): Numbers => {
  if (lengthOf(dims) === lengthOf(to)) return data
  const [own, missing] = [stridesOf(dims), to.length - dims.length]
  const strides = to.map((_, k) => (k < missing || dims[k - missing] === 1 ? 0 : (own[k - missing] as number)))
  return view(data, to, strides)
}

// --- operators -------------------------------------------------------------------------------------------------------

type Operator = (inputs: readonly Dense[], node: Node) => Dense

const one =
  (f: (x: number) => number): Operator =>
  ([x]) => ({ dims: x!.dims, data: x!.data.map(f) })

const two =
  (f: (p: number, q: number) => number): Operator =>
  ([p, q]) => {
    const dims = broadcastDims([p!.dims, q!.dims])
    const [left, right] = [broadcast(p!, dims), broadcast(q!, dims)]
    return { dims, data: left.map((x, k) => f(x, right[k] as number)) }
  }

const where: Operator = (inputs) => {
  const dims = broadcastDims(inputs.map((x) => x.dims))
  const [when, yes, no] = inputs.map((x) => broadcast(x, dims))
  return { dims, data: yes!.map((x, k) => (when![k] !== 0 ? x : (no![k] as number))) }
}

/** A vector on the left is a row, on the right a column; its axis is not in the result. */
const matmul: Operator = ([p, q]) => {
  const [left, right] = [
    p!.dims.length === 1 ? [1, ...p!.dims] : p!.dims,
    q!.dims.length === 1 ? [...q!.dims, 1] : q!.dims
  ]
  const [m, k, n] = [left.at(-2) as number, left.at(-1) as number, right.at(-1) as number]
  if (right.at(-2) !== k) throw new Error(`internal: a product of ${left} and ${right}`)
  const batch = broadcastDims([left.slice(0, -2), right.slice(0, -2)])
  const [A, B] = [
    broadcast({ dims: left, data: p!.data }, [...batch, m, k]),
    broadcast({ dims: right, data: q!.data }, [...batch, k, n])
  ]
  const data = like(p!.data, lengthOf(batch) * m * n)
  for (let row = 0; row < lengthOf(batch) * m; row++) {
    const [above, out] = [Math.floor(row / m) * k * n, row * n]
    for (let i = 0; i < k; i++) {
      const [a, from] = [A[row * k + i] as number, above + i * n]
      for (let j = 0; j < n; j++) data[out + j]! += a * (B[from + j] as number)
    }
  }
  return { dims: [...batch, ...(p!.dims.length === 1 ? [] : [m]), ...(q!.dims.length === 1 ? [] : [n])], data }
}

const attribute = (node: Node, name: string): number => {
  const value = node.attributes?.[name]
  if (typeof value !== 'number') throw new Error(`internal: ${node.op} needs ${name}`)
  return value
}

const transpose: Operator = ([x], node) => {
  const perm = node.attributes?.['perm'] as readonly number[]
  const strides = stridesOf(x!.dims)
  const dims = perm.map((axis) => x!.dims[axis] as number)
  return {
    dims,
    data: view(
      x!.data,
      dims,
      perm.map((axis) => strides[axis] as number)
    )
  }
}

const reshape: Operator = ([x, shape]) => {
  const wanted = Array.from(shape!.data, (size, k) => (size === 0 ? (x!.dims[k] as number) : size))
  const rest = x!.data.length / wanted.reduce((total, size) => (size === -1 ? total : total * size), 1)
  const dims = wanted.map((size) => (size === -1 ? rest : size))
  if (lengthOf(dims) !== x!.data.length) throw new Error(`internal: [${x!.dims}] is no [${dims}]`)
  return { dims, data: x!.data }
}

const unsqueeze: Operator = ([x, axes]) => {
  const dims = [...x!.dims]
  for (const axis of axes!.data) dims.splice(axis, 0, 1)
  return { dims, data: x!.data }
}

/** Of one axis. */
const slice: Operator = ([x, starts, ends, axes, steps]) => {
  const [axis, step] = [axes!.data[0] as number, steps!.data[0] as number]
  const size = x!.dims[axis] as number
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1]
  const at = (place: number): number => Math.min(Math.max(place < 0 ? place + size : place, low), high)
  const [from, to] = [at(starts!.data[0] as number), at(ends!.data[0] as number)]
  const count = Math.max(0, Math.ceil((to - from) / step))
  const strides = stridesOf(x!.dims)
  const own = strides[axis] as number
  const dims = x!.dims.map((d, k) => (k === axis ? count : d))
  const stepped = strides.map((s, k) => (k === axis ? s * step : s))
  return { dims, data: view(x!.data, dims, stepped, from * own) }
}

const gather: Operator = ([x, places], node) => {
  const axis = attribute(node, 'axis')
  const [before, behind] = [x!.dims.slice(0, axis), x!.dims.slice(axis + 1)]
  const [size, each, count] = [x!.dims[axis] as number, lengthOf(behind), places!.data.length]
  const data = like(x!.data, lengthOf(before) * count * each)
  for (let row = 0; row < lengthOf(before); row++) {
    for (const [k, place] of places!.data.entries()) {
      if (place < 0 || place >= size) throw new Error(`internal: place ${place} of ${size}`)
      const from = (row * size + place) * each
      data.set(x!.data.subarray(from, from + each), (row * count + k) * each)
    }
  }
  return { dims: [...before, ...places!.dims, ...behind], data }
}

const concat: Operator = (inputs, node) => {
  const axis = attribute(node, 'axis')
  const size = inputs.reduce((total, x) => total + (x.dims[axis] as number), 0)
  const dims = inputs[0]!.dims.map((d, k) => (k === axis ? size : d))
  const [rows, each] = [lengthOf(dims.slice(0, axis)), lengthOf(dims.slice(axis + 1))]
  const data = like(inputs[0]!.data, lengthOf(dims))
  let at = 0
  for (let row = 0; row < rows; row++) {
    for (const x of inputs) {
      const own = (x.dims[axis] as number) * each
      data.set(x.data.subarray(row * own, (row + 1) * own), at)
      at += own
    }
  }
  return { dims, data }
}

const reduce =
  (first: number, f: (p: number, q: number) => number): Operator =>
  ([x, axes]) => {
    const along = [...axes!.data]
    const kept = x!.dims.flatMap((_, k) => (along.includes(k) ? [] : [k]))
    const order = [...kept, ...along]
    const sorted = transpose([x!], { op: 'Transpose', inputs: [], output: '', attributes: { perm: order } })
    const dims = kept.map((k) => x!.dims[k] as number)
    const each = x!.data.length / lengthOf(dims)
    const data = like(x!.data, lengthOf(dims)).fill(first)
    for (const [k, value] of sorted.data.entries()) {
      const to = Math.floor(k / each)
      data[to] = f(data[to] as number, value)
    }
    return { dims, data }
  }

const expand: Operator = ([x, shape]) => {
  const dims = broadcastDims([x!.dims, [...shape!.data]])
  return { dims, data: broadcast(x!, dims) }
}

const cast: Operator = ([x], node) => {
  const data = attribute(node, 'to') === elementTypes.float ? Float32Array.from(x!.data) : Float64Array.from(x!.data)
  return { dims: x!.dims, data }
}

const shape: Operator = ([x], node) => {
  const data = Float64Array.from(x!.dims.slice(attribute(node, 'start'), attribute(node, 'end')))
  return { dims: [data.length], data }
}

const operators: Readonly<Record<string, Operator>> = {
  Add: two((p, q) => p + q),
  Sub: two((p, q) => p - q),
  Mul: two((p, q) => p * q),
  Div: two((p, q) => p / q),
  Max: two(Math.max),
  Neg: one((x) => -x),
  Sqrt: one(Math.sqrt),
  Exp: one(special.exp.at),
  Erf: one(special.erf.at),
  Tanh: one(special.tanh.at),
  Identity: one((x) => x),
  Where: where,
  MatMul: matmul,
  Transpose: transpose,
  Reshape: reshape,
  Unsqueeze: unsqueeze,
  Slice: slice,
  Gather: gather,
  Concat: concat,
  ReduceSum: reduce(0, (p, q) => p + q),
  ReduceMax: reduce(Number.NEGATIVE_INFINITY, (p, q) => Math.max(p, q)),
  Expand: expand,
  Cast: cast,
  Shape: shape
}

// --- graphs ----------------------------------------------------------------------------------------------------------

/**
 * The output of a graph for given inputs and parameters by name, each in C order, for `batch` systems. Every node's result must
 * have the sizes that the graph states for it. `float` is what numbers that the graph calls float are held in: in float64 it is
 * seen whether the graph is right, in float32 what is left of its answers.
 */
export const evaluate = (
  g: Graph,
  batch: number,
  given: Readonly<Record<string, Float64Array>>,
  float: 'float32' | 'float64' = 'float64'
): Readonly<Record<string, Float64Array | Float32Array>> => {
  const held = (values: ArrayLike<number>): Numbers =>
    float === 'float32' ? Float32Array.from(values) : Float64Array.from(values)
  const sized = (dims: readonly Size[]): readonly number[] => dims.map((d) => (typeof d === 'number' ? d : batch))
  const known = new Map<string, Dense>()
  for (const [name, { type, dims, values }] of Object.entries(g.constants))
    known.set(name, { dims, data: type === 'float' ? held(values) : Float64Array.from(values) })
  for (const { name, dims } of [...g.inputs, ...g.parameters]) {
    const data = given[name]
    if (data === undefined || data.length !== lengthOf(sized(dims)))
      throw new Error(`internal: ${name} needs ${lengthOf(sized(dims))} numbers, got ${data?.length ?? 'none'}`)
    known.set(name, { dims: sized(dims), data: held(data) })
  }
  for (const node of g.nodes) {
    const inputs = node.inputs.map((name) => {
      const found = known.get(name)
      if (found === undefined) throw new Error(`internal: ${node.output} reads ${name} before it is there`)
      return found
    })
    const operator = operators[node.op]
    if (operator === undefined) throw new Error(`internal: no operator ${node.op}`)
    const made = operator(inputs, node)
    if (String(made.dims) !== String(sized(node.dims ?? [])))
      throw new Error(`internal: ${node.output} is [${made.dims}], and the graph says [${node.dims}]`)
    known.set(node.output, made)
  }
  return Object.fromEntries(g.outputs.map(({ name }) => [name, (known.get(name) as Dense).data]))
}
