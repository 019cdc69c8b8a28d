/**
 * Softmax attention over tokens `e[s,i,d]` (Vaswani et al. 2017, section 3.2): a map into heads for queries, keys and values,
 * attention within each head, a map out of the heads. Heads are an axis of their own throughout.
 */
import type * as Dim from '../../spec/dim'
import type { Mask } from '../../spec/layer'
import { add, below, divide, exp, index, max, multiply, negate, plus, sum, tensor } from '../expr'
import { type Rule, set, terms, when } from '../rule'
import * as axes from './axes'

const { s } = axes

export interface HeadOptions {
  readonly heads: number
  /** Numbers of a head. */
  readonly each: number
  readonly count: Dim.Dim
}

const headAxes = (o: HeadOptions) => {
  const [i, k] = axes.tokens(o.count)
  return { h: axes.heads(o.heads), c: index('c', o.each), i, k }
}

/** `Y[i,h,c] = sum_d W[h,c,d] e[i,d] + w[h,c]`: queries, keys or values. */
export const intoHeads = (o: HeadOptions & { readonly width: Dim.Dim; readonly bias: boolean }): Rule => {
  const [e, W, w, dY] = [tensor('e'), tensor('matrix'), tensor('bias'), tensor('dY')]
  const { h, c, i } = headAxes(o)
  const [, d] = axes.channels(o.width)
  return {
    name: 'map into heads',
    inputs: ['e'],
    parameters: o.bias ? ['matrix', 'bias'] : ['matrix'],
    outputs: ['Y'],
    forward: [set('Y', [s, i, h, c], add(sum([d], W(h, c, d), e(s, i, d)), ...terms(o.bias, w(h, c))))],
    vjp: [
      set('dmatrix', [s, h, c, d], sum([i], dY(s, i, h, c), e(s, i, d))),
      ...when(o.bias, set('dbias', [s, h, c], sum([i], dY(s, i, h, c)))),
      set('de', [s, i, d], sum([h, c], W(h, c, d), dY(s, i, h, c)))
    ]
  }
}

/** `Y[i,d] = sum_hc W[d,h,c] O[i,h,c] + w[d]`. */
export const outOfHeads = (o: HeadOptions & { readonly width: Dim.Dim; readonly bias: boolean }): Rule => {
  const [O, W, w, dY] = [tensor('O'), tensor('matrix'), tensor('bias'), tensor('dY')]
  const { h, c, i } = headAxes(o)
  const [, d] = axes.channels(o.width)
  return {
    name: 'map out of heads',
    inputs: ['O'],
    parameters: o.bias ? ['matrix', 'bias'] : ['matrix'],
    outputs: ['Y'],
    forward: [set('Y', [s, i, d], add(sum([h, c], W(d, h, c), O(s, i, h, c)), ...terms(o.bias, w(d))))],
    vjp: [
      set('dmatrix', [s, d, h, c], sum([i], dY(s, i, d), O(s, i, h, c))),
      ...when(o.bias, set('dbias', [s, d], sum([i], dY(s, i, d)))),
      set('dO', [s, i, h, c], sum([d], W(d, h, c), dY(s, i, d)))
    ]
  }
}

/**
 * `O = P V`, `P = E / total`, `E = exp(S - top)`, `S = Q K^T / sqrt(each)` in every head, k up to i where the mask is causal:
 * rows of S are shifted by their largest entry, which changes nothing and keeps exp from overflowing. Backwards, with the
 * kept P, `dS = P (dP - sum_k P dP)`, and `sum_k P[i,k] dP[i,k] = sum_c dO[i,c] O[i,c]`.
 */
export const softmaxAttention = (o: HeadOptions & { readonly mask: Mask }): Rule => {
  const [Q, K, V, S, top, E, total, P, O] = ['Q', 'K', 'V', 'S', 'top', 'E', 'total', 'P', 'O'].map(tensor) as Nine
  const [dO, dP, dS, average] = [tensor('dO'), tensor('dP'), tensor('dS'), tensor('average')]
  const { h, c, i, k } = headAxes(o)
  const scale = 1 / Math.sqrt(o.each)
  // Entries above the diagonal are not there: the first of a row stands in for them where one is needed.
  const seen = (x: ReturnType<T>, instead: ReturnType<T> | number) =>
    o.mask === 'causal' ? below(k, plus(i, 1), x, instead) : x
  return {
    name: 'softmax attention',
    inputs: ['Q', 'K', 'V'],
    parameters: [],
    outputs: ['O'],
    forward: [
      set('S', [s, h, i, k], multiply(scale, sum([c], Q(s, i, h, c), K(s, k, h, c)))),
      set('top', [s, h, i], max([k], seen(S(s, h, i, k), S(s, h, i, 0)))),
      set('E', [s, h, i, k], seen(exp(add(S(s, h, i, k), negate(top(s, h, i)))), 0)),
      set('total', [s, h, i], sum([k], E(s, h, i, k))),
      set('P', [s, h, i, k], divide(E(s, h, i, k), total(s, h, i))),
      set('O', [s, i, h, c], sum([k], P(s, h, i, k), V(s, k, h, c)))
    ],
    // The same lines, read upwards.
    vjp: [
      set('dV', [s, k, h, c], sum([i], P(s, h, i, k), dO(s, i, h, c))),
      set('dP', [s, h, i, k], sum([c], dO(s, i, h, c), V(s, k, h, c))),
      set('average', [s, h, i], sum([c], dO(s, i, h, c), O(s, i, h, c))),
      set('dS', [s, h, i, k], multiply(P(s, h, i, k), add(dP(s, h, i, k), negate(average(s, h, i))))),
      set('dK', [s, k, h, c], multiply(scale, sum([i], dS(s, h, i, k), Q(s, i, h, c)))),
      set('dQ', [s, i, h, c], multiply(scale, sum([k], dS(s, h, i, k), K(s, k, h, c))))
    ]
  }
}

type T = ReturnType<typeof tensor>
type Nine = [T, T, T, T, T, T, T, T, T]
