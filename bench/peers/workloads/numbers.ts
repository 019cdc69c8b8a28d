import * as Key from '../../../runtime/random/key'

/** Normal numbers of a standard deviation, float32, from a seed and a name. */
export const normal = (name: string, count: number, deviation = 1): Float32Array =>
  Float32Array.from(Key.normal(Key.fold(Key.key(1), name), count), (value) => deviation * value)

export const double = (values: Float32Array): Float64Array => Float64Array.from(values)

export const elements = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)
