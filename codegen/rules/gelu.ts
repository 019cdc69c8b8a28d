/**
 * GELU, entry by entry: `Y = e Phi(e)`, Phi the normal distribution by erf, or Hendrycks and Gimpel's (2016) form of it by tanh.
 * Backwards `de = dY (Phi + e Phi')`, where Phi' is the normal density, or `2 Phi (1 - Phi) u'` for `Phi = (1 + tanh u) / 2`.
 */
import type * as Dim from '../../spec/dim'
import type { Gelu } from '../../spec/layer'
import { add, erf, exp, multiply, negate, tanh, tensor } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes

const rootTwoOverPi = Math.sqrt(2 / Math.PI)
const cubic = 0.044715

export const gelu = (o: { readonly form: Gelu['form']; readonly width: Dim.Dim; readonly count: Dim.Dim }): Rule => {
  const [i] = axes.tokens(o.count)
  const [c] = axes.channels(o.width)
  const [e, Phi, dY] = [tensor('e')(s, i, c), tensor('Phi')(s, i, c), tensor('dY')(s, i, c)]
  const square = multiply(e, e)
  const exact = {
    Phi: add(0.5, multiply(0.5, erf(multiply(Math.SQRT1_2, e)))),
    slope: multiply(rootTwoOverPi / 2, exp(multiply(-0.5, square)))
  }
  const byTanh = {
    Phi: add(0.5, multiply(0.5, tanh(multiply(rootTwoOverPi, e, add(1, multiply(cubic, square)))))),
    slope: multiply(2 * rootTwoOverPi, Phi, add(1, negate(Phi)), add(1, multiply(3 * cubic, square)))
  }
  const by = o.form === 'exact' ? exact : byTanh
  return {
    name: 'GELU',
    inputs: ['e'],
    parameters: [],
    outputs: ['Y'],
    forward: [set('Phi', [s, i, c], by.Phi), set('Y', [s, i, c], multiply(e, Phi))],
    vjp: [set('de', [s, i, c], multiply(dY, add(Phi, multiply(e, by.slope))))]
  }
}
