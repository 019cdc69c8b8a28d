/** Learned positions: `Y[i,c] = e[i,c] + table[i,c]`. */
import type * as Dim from '../../spec/dim'
import { add, tensor } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes

export const positions = (o: { readonly width: Dim.Dim; readonly count: Dim.Dim }): Rule => {
  const [i] = axes.tokens(o.count)
  const [c] = axes.channels(o.width)
  const dY = tensor('dY')(s, i, c)
  return {
    name: 'positions',
    inputs: ['e'],
    parameters: ['table'],
    outputs: ['Y'],
    forward: [set('Y', [s, i, c], add(tensor('e')(s, i, c), tensor('table')(i, c)))],
    vjp: [set('dtable', [s, i, c], dY), set('de', [s, i, c], dY)]
  }
}
