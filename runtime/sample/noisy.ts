/**
 * Noise on systems: what is read differs from what is answered.
 */
import { norm2 } from '../linalg/norms'
import * as Key from '../random/key'
import type { Sample } from './sample'

/** Adds to `values` a normal vector of `level` times their 2-norm. */
const disturb = (values: Float64Array, level: number, key: Key.Key): void => {
  if (level === 0) return
  const noise = Key.normal(key, values.length)
  const factor = (level * norm2(values)) / norm2(noise)
  for (let k = 0; k < values.length; k++) values[k]! += factor * noise[k]!
}

/**
 * The systems with `A + level.A ||A||_F E / ||E||_F` and `b + level.b ||b|| e / ||e||`, E and e normal; x is that of the systems
 * without noise. The noise of system s depends on the key and on s alone; the first system of the sample is number `from`.
 */
export const withNoise = (
  sample: Sample,
  level: { readonly A: number; readonly b: number },
  key: Key.Key,
  from = 0
): Sample => {
  const { n, batch } = sample
  const [A, b] = [sample.A.slice(), sample.b.slice()]
  for (let s = 0; s < batch; s++) {
    const own = Key.fold(key, from + s)
    disturb(A.subarray(s * n * n, (s + 1) * n * n), level.A, Key.fold(own, 'A'))
    disturb(b.subarray(s * n, (s + 1) * n), level.b, Key.fold(own, 'b'))
  }
  return { ...sample, A, b }
}
