/**
 * First values of the parameters, drawn from their initial laws.
 */
import type { Typed } from '../../spec/infer'
import * as Key from '../random/key'
import { sizesAt, type Weights } from './weights'

/**
 * Every parameter by its initial law, draws multiplied by `scale`; what starts from a constant starts from it. A parameter's
 * draw depends on its name and the key alone.
 */
export const initialise = (typed: Typed, n: number, key: Key.Key, scale = 1): Weights =>
  Object.fromEntries(
    sizesAt(typed, n).map(({ name, parameter: { law }, size }) => [
      name,
      law._tag === 'constant'
        ? new Float64Array(size).fill(law.value)
        : Key.normal(Key.fold(key, name), size).map((value) => scale * law.std * value)
    ])
  )
