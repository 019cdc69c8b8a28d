/** `y = alpha e` with one learned number. */
import * as Dim from '../../spec/dim'
import { add, sum, tensor } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes
const alpha = tensor('alpha')

export const blockScale = (o: { readonly blocks: number; readonly count: Dim.Dim }): Rule => {
  const [X, b, dY, dy] = [tensor('X'), tensor('b'), tensor('dY'), tensor('dy')]
  const [i] = axes.tokens(o.count)
  const [m] = axes.blocks(o.blocks)
  const [c] = axes.channels(Dim.n)
  return {
    name: 'scale',
    inputs: ['X', 'b'],
    parameters: ['alpha'],
    outputs: ['Y', 'y'],
    forward: [set('Y', [s, m, i, c], sum([], alpha(), X(s, m, i, c))), set('y', [s, i], sum([], alpha(), b(s, i)))],
    vjp: [
      set('dalpha', [s], add(sum([m, i, c], dY(s, m, i, c), X(s, m, i, c)), sum([i], dy(s, i), b(s, i)))),
      set('dX', [s, m, i, c], sum([], alpha(), dY(s, m, i, c))),
      set('db', [s, i], sum([], alpha(), dy(s, i)))
    ]
  }
}

export const flatScale = (o: { readonly width: Dim.Dim; readonly count: Dim.Dim }): Rule => {
  const [e, dY] = [tensor('e'), tensor('dY')]
  const [i] = axes.tokens(o.count)
  const [c] = axes.channels(o.width)
  return {
    name: 'scale',
    inputs: ['e'],
    parameters: ['alpha'],
    outputs: ['Y'],
    forward: [set('Y', [s, i, c], sum([], alpha(), e(s, i, c)))],
    vjp: [set('dalpha', [s], sum([i, c], dY(s, i, c), e(s, i, c))), set('de', [s, i, c], sum([], alpha(), dY(s, i, c)))]
  }
}
