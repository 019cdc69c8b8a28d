import * as Key from '../../../runtime/random/key'
import { numbers } from '../ours/arithmetic'
import type { Reference } from '../workload'

/** Normal numbers of a standard deviation, float32, from a seed and a name. */
export const normal = (name: string, count: number, deviation = 1): Float32Array =>
  Float32Array.from(Key.normal(Key.fold(Key.key(1), name), count), (value) => deviation * value)

export const double = (values: Float32Array): Float64Array => Float64Array.from(values)

export const elements = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** What arithmetic alone ends with. */
export const endsOfChains: Readonly<Record<string, Reference>> = {
  ones: { values: new Float64Array(numbers).fill(1), tolerance: 0 }
}
