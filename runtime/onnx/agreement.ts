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

/** The largest relative difference of one system's answer. */
export const worstSystem = (n: number, want: Float64Array, got: Float64Array | Float32Array): number =>
  Array.from({ length: want.length / n }, (_, s) =>
    distance(want.subarray(s * n, (s + 1) * n), got.subarray(s * n, (s + 1) * n))
  ).reduce((most, off) => Math.max(most, off), got.length === want.length ? 0 : Number.POSITIVE_INFINITY)

/** Numbers of systems that a graph is judged on: one graph is for any number. Small systems say little, and are more. */
const batches = (n: number): readonly number[] => [1, Math.max(2, Math.ceil(128 / n))]

/** What a graph is off. */
export interface Agreement {
  /** With everything in float64: rounding alone, unless the graph is wrong. */
  readonly deviation: number
  /** As it runs, in the precisions that it states. */
  readonly rounding: number
}

/** The largest relative difference between the graph and the model, with weights rounded to float32, on random systems. */
export const agreement = (g: Graph, typed: Typed, n: number, weights: Weights, key: Key): Agreement => {
  const found = batches(n).map((batch) => {
    const c = makeCase(typed, n, batch, key, weights)
    const [want, given] = [expected(c), { ...c.weights, A: c.A, b: c.b }]
    const off = (float: 'float32' | 'float64'): number =>
      worstSystem(n, want, evaluate(g, batch, given, float)['x'] as Float64Array)
    return { deviation: off('float64'), rounding: off('float32') }
  })
  const worst = (which: keyof Agreement): number => Math.max(...found.map((one) => one[which]))
  return { deviation: worst('deviation'), rounding: worst('rounding') }
}
