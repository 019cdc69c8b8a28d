/** A pre-norm transformer over the columns of a system, forward and trained, with the same weights for everybody. */
import * as Key from '../../../runtime/random/key'
import { draw } from '../../../runtime/sample/draw'
import * as F from '../../../spec/family'
import { dimensions, forward, losses, type Shape, type Weights } from '../reference/transformer'
import type { Case, Operand } from '../workload'
import { double, elements, endsOfChains, normal } from './numbers'
import { kappa } from './systems'

/** Losses that a training contestant gives for the check: before the first step, and after one and two. */
export const checkedSteps = 3

/** Affine maps have deviation `1 / sqrt(in)`, biases and positions are small, gains are near one. */
const initial = (name: string, dims: readonly number[]): Float32Array => {
  const count = elements(dims)
  if (name.endsWith('.W')) return normal(name, count, 1 / Math.sqrt(dims[0]!))
  const small = normal(name, count, 0.1)
  return name.endsWith('.gain') ? small.map((value) => 1 + value) : small
}

const operandsOf = (shape: Shape) => {
  const { batch, tokens } = shape
  const sample = draw(F.spd({ kappa, sizes: tokens }), Key.key(2), { n: tokens, batch })
  const single = (values: Float64Array, dims: readonly number[]): Operand => ({
    values: Float32Array.from(values),
    dims
  })
  const weights = Object.fromEntries(
    Object.entries(dimensions(shape)).map(([name, dims]) => [name, { values: initial(name, dims), dims }])
  )
  const data = {
    A: single(sample.A, [batch, tokens, tokens]),
    b: single(sample.b, [batch, tokens]),
    target: single(sample.x, [batch, tokens])
  }
  const wide: Weights = Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, double(w.values)]))
  return { operands: { ...weights, ...data }, data, wide }
}

/** Multiplications and additions of the matrix products of one forward pass. */
export const matrixWork = ({ batch, tokens, width, hidden, blocks }: Shape): number =>
  2 *
  batch *
  tokens *
  (blocks * (4 * width * width + 2 * width * hidden + 2 * tokens * width) + (tokens + 1) * width + width)

const words = ({ blocks, width, heads, tokens, batch }: Shape): string =>
  `${blocks} blocks, width ${width}, ${heads} heads, ${tokens} tokens, batch ${batch}, float32`

export const transformer = (shape: Shape): Case => ({
  workload: 'transformer',
  title: `transformer forward: ${words(shape)}`,
  sizes: { ...shape },
  make: () => {
    const { operands, data, wide } = operandsOf(shape)
    const x = forward(wide, double(data.A.values), double(data.b.values), shape)
    return { operands, references: { x: { values: x, tolerance: 1e-4 }, ...endsOfChains } }
  },
  operations: () => matrixWork(shape),
  baseline: ['ours wasm forward', 'ours gpu.js forward']
})

export const training = (shape: Shape): Case => ({
  workload: 'training',
  title: `transformer training step (forward, backward, Adam), and our forward pass alone: ${words(shape)}`,
  sizes: { ...shape },
  make: () => {
    const { operands, data, wide } = operandsOf(shape)
    const [A, b, target] = [data.A, data.b, data.target].map(({ values }) => double(values))
    const values = Float64Array.from(losses(wide, A!, b!, target!, shape, checkedSteps))
    const x = { values: forward(wide, A!, b!, shape), tolerance: 1e-4 }
    return { operands, references: { x, losses: { values, tolerance: 1e-3 } } }
  },
  operations: (gives) => (gives === 'losses' ? 3 : 1) * matrixWork(shape),
  baseline: ['ours wasm step', 'ours gpu.js step']
})
