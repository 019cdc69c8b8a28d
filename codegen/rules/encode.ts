/**
 * Encodings: how `A[s,i,j]` and `b[s,i]` become tokens. Data has no cotangent; a learned embedding has one.
 */
import * as Dim from '../../spec/dim'
import type * as T from '../../spec/token'
import { below, divide, equal, index, largest, minus, plus, remainder, sqrt, sum, tensor } from '../expr'
import { type Rule, set, when } from '../rule'
import * as axes from './axes'

const { s } = axes
const [A, b, N] = [tensor('A'), tensor('b'), tensor('norm')]

/** Keeps a zero right-hand side from dividing by zero: its answer is then zero. */
const tiny = 1e-30

/** `norm = ||b||_2`, by which a scaled right-hand side is divided and the answer multiplied. */
export const norm: Rule = {
  name: 'norm of b',
  inputs: ['b'],
  parameters: [],
  outputs: ['norm'],
  forward: (() => {
    const [i] = axes.tokens(Dim.n)
    return [set('norm', [s], largest(sqrt(sum([i], b(s, i), b(s, i))), tiny))]
  })(),
  vjp: []
}

const scaled = (encoding: T.Encoding, value: ReturnType<typeof b>) =>
  encoding._tag === 'columns' || encoding.bScale === null ? value : divide(sum([], encoding.bScale, value), N(s))

const inputsOf = (encoding: T.Encoding): readonly string[] =>
  encoding._tag === 'columns' || encoding.bScale === null ? ['A', 'b'] : ['A', 'b', 'norm']

/** Into blocks: `X[0] = A`, `X[m] = I`; the query is 0 in A, one (the paper) or zero in H, and one in b. */
export const intoBlocks = (encoding: T.Encoding, tokens: T.Tokens, blocks: number): Rule => {
  const [i] = axes.tokens(tokens.count)
  const [m] = axes.blocks(blocks)
  const [c] = axes.channels(Dim.n)
  const own = encoding._tag === 'columns' ? A(s, c, i) : A(s, i, c)
  const queryH = encoding._tag === 'equations' && encoding.query === 'paper' ? 1 : 0
  const orQuery = (x: ReturnType<typeof A>, query: number | ReturnType<typeof A>) =>
    tokens.query ? below(i, Dim.n, x, query) : x
  return {
    name: encoding._tag === 'columns' ? 'column encoding' : 'equation encoding',
    inputs: inputsOf(encoding),
    parameters: [],
    outputs: ['X', 'bhat'],
    forward: [
      set('X', [s, m, i, c], orQuery(below(m, 1, own, equal(i, c)), below(m, 1, 0, queryH))),
      set('bhat', [s, i], orQuery(scaled(encoding, b(s, i)), 1))
    ],
    vjp: []
  }
}

/** Into one stretch a token, in the paper's order (A, b, H). */
export const intoFlat = (encoding: T.Encoding, tokens: T.Tokens, width: Dim.Dim): Rule => {
  const H = tensor('H')
  const [i] = axes.tokens(tokens.count)
  const [c] = axes.channels(width)
  const own = encoding._tag === 'columns' ? A(s, c, i) : A(s, i, c)
  const learned = encoding._tag === 'equations' && encoding.embedding._tag === 'learned' ? encoding.embedding : null
  const afterB = minus(c, Dim.add(Dim.n, 1))
  const embedded = learned === null ? equal(remainder(afterB, Dim.n), i) : H(i, afterB)
  const hasH = !Dim.equals(width, Dim.add(Dim.n, 1))
  const equation = below(
    c,
    Dim.n,
    own,
    hasH ? below(c, Dim.add(Dim.n, 1), scaled(encoding, b(s, i)), embedded) : scaled(encoding, b(s, i))
  )
  const paper = encoding._tag === 'equations' && encoding.query === 'paper'
  const query = below(c, Dim.n, 0, paper ? 1 : equal(c, Dim.n))
  const { j } = axes
  const d = index('d', learned?.width ?? 1)
  const de = tensor('de')
  return {
    name: encoding._tag === 'columns' ? 'column encoding' : 'equation encoding',
    inputs: inputsOf(encoding),
    parameters: learned === null ? [] : ['H'],
    outputs: ['e'],
    forward: [set('e', [s, i, c], tokens.query ? below(i, Dim.n, equation, query) : equation)],
    vjp: when(learned !== null, set('dH', [s, j, d], de(s, j, plus(d, Dim.add(Dim.n, 1)))))
  }
}
