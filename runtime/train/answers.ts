/**
 * Answers of a model to many systems, by a forward program for some of them at a time.
 */
import * as E from 'fp-ts/Either'

import type { Sample } from '../sample/sample'
import { gathered } from './batches'

/** The most systems that a forward program takes at once. */
const most = 64

/**
 * Answers to all systems of a sample, [batch, n]; `some` answers those of a smaller one. All of them have one size: the last is
 * filled up with the sample's first systems, whose answers are not used twice.
 */
export const inChunks = async <Err>(
  sample: Sample,
  some: (part: Sample) => Promise<E.Either<Err, ArrayLike<number>>>
): Promise<E.Either<Err, Float64Array>> => {
  const { n, batch } = sample
  const size = Math.min(batch, most)
  const answers = new Float64Array(batch * n)
  for (let from = 0; from < batch; from += size) {
    const part = gathered(
      sample,
      Array.from({ length: size }, (_, k) => (from + k) % batch)
    )
    const found = await some(part)
    if (E.isLeft(found)) return found
    const used = Math.min(size, batch - from) * n
    for (let k = 0; k < used; k++) answers[from * n + k] = found.right[k]!
  }
  return E.right(answers)
}
