/**
 * `Y_h = W_h e` for every head: Block weights by part sums (never a matrix), full and product weights by contraction.
 *
 * Tokens made of blocks are two tensors: `X[s,m,i,c]`, the parts of size n, and `b[s,i]`; else one, `e[s,i,c]`.
 */
import * as Dim from '../../spec/dim'
import type { MuScale } from '../../spec/weight'
import { add, below, divide, extent, sqrt, sum, tensor } from '../expr'
import { type Rule, set, terms, when } from '../rule'
import * as axes from './axes'

const { s } = axes

/** What a linear rule is made for. */
export interface LinearOptions {
  /** Heads, an axis of the result; `null` for a map with a single weight and no such axis. */
  readonly heads: number | null
  /** Tokens in the input. */
  readonly count: Dim.Dim
  /** Tokens mapped: the first `rows` of them (P maps equations only; Q maps the query too). */
  readonly rows: Dim.Dim
}

const headsOf = (o: LinearOptions) => {
  const h = axes.heads(o.heads ?? 1)
  return { h, hs: o.heads === null ? [] : [h], of: o.heads === null ? 0 : h }
}

/**
 * `Y_m = sum_p mu1_mp X_p + (sum_p mu2_mp rowsum_p + column_m b) 1^T`, `y = sum_p row_p rowsum_p + entry b`
 * (Vladymyrov et al. 2024, section 3: square blocks `mu1 I + mu2 11^T`, rectangular blocks `mu 1`).
 */
export const blockLinear = (
  o: LinearOptions & { readonly blocks: number; readonly allOnes: boolean; readonly muScale: MuScale }
): Rule => {
  const [X, b] = [tensor('X'), tensor('b')]
  const [mu1, mu2, column, row, entry] = ['mu1', 'mu2', 'column', 'row', 'entry'].map(tensor) as [T, T, T, T, T]
  const [R, o_, G, dO] = [tensor('rowsum'), tensor('ones'), tensor('dYsum'), tensor('dones')]
  const [dY, dy] = [tensor('dY'), tensor('dy')]
  const { h, hs, of } = headsOf(o)
  const [i] = axes.tokens(o.rows)
  const [, k] = axes.tokens(o.count)
  const [m, p] = axes.blocks(o.blocks)
  const [c] = axes.channels(Dim.n)
  const overN = (x: ReturnType<T>) => (o.muScale === 'n' ? divide(x, extent(Dim.n)) : x)
  const overRootN = (x: ReturnType<T>) => (o.muScale === 'n' ? divide(x, sqrt(extent(Dim.n))) : x)
  const within = (x: ReturnType<T>) => (Dim.equals(o.rows, o.count) ? x : below(k, o.rows, x))
  return {
    name: 'block linear map',
    inputs: ['X', 'b'],
    parameters: o.allOnes ? ['mu1', 'mu2', 'column', 'row', 'entry'] : ['mu1', 'entry'],
    outputs: ['Y', 'y'],
    forward: [
      ...when(
        o.allOnes,
        set('rowsum', [s, p, i], sum([c], X(s, p, i, c))),
        set(
          'ones',
          [s, ...hs, m, i],
          add(overN(sum([p], mu2(of, m, p), R(s, p, i))), overRootN(sum([], column(of, m), b(s, i))))
        )
      ),
      set(
        'Y',
        [s, ...hs, m, i, c],
        add(sum([p], mu1(of, m, p), X(s, p, i, c)), ...terms(o.allOnes, o_(s, ...hs, m, i)))
      ),
      set(
        'y',
        [s, ...hs, i],
        add(sum([], entry(of), b(s, i)), ...terms(o.allOnes, overRootN(sum([p], row(of, p), R(s, p, i)))))
      )
    ],
    vjp: [
      set('dmu1', [s, h, m, p], sum([i, c], dY(s, ...hs, m, i, c), X(s, p, i, c))),
      set('dentry', [s, h], sum([i], dy(s, ...hs, i), b(s, i))),
      ...when(
        o.allOnes,
        set('dYsum', [s, ...hs, m, i], sum([c], dY(s, ...hs, m, i, c))),
        set('dmu2', [s, h, m, p], overN(sum([i], G(s, ...hs, m, i), R(s, p, i)))),
        set('dcolumn', [s, h, m], overRootN(sum([i], G(s, ...hs, m, i), b(s, i)))),
        set('drow', [s, h, p], overRootN(sum([i], dy(s, ...hs, i), R(s, p, i)))),
        set(
          'dones',
          [s, p, i],
          add(
            overN(sum([...hs, m], mu2(of, m, p), G(s, ...hs, m, i))),
            overRootN(sum([...hs], row(of, p), dy(s, ...hs, i)))
          )
        )
      ),
      set(
        'dX',
        [s, p, k, c],
        within(add(sum([...hs, m], mu1(of, m, p), dY(s, ...hs, m, k, c)), ...terms(o.allOnes, dO(s, p, k))))
      ),
      set(
        'db',
        [s, k],
        within(
          add(
            sum([...hs], entry(of), dy(s, ...hs, k)),
            ...terms(o.allOnes, overRootN(sum([...hs, m], column(of, m), G(s, ...hs, m, k))))
          )
        )
      )
    ]
  }
}

type T = ReturnType<typeof tensor>

/** A map without heads may add a learned vector, `+ w_c`. */
interface FreeOptions extends LinearOptions {
  readonly width: Dim.Dim
  readonly out: Dim.Dim
  readonly bias: boolean
}

/** `y_c = sum_d W_cd e_d` with a free matrix for every head. */
export const fullLinear = (o: FreeOptions): Rule => {
  const [e, W, w, dY] = [tensor('e'), tensor('matrix'), tensor('bias'), tensor('dY')]
  const { h, hs, of } = headsOf(o)
  const [i] = axes.tokens(o.rows)
  const [, k] = axes.tokens(o.count)
  const [c] = axes.channels(o.out)
  const [, d] = axes.channels(o.width)
  const within = (x: ReturnType<T>) => (Dim.equals(o.rows, o.count) ? x : below(k, o.rows, x))
  return {
    name: 'full linear map',
    inputs: ['e'],
    parameters: o.bias ? ['matrix', 'bias'] : ['matrix'],
    outputs: ['Y'],
    forward: [set('Y', [s, ...hs, i, c], add(sum([d], W(of, c, d), e(s, i, d)), ...terms(o.bias, w(c))))],
    vjp: [
      set('dmatrix', [s, h, c, d], sum([i], dY(s, ...hs, i, c), e(s, i, d))),
      ...when(o.bias, set('dbias', [s, c], sum([...hs, i], dY(s, ...hs, i, c)))),
      set('de', [s, k, d], within(sum([...hs, c], W(of, c, d), dY(s, ...hs, k, c))))
    ]
  }
}

/** `y = left (right e)`: two narrow contractions instead of the product matrix (eq. 1: `W_P W_V` and `W_K^T W_Q`). */
export const productLinear = (o: FreeOptions & { readonly inner: number }): Rule => {
  const [e, left, right, z, dY, dz] = ['e', 'left', 'right', 'z', 'dY', 'dz'].map(tensor) as [T, T, T, T, T, T]
  const w = tensor('bias')
  const { h, hs, of } = headsOf(o)
  const [i] = axes.tokens(o.rows)
  const [, k] = axes.tokens(o.count)
  const [c] = axes.channels(o.out)
  const [, d] = axes.channels(o.width)
  const [, p] = axes.blocks(o.inner)
  const within = (x: ReturnType<T>) => (Dim.equals(o.rows, o.count) ? x : below(k, o.rows, x))
  return {
    name: 'product linear map',
    inputs: ['e'],
    parameters: o.bias ? ['left', 'right', 'bias'] : ['left', 'right'],
    outputs: ['Y'],
    forward: [
      set('z', [s, ...hs, i, p], sum([d], right(of, p, d), e(s, i, d))),
      set('Y', [s, ...hs, i, c], add(sum([p], left(of, c, p), z(s, ...hs, i, p)), ...terms(o.bias, w(c))))
    ],
    vjp: [
      ...when(o.bias, set('dbias', [s, c], sum([...hs, i], dY(s, ...hs, i, c)))),
      set('dleft', [s, h, c, p], sum([i], dY(s, ...hs, i, c), z(s, ...hs, i, p))),
      set('dz', [s, ...hs, i, p], sum([c], left(of, c, p), dY(s, ...hs, i, c))),
      set('dright', [s, h, p, d], sum([i], dz(s, ...hs, i, p), e(s, i, d))),
      set('de', [s, k, d], within(sum([...hs, p], right(of, p, d), dz(s, ...hs, k, p))))
    ]
  }
}
