/**
 * First values of the parameters, drawn from their initial laws.
 */
import type { Typed } from '../../spec/infer'
import type { InitialLaw } from '../../spec/parameter'
import * as Key from '../random/key'
import { sizesAt, type Weights } from './weights'

/** Values by a law; draws are multiplied by `scale`. */
const draw = (law: InitialLaw, key: Key.Key, size: number, scale: number): Float64Array => {
  switch (law._tag) {
    case 'normal':
      return Key.normal(key, size).map((value) => scale * law.std * value)
    case 'uniform':
      return Key.uniform(key, size).map((value) => scale * law.bound * (2 * value - 1))
    case 'constant':
      return new Float64Array(size).fill(law.value)
    case 'slices': {
      const each = size / law.of.length
      const values = new Float64Array(size)
      for (const [k, own] of law.of.entries()) values.set(draw(own, Key.fold(key, String(k)), each, scale), k * each)
      return values
    }
  }
}

/**
 * Every parameter by its initial law, draws multiplied by `scale`; what starts from a constant starts from it. A parameter's
 * draw depends on its name and the key alone.
 */
export const initialise = (typed: Typed, n: number, key: Key.Key, scale = 1): Weights =>
  Object.fromEntries(
    sizesAt(typed, n).map(({ name, parameter: { law }, size }) => [name, draw(law, Key.fold(key, name), size, scale)])
  )
