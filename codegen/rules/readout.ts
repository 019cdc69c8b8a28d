/**
 * Readouts: the answer from the query token, one entry from every token, or a sum over all tokens; and the undoing of b's
 * scale.
 */
import * as Dim from '../../spec/dim'
import { below, divide, equal, minus, plus, sum, tensor } from '../expr'
import { type Rule, set } from '../rule'
import * as axes from './axes'

const { s, j } = axes

/** `x_c = X[m, n, c]`: block m of the query. */
export const queryOfBlocks = (o: {
  readonly block: number
  readonly blocks: number
  readonly count: Dim.Dim
}): Rule => {
  const [X, dx] = [tensor('X'), tensor('dx')]
  const [i] = axes.tokens(o.count)
  const [m] = axes.blocks(o.blocks)
  const [c] = axes.channels(Dim.n)
  return {
    name: 'read the query',
    inputs: ['X', 'b'],
    parameters: [],
    outputs: ['x'],
    forward: [set('x', [s, c], X(s, o.block, Dim.n, c))],
    vjp: [set('dX', [s, m, i, c], equal(i, Dim.n, equal(m, o.block, dx(s, c))))]
  }
}

/** `x_c = e[n, offset + c]`: a stretch of the query. */
export const queryOfFlat = (o: {
  readonly offset: Dim.Dim
  readonly width: Dim.Dim
  readonly count: Dim.Dim
}): Rule => {
  const [e, dx] = [tensor('e'), tensor('dx')]
  const [i] = axes.tokens(o.count)
  const [c] = axes.channels(Dim.n)
  const [, d] = axes.channels(o.width)
  const at = { _tag: 'plus', left: c, right: { _tag: 'size', dim: o.offset } } as const
  return {
    name: 'read the query',
    inputs: ['e'],
    parameters: [],
    outputs: ['x'],
    forward: [set('x', [s, c], e(s, Dim.n, at))],
    vjp: [
      set(
        'de',
        [s, i, d],
        equal(i, Dim.n, below(d, o.offset, 0, below(d, Dim.add(o.offset, Dim.n), dx(s, minus(d, o.offset)))))
      )
    ]
  }
}

/** `x_i = b_i` of every token. */
export const entryOfBlocks = (o: { readonly count: Dim.Dim }): Rule => {
  const [b, dx] = [tensor('b'), tensor('dx')]
  const [i] = axes.tokens(o.count)
  return {
    name: 'read every token',
    inputs: ['X', 'b'],
    parameters: [],
    outputs: ['x'],
    forward: [set('x', [s, i], b(s, i))],
    vjp: [set('db', [s, i], dx(s, i))]
  }
}

/** `x_i = e[i, offset]` of every token. */
export const entryOfFlat = (o: {
  readonly offset: Dim.Dim
  readonly width: Dim.Dim
  readonly count: Dim.Dim
}): Rule => {
  const [e, dx] = [tensor('e'), tensor('dx')]
  const [i] = axes.tokens(o.count)
  const [, d] = axes.channels(o.width)
  return {
    name: 'read every token',
    inputs: ['e'],
    parameters: [],
    outputs: ['x'],
    forward: [set('x', [s, i], e(s, i, o.offset))],
    vjp: [set('de', [s, i, d], equal(d, o.offset, dx(s, i)))]
  }
}

/** `x_c = sum_j X[m, j, c] b[j]`: block m of all tokens, weighed by their b. */
export const transposedOfBlocks = (o: { readonly block: number; readonly blocks: number }): Rule => {
  const [X, b, dx] = [tensor('X'), tensor('b'), tensor('dx')]
  const [i] = axes.tokens(Dim.n)
  const [m] = axes.blocks(o.blocks)
  const [c] = axes.channels(Dim.n)
  return {
    name: 'read all tokens',
    inputs: ['X', 'b'],
    parameters: [],
    outputs: ['x'],
    forward: [set('x', [s, c], sum([j], X(s, o.block, j, c), b(s, j)))],
    vjp: [
      set('dX', [s, m, i, c], equal(m, o.block, sum([], b(s, i), dx(s, c)))),
      set('db', [s, i], sum([c], X(s, o.block, i, c), dx(s, c)))
    ]
  }
}

/** `x_c = sum_j e[j, offset + c] e[j, entry]`: a stretch of all tokens, weighed by their b. */
export const transposedOfFlat = (o: {
  readonly offset: Dim.Dim
  /** Where b stands. */
  readonly entry: Dim.Dim
  readonly width: Dim.Dim
}): Rule => {
  const [e, dx] = [tensor('e'), tensor('dx')]
  const [i] = axes.tokens(Dim.n)
  const [c] = axes.channels(Dim.n)
  const [, d] = axes.channels(o.width)
  const weighed = sum([], e(s, i, o.entry), dx(s, minus(d, o.offset)))
  return {
    name: 'read all tokens',
    inputs: ['e'],
    parameters: [],
    outputs: ['x'],
    forward: [set('x', [s, c], sum([j], e(s, j, plus(c, o.offset)), e(s, j, o.entry)))],
    vjp: [
      set(
        'de',
        [s, i, d],
        equal(
          d,
          o.entry,
          sum([c], e(s, i, plus(c, o.offset)), dx(s, c)),
          below(d, o.offset, 0, below(d, Dim.add(o.offset, Dim.n), weighed))
        )
      )
    ]
  }
}

/** `x <- x norm / bScale`. */
export const unscale = (bScale: number): Rule => {
  const [z, norm, dx] = [tensor('z'), tensor('norm'), tensor('dx')]
  const [c] = axes.channels(Dim.n)
  return {
    name: 'undo the scale of b',
    inputs: ['z', 'norm'],
    parameters: [],
    outputs: ['x'],
    forward: [set('x', [s, c], divide(sum([], norm(s), z(s, c)), bScale))],
    vjp: [set('dz', [s, c], divide(sum([], norm(s), dx(s, c)), bScale))]
  }
}
