/**
 * Linear attention, given its values `V_j = P e_j` and queries `U_i = Q e_i`: `y_i = sum_j <e_j, U_i> V_j`, where j runs
 * over the equations and never over the query (Vladymyrov et al. 2024, eq. 2).
 */
import * as Dim from '../../spec/dim'
import { add, below, sum, tensor } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s, j } = axes

/** On tokens made of blocks: `X[s,m,i,c]` (A, H1 ... Hl) and `b[s,i]`. */
export const blockAttention = (o: {
  readonly heads: number
  readonly blocks: number
  readonly count: Dim.Dim
}): Rule => {
  const [X, b, U, u, V, v, S] = [
    tensor('X'),
    tensor('b'),
    tensor('U'),
    tensor('u'),
    tensor('V'),
    tensor('v'),
    tensor('S')
  ]
  const [dY, dy, dS] = [tensor('dY'), tensor('dy'), tensor('dS')]
  const h = axes.heads(o.heads)
  const [i, k] = axes.tokens(o.count)
  const [m] = axes.blocks(o.blocks)
  const [c] = axes.channels(Dim.n)
  const equation = (x: ReturnType<typeof X>) => (Dim.equals(o.count, Dim.n) ? x : below(k, Dim.n, x))
  return {
    name: 'linear attention',
    inputs: ['X', 'b', 'U', 'u', 'V', 'v'],
    parameters: [],
    outputs: ['Y', 'y'],
    forward: [
      set('S', [s, h, i, j], add(sum([m, c], U(s, h, m, i, c), X(s, m, j, c)), sum([], u(s, h, i), b(s, j)))),
      set('Y', [s, m, i, c], sum([h, j], S(s, h, i, j), V(s, h, m, j, c))),
      set('y', [s, i], sum([h, j], S(s, h, i, j), v(s, h, j)))
    ],
    // The same three lines, read upwards.
    vjp: [
      set('dS', [s, h, i, j], add(sum([m, c], dY(s, m, i, c), V(s, h, m, j, c)), sum([], dy(s, i), v(s, h, j)))),
      set('dV', [s, h, m, j, c], sum([i], S(s, h, i, j), dY(s, m, i, c))),
      set('dv', [s, h, j], sum([i], S(s, h, i, j), dy(s, i))),
      set('dU', [s, h, m, i, c], sum([j], dS(s, h, i, j), X(s, m, j, c))),
      set('du', [s, h, i], sum([j], dS(s, h, i, j), b(s, j))),
      // e_k is attended to when k is an equation.
      set('dX', [s, m, k, c], equation(sum([h, i], dS(s, h, i, k), U(s, h, m, i, c)))),
      set('db', [s, k], equation(sum([h, i], dS(s, h, i, k), u(s, h, i))))
    ]
  }
}

/** On tokens of one stretch: `e[s,i,c]`. */
export const flatAttention = (o: {
  readonly heads: number
  readonly width: Dim.Dim
  readonly count: Dim.Dim
}): Rule => {
  const [e, U, V, S, dY, dS] = [tensor('e'), tensor('U'), tensor('V'), tensor('S'), tensor('dY'), tensor('dS')]
  const h = axes.heads(o.heads)
  const [i, k] = axes.tokens(o.count)
  const [c] = axes.channels(o.width)
  const equation = (x: ReturnType<typeof e>) => (Dim.equals(o.count, Dim.n) ? x : below(k, Dim.n, x))
  return {
    name: 'linear attention',
    inputs: ['e', 'U', 'V'],
    parameters: [],
    outputs: ['Y'],
    forward: [
      set('S', [s, h, i, j], sum([c], U(s, h, i, c), e(s, j, c))),
      set('Y', [s, i, c], sum([h, j], S(s, h, i, j), V(s, h, j, c)))
    ],
    vjp: [
      set('dS', [s, h, i, j], sum([c], dY(s, i, c), V(s, h, j, c))),
      set('dV', [s, h, j, c], sum([i], S(s, h, i, j), dY(s, i, c))),
      set('dU', [s, h, i, c], sum([j], dS(s, h, i, j), e(s, j, c))),
      set('de', [s, k, c], equation(sum([h, i], dS(s, h, i, k), U(s, h, i, c))))
    ]
  }
}
