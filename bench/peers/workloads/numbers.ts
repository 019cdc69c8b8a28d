import * as Key from '../../../runtime/random/key'
import type { Reference } from '../workload'

/** Normal numbers of a standard deviation, float32, from a seed and a name. */
export const normal = (name: string, count: number, deviation = 1): Float32Array =>
  Float32Array.from(Key.normal(Key.fold(Key.key(1), name), count), (value) => deviation * value)

export const double = (values: Float32Array): Float64Array => Float64Array.from(values)

export const elements = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** First values of an optimiser's state: powers of its decays are one, moments zero. */
export const fresh = (name: string, count: number): Float32Array =>
  new Float32Array(count).fill(name.startsWith('power') ? 1 : 0)

/** Vectors that arithmetic alone works on side by side: with a factor and a product, what sixteen registers hold. */
export const chains = 14

/** What it ends with. */
export const endsOfChains: Readonly<Record<string, Reference>> = {
  ones: { values: new Float64Array(4 * chains).fill(1), tolerance: 0 }
}
