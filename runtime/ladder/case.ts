/**
 * One case of the ladder: a model at a size and a batch, with weights, systems, cotangents and optimiser state drawn from
 * a key, all rounded to float32 so that every backend starts from the very same numbers.
 */
import type { Equations } from '../../codegen/equation'
import type { Sizes } from '../../spec/dim'
import type { Typed } from '../../spec/infer'
import { lengthOf } from '../equations/interpret'
import * as Key from '../random/key'
import { initialise } from '../weights/initialise'
import type { Weights } from '../weights/weights'

export type Arrays = Readonly<Record<string, Float64Array>>

export interface Case {
  readonly typed: Typed
  readonly n: number
  readonly batch: number
  readonly sizes: Sizes
  readonly key: Key.Key
  readonly weights: Weights
  readonly A: Float64Array
  readonly b: Float64Array
}

const float32 = (a: Float64Array): Float64Array => a.map(Math.fround)

/** Symmetric matrices near the identity, `I + (G + G^T) / (4 sqrt n)`: well inside what every model takes. */
const matrices = (key: Key.Key, n: number, batch: number): Float64Array => {
  const G = Key.normal(key, batch * n * n)
  const A = new Float64Array(batch * n * n)
  for (let s = 0; s < batch; s++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const [one, other] = [G[(s * n + i) * n + j] as number, G[(s * n + j) * n + i] as number]
        A[(s * n + i) * n + j] = (i === j ? 1 : 0) + (one + other) / (4 * Math.sqrt(n))
      }
    }
  }
  return A
}

export const makeCase = (typed: Typed, n: number, batch: number, key: Key.Key, given: Weights | null): Case => {
  const weights = given ?? initialise(typed, n, Key.fold(key, 'weights'))
  return {
    typed,
    n,
    batch,
    sizes: { n, batch },
    key,
    weights: Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, float32(w)])),
    A: float32(matrices(Key.fold(key, 'A'), n, batch)),
    b: float32(Key.normal(Key.fold(key, 'b'), batch * n))
  }
}

/** Values for every input of a program: what the case has, and draws for cotangents, targets, rates and state. */
export const inputsOf = (c: Case, e: Equations): Arrays =>
  Object.fromEntries(
    Object.values(e.tensors)
      .filter((t) => t.role !== 'value')
      .map((t): [string, Float64Array] => {
        const length = lengthOf(t.dims, c.sizes)
        const draw = (): Float64Array => float32(Key.normal(Key.fold(c.key, t.name), length))
        if (t.role === 'parameter') return [t.name, c.weights[t.name] ?? draw()]
        if (t.name === 'A') return [t.name, c.A]
        if (t.name === 'b') return [t.name, c.b]
        if (t.name === 'rate') return [t.name, Float64Array.of(Math.fround(0.01))]
        if (t.name.startsWith('power')) return [t.name, Float64Array.of(Math.fround(0.7))]
        // Second moments are positive; first moments have any sign.
        if (t.name.startsWith('v(')) return [t.name, draw().map((x) => Math.fround(x * x + 0.1))]
        return [t.name, draw()]
      })
  )

/** Inputs moved by at most one part in `1 / unit`, at random: as far as rounding them once would. */
export const nudge = (key: Key.Key, inputs: Arrays, run: number, unit: number): Arrays =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, a]) => {
      const places = Key.uniform(Key.fold(Key.fold(key, `nudge ${name}`), run), a.length)
      return [name, a.map((x, k) => x * (1 + unit * (2 * (places[k] as number) - 1)))]
    })
  )
