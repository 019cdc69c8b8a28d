/**
 * Equilibration of column tokens `e[s,i,c] = (A[c,i], b_i)`: every row of `A | b` divided by the norm of its row of A, then b by its
 * root mean square; and the undoing of it on an answer. Both scales are values of the program: `N` a row's norm, `nu` that of b.
 */
import * as Dim from '../../spec/dim'
import { add, below, divide, extent, largest, multiply, negate, sqrt, sum, tensor } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes

/** Keeps zero rows and a zero right-hand side from dividing by zero. */
const tiny = 1e-30

/**
 * `Y = (A[c,i] / N_c, f_i / nu)` with `N_c = ||A[c,:]||_2`, `f_i = b_i / N_i` and `nu = sqrt(sum_i f_i^2 / n)`. Backwards, for the b
 * part `df_i = (dY_in - f_i along) / nu + ...`: what `nu` is told (`dnu`) and what its own division tells it meet in `along`; a row's
 * norm hears from its entries of A and of b, and passes on `-A[c,i] / N_c^2` of it.
 */
export const equilibrate: Rule = (() => {
  const [e, N, f, nu] = [tensor('e'), tensor('N'), tensor('f'), tensor('nu')]
  const [dY, dnu, along, df, dN] = [tensor('dY'), tensor('dnu'), tensor('along'), tensor('df'), tensor('dN')]
  const [i, k] = axes.tokens(Dim.n)
  const [c] = axes.channels(Dim.add(Dim.n, 1))
  const { j } = axes
  return {
    name: 'equilibration',
    inputs: ['e'],
    parameters: [],
    outputs: ['Y', 'nu'],
    forward: [
      set('N', [s, j], largest(sqrt(sum([k], e(s, k, j), e(s, k, j))), tiny)),
      set('f', [s, i], divide(e(s, i, Dim.n), N(s, i))),
      set('nu', [s], largest(sqrt(divide(sum([k], f(s, k), f(s, k)), extent(Dim.n))), tiny)),
      set('Y', [s, i, c], below(c, Dim.n, divide(e(s, i, c), N(s, c)), divide(f(s, i), nu(s))))
    ],
    vjp: [
      // nu's cotangent from above, less that of its own division.
      set(
        'along',
        [s],
        divide(add(dnu(s), negate(divide(sum([k], dY(s, k, Dim.n), f(s, k)), multiply(nu(s), nu(s))))), extent(Dim.n))
      ),
      set('df', [s, i], divide(add(dY(s, i, Dim.n), multiply(along(s), f(s, i))), nu(s))),
      set(
        'dN',
        [s, j],
        negate(
          divide(add(sum([k], dY(s, k, j), e(s, k, j)), multiply(df(s, j), e(s, j, Dim.n))), multiply(N(s, j), N(s, j)))
        )
      ),
      set(
        'de',
        [s, i, c],
        below(c, Dim.n, divide(add(dY(s, i, c), multiply(dN(s, c), e(s, i, c))), N(s, c)), divide(df(s, i), N(s, i)))
      )
    ]
  }
})()

/** `Z = answer nu Y`: an answer for the scaled b becomes one for b. */
export const undo = (o: { readonly answer: number; readonly width: Dim.Dim; readonly count: Dim.Dim }): Rule => {
  const [Y, nu, dZ] = [tensor('Y'), tensor('nu'), tensor('dZ')]
  const [i] = axes.tokens(o.count)
  const [c] = axes.channels(o.width)
  return {
    name: 'undo equilibration',
    inputs: ['Y', 'nu'],
    parameters: [],
    outputs: ['Z'],
    forward: [set('Z', [s, i, c], multiply(o.answer, nu(s), Y(s, i, c)))],
    vjp: [
      set('dY', [s, i, c], multiply(o.answer, nu(s), dZ(s, i, c))),
      set('dnu', [s], multiply(o.answer, sum([i, c], dZ(s, i, c), Y(s, i, c))))
    ]
  }
}
