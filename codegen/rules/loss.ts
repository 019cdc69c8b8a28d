/** Mean square error over all entries of all systems (Vladymyrov et al. 2024, eq. 4). */
import * as Dim from '../../spec/dim'
import { add, divide, extent, negate, sum, tensor } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes
const [x, target, part] = [tensor('x'), tensor('target'), tensor('error')]
const [c] = axes.channels(Dim.n)
const entries = extent(Dim.times(Dim.batch, Dim.n))

/** `loss = sum (x - target)^2 / (batch n)`; its VJP for a cotangent of one is `dx = 2 (x - target) / (batch n)`. */
export const meanSquare: Rule = {
  name: 'mean square error',
  inputs: ['x', 'target'],
  parameters: [],
  outputs: ['loss'],
  forward: [
    set('error', [s, c], add(x(s, c), negate(target(s, c)))),
    set('loss', [], divide(sum([s, c], part(s, c), part(s, c)), entries))
  ],
  vjp: [set('dx', [s, c], divide(sum([], 2, part(s, c)), entries))]
}
