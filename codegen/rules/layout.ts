/**
 * Between the two layouts of tokens: blocks (`X[s,m,i,c]` and `b[s,i]`) and one stretch in the paper's order (A, b, H).
 * Values of several heads have the axis `h` too.
 */
import * as Dim from '../../spec/dim'
import { below, minus, plus, quotient, remainder, tensor, timesBy } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes

export interface LayoutOptions {
  /** Heads, an axis of the values; `null` where there is no such axis. */
  readonly heads: number | null
  readonly blocks: number
  readonly count: Dim.Dim
}

const after = Dim.add(Dim.n, 1)

const indices = (o: LayoutOptions) => {
  const h = o.heads === null ? [] : [axes.heads(o.heads)]
  const [i] = axes.tokens(o.count)
  const [m] = axes.blocks(o.blocks)
  const [c] = axes.channels(Dim.n)
  const [, d] = axes.channels(Dim.add(Dim.times(o.blocks, Dim.n), 1))
  return { h, i, m, c, d }
}

/** Channel d of the stretch, from the blocks. */
const joined = (o: LayoutOptions, X: string, b: string) => {
  const { h, i, d } = indices(o)
  const [blocks, entry] = [tensor(X), tensor(b)]
  const inH = minus(d, after)
  const last =
    o.blocks === 1
      ? entry(s, ...h, i)
      : below(d, after, entry(s, ...h, i), blocks(s, ...h, plus(quotient(inH, Dim.n), 1), i, remainder(inH, Dim.n)))
  return below(d, Dim.n, blocks(s, ...h, 0, i, d), last)
}

/** Block m, channel c, from the stretch. */
const split = (o: LayoutOptions, e: string) => {
  const { h, i, m, c } = indices(o)
  const flat = tensor(e)
  const own = flat(s, ...h, i, c)
  return o.blocks === 1 ? own : below(m, 1, own, flat(s, ...h, i, plus(plus(timesBy(m, Dim.n), c), 1)))
}

/** `e = (A, b, H1 ... Hl)`. */
export const flatten = (o: LayoutOptions): Rule => {
  const { h, i, m, c, d } = indices(o)
  return {
    name: 'flatten tokens',
    inputs: ['X', 'b'],
    parameters: [],
    outputs: ['e'],
    forward: [set('e', [s, ...h, i, d], joined(o, 'X', 'b'))],
    vjp: [set('dX', [s, ...h, m, i, c], split(o, 'de')), set('db', [s, ...h, i], tensor('de')(s, ...h, i, Dim.n))]
  }
}

/** `X_0 = A, X_m = H_m, b`. */
export const stack = (o: LayoutOptions): Rule => {
  const { h, i, m, c, d } = indices(o)
  return {
    name: 'stack tokens',
    inputs: ['e'],
    parameters: [],
    outputs: ['X', 'b'],
    forward: [set('X', [s, ...h, m, i, c], split(o, 'e')), set('b', [s, ...h, i], tensor('e')(s, ...h, i, Dim.n))],
    vjp: [set('de', [s, ...h, i, d], joined(o, 'dX', 'db'))]
  }
}
