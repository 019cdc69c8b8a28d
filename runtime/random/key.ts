/**
 * Random numbers as functions of a key: no state, the same key gives the same bytes on every machine and engine.
 *
 * A key is used once: to draw, or to make further keys with `split` and `fold`. Counters of draws, splits and folds are
 * kept apart, so numbers drawn from a key and the keys made from it are unrelated even if that rule is forgotten.
 */
import { quantile } from './quantile'
import { threefry } from './threefry'

// --- model -----------------------------------------------------------------------------------------------------------

/** A key of 64 bits, as two unsigned words of 32; plain data, so it may be written to JSON. */
export interface Key {
  readonly _tag: 'Key'
  readonly high: number
  readonly low: number
}

/** The highest byte of a counter's first word says what the counter is for. */
const use = { split: 0, draw: 1 << 24, number: 2 << 24, text: 3 << 24 }

// --- constructors ----------------------------------------------------------------------------------------------------

const made = (high: number, low: number): Key => ({ _tag: 'Key', high: high >>> 0, low: low >>> 0 })

const encrypted = (k: Key, x0: number, x1: number): Key => {
  const out = new Uint32Array(2)
  threefry(k.high, k.low, x0, x1, out)
  return made(out[0]!, out[1]!)
}

const word = 2 ** 32

/** The key of a seed, a whole number of at most 53 bits: its two words, as in JAX. */
export const key = (seed: number): Key => {
  if (!Number.isSafeInteger(seed)) throw new Error(`internal: key: a seed is a whole number below 2^53, got ${seed}`)
  return made(Math.floor(seed / word), seed)
}

// --- combinators -----------------------------------------------------------------------------------------------------

/** `n` keys unrelated to each other; the first of them do not depend on `n`. */
export const split = (k: Key, n: number): readonly Key[] =>
  Array.from({ length: n }, (_, i) => encrypted(k, use.split, i))

/** The key for a label: a text or a whole number (`fold(k, 1)` and `fold(k, '1')` differ). */
export const fold = (k: Key, label: string | number): Key => {
  if (typeof label === 'string') {
    let folded = encrypted(k, use.text, label.length)
    for (let i = 0; i < label.length; i++) folded = encrypted(folded, use.text, label.charCodeAt(i))
    return folded
  }
  if (!Number.isSafeInteger(label)) throw new Error(`internal: fold: a label is a text or whole number, got ${label}`)
  return encrypted(k, use.number | (Math.floor(label / word) & 0xffffff), label)
}

// --- draws -----------------------------------------------------------------------------------------------------------

/** `of` a whole number of `bits` (32 to 53) random bits, `count` times; number i depends on the key and i alone. */
const draw = (k: Key, count: number, bits: number, of: (bits: number) => number): Float64Array => {
  const numbers = new Float64Array(count)
  const out = new Uint32Array(2)
  const below = 64 - bits
  const lowWord = 2 ** (32 - below)
  for (let i = 0; i < count; i++) {
    threefry(k.high, k.low, use.draw | Math.floor(i / word), i | 0, out)
    numbers[i] = of(out[0]! * lowWord + (out[1]! >>> below))
  }
  return numbers
}

/** `count` numbers uniform in [0, 1), multiples of 2^-53. */
export const uniform = (k: Key, count: number): Float64Array => draw(k, count, 53, (m) => m * 2 ** -53)

/** `count` standard normal numbers: the quantiles at `(m + 1/2) 2^-52`, so none exceeds 8.21 and the law is symmetric. */
export const normal = (k: Key, count: number): Float64Array => draw(k, count, 52, (m) => quantile((m + 0.5) * 2 ** -52))

/** `count` numbers that are -1 or 1. */
export const signs = (k: Key, count: number): Float64Array => draw(k, count, 53, (m) => (m < 2 ** 52 ? -1 : 1))

/** `count` whole numbers in `low ... high - 1`, both within 32 bits; each has its probability to within 2^-53. */
export const integers = (k: Key, count: number, low: number, high: number): Int32Array => {
  if (!((low | 0) === low && high - 1 === ((high - 1) | 0) && low < high)) {
    throw new Error(`internal: integers: expected whole numbers low < high of 32 bits, got ${low} and ${high}`)
  }
  return Int32Array.from(uniform(k, count), (u) => low + Math.floor(u * (high - low)))
}

/** A random order of `0 ... n - 1` (Fisher and Yates). */
export const permutation = (k: Key, n: number): Int32Array => {
  const order = Int32Array.from({ length: n }, (_, i) => i)
  const u = uniform(k, n)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(u[i]! * (i + 1))
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
  return order
}
