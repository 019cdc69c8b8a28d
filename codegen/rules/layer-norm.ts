/**
 * Layer norm of tokens `e[s,i,c]`: `Y = g x + w` with `x = (e - mean) r`, `r = 1 / sqrt(var + epsilon)`, mean and variance over
 * the D entries of a token (Ba et al. 2016). Backwards, with `a = g dY`, `de = r (a - (sum_c a + x sum_c a x) / D)`.
 */
import type * as Dim from '../../spec/dim'
import { add, divide, extent, multiply, negate, sqrt, sum, tensor } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes

export const layerNorm = (o: { readonly width: Dim.Dim; readonly count: Dim.Dim; readonly epsilon: number }): Rule => {
  const [e, gain, shift, mean, r] = [tensor('e'), tensor('gain'), tensor('shift'), tensor('mean'), tensor('r')]
  const [dY, alongOnes, alongX] = [tensor('dY'), tensor('along_ones'), tensor('along_x')]
  const [i] = axes.tokens(o.count)
  const [c] = axes.channels(o.width)
  const D = extent(o.width)
  const centred = add(e(s, i, c), negate(mean(s, i)))
  const x = multiply(centred, r(s, i))
  return {
    name: 'layer norm',
    inputs: ['e'],
    parameters: ['gain', 'shift'],
    outputs: ['Y'],
    forward: [
      set('mean', [s, i], divide(sum([c], e(s, i, c)), D)),
      set('r', [s, i], divide(1, sqrt(add(divide(sum([c], centred, centred), D), o.epsilon)))),
      set('Y', [s, i, c], add(multiply(gain(c), x), shift(c)))
    ],
    vjp: [
      set('dgain', [s, c], sum([i], dY(s, i, c), x)),
      set('dshift', [s, c], sum([i], dY(s, i, c))),
      set('along_ones', [s, i], divide(sum([c], gain(c), dY(s, i, c)), D)),
      set('along_x', [s, i], divide(sum([c], gain(c), dY(s, i, c), x), D)),
      set(
        'de',
        [s, i, c],
        multiply(
          r(s, i),
          add(multiply(gain(c), dY(s, i, c)), negate(alongOnes(s, i)), negate(multiply(x, alongX(s, i))))
        )
      )
    ]
  }
}
