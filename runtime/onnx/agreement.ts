/** How far a graph is from the model that it was printed from: the layer interpreter judges it, on random systems. */
import type { Graph } from '../../codegen/targets/onnx/graph'
import type { Typed } from '../../spec/infer'
import { interpretBatch } from '../interpreter/interpret'
import { type Case, makeCase } from '../ladder/case'
import type { Key } from '../random/key'
import type { Weights } from '../weights/weights'
import { evaluate } from './evaluate'

/** The largest difference over the largest entry; infinite where an entry is not finite. */
export const distance = (want: Float64Array, got: ArrayLike<number>): number => {
  const top = want.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  const off = want.reduce((most, x, k) => Math.max(most, Math.abs(x - (got[k] as number))), 0)
  const relative = off === 0 ? 0 : off / top
  return Number.isFinite(relative) && Number.isFinite(top) ? relative : Number.POSITIVE_INFINITY
}

/** What the layer interpreter answers to a case. */
export const expected = (c: Case): Float64Array => interpretBatch(c.typed, c.weights, c)

/** Numbers of systems that a graph is judged on: one graph is for any number. */
const batches = [1, 3]

/** The largest relative difference between the graph, in float64, and the model, with weights rounded to float32. */
export const deviation = (g: Graph, typed: Typed, n: number, weights: Weights, key: Key): number =>
  Math.max(
    ...batches.map((batch) => {
      const c = makeCase(typed, n, batch, key, weights)
      const { x } = evaluate(g, batch, { ...c.weights, A: c.A, b: c.b })
      return distance(expected(c), x as Float64Array)
    })
  )
