/**
 * Held-out systems: drawn by a key of their own, and answers judged on them.
 */
import { type Family, sizesOf } from '../../spec/family'
import { backwardError } from '../linalg/backward-error'
import { norm2 } from '../linalg/norms'
import type * as Key from '../random/key'
import { draw } from '../sample/draw'
import type { Sample } from '../sample/sample'

// --- model -----------------------------------------------------------------------------------------------------------

/** Errors of answers x on systems whose answers are x*. */
export interface Judgement {
  /** Systems judged. */
  readonly systems: number
  /** `mean (x - x*)^2` over all entries. */
  readonly mse: number
  /** `||x - x*|| / ||x*||` in the 2-norm. */
  readonly relative: { readonly median: number; readonly mean: number }
  /** The median of the normwise (Rigal-Gaches) backward error, in the infinity norm. */
  readonly backward: number
}

/** Answers to the systems of a sample, [batch, n]. */
export type Answers = ArrayLike<number>

// --- drawing ---------------------------------------------------------------------------------------------------------

/** `systems` systems, spread as evenly as can be over the sizes of the family, smaller sizes first. */
export const drawHeldOut = (family: Family, key: Key.Key, systems: number): readonly Sample[] => {
  const { low, high } = sizesOf(family)
  const sizes = Math.min(high - low + 1, systems)
  return Array.from({ length: sizes }, (_, k) => {
    const n = sizes === 1 ? low : Math.round(low + (k * (high - low)) / (sizes - 1))
    const batch = Math.floor((systems * (k + 1)) / sizes) - Math.floor((systems * k) / sizes)
    return draw(family, key, { n, batch })
  })
}

// --- judging ---------------------------------------------------------------------------------------------------------

/** The middle of the values, or the mean of both middle ones. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((p, q) => p - q)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}

/** Judge answers to samples, the answers in the order of the samples. */
export const judge = (samples: readonly Sample[], answers: readonly Answers[]): Judgement => {
  let [squares, entries] = [0, 0]
  const relative: number[] = []
  const backward: number[] = []
  for (const [k, { n, batch, A, b, x }] of samples.entries()) {
    const found = Float64Array.from(answers[k]!)
    for (let s = 0; s < batch; s++) {
      const [own, exact] = [found.subarray(s * n, (s + 1) * n), x.subarray(s * n, (s + 1) * n)]
      const off = norm2(own.map((value, i) => value - exact[i]!))
      squares += off ** 2
      relative.push(off / norm2(exact))
      backward.push(
        backwardError(A.subarray(s * n * n, (s + 1) * n * n), own, b.subarray(s * n, (s + 1) * n), n).normwise
      )
    }
    entries += batch * n
  }
  return {
    systems: relative.length,
    mse: squares / entries,
    relative: { median: median(relative), mean: relative.reduce((sum, r) => sum + r, 0) / relative.length },
    backward: median(backward)
  }
}
