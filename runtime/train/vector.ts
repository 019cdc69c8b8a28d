/**
 * Weights as one vector, in the order of the model's parameters, and back.
 */
import type { Typed } from '../../spec/infer'
import { sizesAt, type Weights } from '../weights/weights'

/** The parameters one after another. */
export const flatten = (typed: Typed, n: number, weights: Weights): Float64Array => {
  const sizes = sizesAt(typed, n)
  const theta = new Float64Array(sizes.reduce((total, p) => total + p.size, 0))
  let at = 0
  for (const { name, size } of sizes) {
    theta.set(weights[name]!, at)
    at += size
  }
  return theta
}

/** The arrays of every parameter; they are copies. */
export const unflatten = (typed: Typed, n: number, theta: Float64Array): Weights => {
  const weights: Record<string, Float64Array> = {}
  let at = 0
  for (const { name, size } of sizesAt(typed, n)) {
    weights[name] = theta.slice(at, at + size)
    at += size
  }
  return weights
}

export const isFinite64 = (values: Float64Array): boolean => values.every(Number.isFinite)
