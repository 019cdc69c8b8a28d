/**
 * Between columns `e[s,i,c] = (A[c,i], b_i)` and entries, token `j n + i` for row j and column i. Rows and columns are
 * packed and taken apart (`G[s,j,i,c]`) by equations of their own, which move numbers and add up none.
 */
import * as Dim from '../../spec/dim'
import { below, divide, extent, plus, quotient, remainder, sum, tensor, timesBy } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s, j } = axes
const [e, G, dY, dG] = [tensor('e'), tensor('G'), tensor('dY'), tensor('dG')]
const [i] = axes.tokens(Dim.n)
const [, k] = axes.tokens(Dim.times(Dim.n, Dim.n))
/** Row and column of token k. */
const [row, column] = [quotient(k, Dim.n), remainder(k, Dim.n)]

/** `apart[j,i,c] = packed[jn+i,c]`. */
const takenApart = (apart: string, packed: string, c: ReturnType<typeof axes.channels>[0]) =>
  set(apart, [s, j, i, c], tensor(packed)(s, plus(timesBy(j, Dim.n), i), c))

/** `Y[jn+i] = (A_ji, b_j)`; every b_j is read by n tokens, whose cotangents add up. */
export const entries: Rule = (() => {
  const [c] = axes.channels(Dim.constant(2))
  const [d] = axes.channels(Dim.add(Dim.n, 1))
  return {
    name: 'entries',
    inputs: ['e'],
    parameters: [],
    outputs: ['Y'],
    forward: [set('Y', [s, k, c], below(c, 1, e(s, column, row), e(s, row, Dim.n)))],
    vjp: [takenApart('dG', 'dY', c), set('de', [s, i, d], below(d, Dim.n, dG(s, d, i, 0), sum([j], dG(s, i, j, 1))))]
  }
})()

/** `Y[i] = sum_j G[j,i] / n`. */
export const columnMeans = (o: { readonly width: Dim.Dim }): Rule => {
  const [c] = axes.channels(o.width)
  const n = extent(Dim.n)
  return {
    name: 'means of columns',
    inputs: ['e'],
    parameters: [],
    outputs: ['Y'],
    forward: [takenApart('G', 'e', c), set('Y', [s, i, c], divide(sum([j], G(s, j, i, c)), n))],
    vjp: [set('de', [s, k, c], divide(dY(s, column, c), n))]
  }
}
