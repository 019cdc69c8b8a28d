/**
 * The polynomial of `chebyshev` in strides of k, a power of two: `T_k(M)` is made by squaring, and
 * `x = sum_a T_a(T_k(M)) w_a` by Clenshaw's recurrence, where `w_a` is a combination of `T_0(M) b ... T_(k-1)(M) b`
 * (Paterson and Stockmeyer 1973, for Chebyshev polynomials). See Note [The coefficients in strides].
 */
import * as Dim from '../../spec/dim'
import { add, below, type Expr, equal, type Index, index, minus, negate, plus, sum, tensor, timesBy } from '../expr'
import { type Line, labelled, type Rule, set } from '../rule'
import * as axes from './axes'

export interface StridedOptions {
  readonly degree: number
  readonly low: number
  readonly high: number
  readonly stride: number
  readonly blocks: number
}

const { s, j } = axes
const [i, k] = axes.tokens(Dim.n)
const [c] = axes.channels(Dim.n)
const [X, coefficients] = [tensor('X'), tensor('coefficients')]

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at)

const downwards = (from: number, to: number): readonly number[] => [...range(from, to)].reverse()

/** `T_a(M)` is `M`, `K2`, `K4` ...; `T_q(M) b` is `b`, `t1`, `t2` ...; the recurrence goes through `u_a` down to x. */
const K = (power: number): string => (power === 1 ? 'M' : `K${power}`)
const t = (q: number): string => (q === 0 ? 'b' : `t${q}`)
const u = (a: number): string => (a === 0 ? 'x' : `u${a}`)
/** Cotangents: of `u_a`, of `T_q(M) b`, of row a of the coefficients. */
const v = (a: number): string => (a === 0 ? 'dx' : `v${a}`)
const z = (q: number): string => (q === 0 ? 'db' : `z${q}`)
const g = (a: number): string => `g${a}`
const dg = (a: number): string => `dg${a}`

/** Twice in the middle of a recurrence, once where it ends. */
const twice = (at: number): number => (at === 0 ? 1 : 2)

/** `factor W w` at `at`, the matrix read along its row, or along its column for the transpose. */
const applied = (factor: number, W: string, w: string, at: Index, transposed = false): Expr =>
  sum([], factor, sum([j], transposed ? tensor(W)(s, j, at) : tensor(W)(s, at, j), tensor(w)(s, j)))

export const strided = (o: StridedOptions): Rule => {
  const { stride } = o
  const top = Math.floor(o.degree / stride)
  const all = range(0, top)
  const columns = range(0, stride - 1)
  const powers = range(0, Math.log2(stride)).map((e) => 2 ** e)
  const [q, q_] = [index('q', stride), index('q', o.degree + 1)]
  const [m] = axes.blocks(o.blocks)
  const scale = 2 / (o.high - o.low)
  const shift = (o.low + o.high) / (o.high - o.low)
  /** What `T_q(M) b` is multiplied by in `w_a`, beside `g_a[q]`. */
  const weight = (a: number, column: number): number => (a > 0 && column > 0 ? 2 : 1)
  const mirrored = plus(stride, timesBy(q, -1))

  // g_a[q] = c_(a k + q) - g_(a+1)[k - q]
  const rows = downwards(0, top).map((a): Line => {
    const own = coefficients(plus(q, a * stride))
    const known = o.degree + 1 - a * stride
    const value = add(
      known < stride ? below(q, known, own) : own,
      ...(a < top ? [negate(below(0, q, tensor(g(a + 1))(mirrored)))] : [])
    )
    return labelled(set(g(a), [q], value), { [g(a)]: 'g', [g(a + 1)]: 'above' })
  })

  // u_a = w_a + 2 T_k(M) u_(a+1) - u_(a+2)
  const clenshaw = downwards(0, top).map((a): Line => {
    const value = add(
      ...columns.map((column) => sum([], weight(a, column), tensor(g(a))(column), tensor(t(column))(s, i))),
      ...(a < top ? [applied(twice(a), K(stride), u(a + 1), i)] : []),
      ...(a + 2 <= top ? [negate(tensor(u(a + 2))(s, i))] : [])
    )
    const labels = { [g(a)]: 'g', [u(a)]: 'u', [u(a + 1)]: 'u1', [u(a + 2)]: 'u2', [K(stride)]: 'K' }
    return labelled(set(u(a), [s, i], value), labels)
  })

  /** `dK_p` from that of its square `K_2p = 2 K_p K_p - I`. */
  const throughSquare = (p: number): readonly Expr[] => {
    const [above, own] = [tensor(`d${K(2 * p)}`), tensor(K(p))]
    return [sum([], 2, sum([j], above(s, i, j), own(s, c, j))), sum([], 2, sum([j], own(s, j, i), above(s, j, c)))]
  }

  return {
    name: 'chebyshev in strides',
    inputs: ['X', 'b'],
    parameters: ['coefficients'],
    outputs: ['x'],
    forward: [
      set('M', [s, i, c], add(sum([], scale, X(s, 0, i, c)), equal(i, c, -shift))),
      // T_2p = 2 T_p T_p - I
      ...powers.slice(1).map((p) => {
        const half = tensor(K(p / 2))
        const line = set(K(p), [s, i, c], add(sum([], 2, sum([j], half(s, i, j), half(s, j, c))), equal(i, c, -1)))
        return labelled(line, { [K(p)]: 'K', [K(p / 2)]: 'K1' })
      }),
      // T_q b = 2 M T_(q-1) b - T_(q-2) b
      ...columns.slice(1).map((column) => {
        const before = column >= 2 ? [negate(tensor(t(column - 2))(s, i))] : []
        const line = set(t(column), [s, i], add(applied(twice(column - 1), 'M', t(column - 1), i), ...before))
        return labelled(line, { [t(column)]: 't', [t(column - 1)]: 't1', [t(column - 2)]: 't2' })
      }),
      ...rows,
      ...clenshaw
    ],
    vjp: [
      // v_1 = T_k^T dx, v_a = 2 T_k^T v_(a-1) - v_(a-2)
      ...range(1, top).map((a) => {
        const before = a >= 2 ? [negate(tensor(v(a - 2))(s, k))] : []
        const line = set(v(a), [s, k], add(applied(twice(a - 1), K(stride), v(a - 1), k, true), ...before))
        return labelled(line, { [v(a)]: 'v', [v(a - 1)]: 'v1', [v(a - 2)]: 'v2', [K(stride)]: 'K' })
      }),
      // dg_a[q] = <v_a, T_q b> - dg_(a-1)[k - q]
      ...all.map((a) => {
        const products = columns.map((column) =>
          equal(q, column, sum([i], weight(a, column), tensor(v(a))(s, i), tensor(t(column))(s, i)))
        )
        const below_ = a > 0 ? [negate(below(0, q, tensor(dg(a - 1))(s, mirrored)))] : []
        return labelled(set(dg(a), [s, q], add(...products, ...below_)), {
          [v(a)]: 'v',
          [dg(a)]: 'dg',
          [dg(a - 1)]: 'before'
        })
      }),
      // dc_(a k + q) = dg_a[q]
      set(
        'dcoefficients',
        [s, q_],
        add(
          ...all.map((a) =>
            below(q_, a * stride, 0, below(q_, (a + 1) * stride, tensor(dg(a))(s, minus(q_, a * stride))))
          )
        )
      ),
      // z_q = sum_a g_a[q] v_a + 2 M^T z_(q+1) - z_(q+2), where z_0 = db
      ...downwards(0, stride - 1).map((column) =>
        set(
          z(column),
          [s, k],
          add(
            ...all.map((a) => sum([], weight(a, column), tensor(g(a))(column), tensor(v(a))(s, k))),
            ...(column + 1 < stride ? [applied(twice(column), 'M', z(column + 1), k, true)] : []),
            ...(column + 2 < stride ? [negate(tensor(z(column + 2))(s, k))] : [])
          )
        )
      ),
      // dT_k = sum_a 2 v_a u_(a+1)^T
      set(
        `d${K(stride)}`,
        [s, i, c],
        add(...range(0, top - 1).map((a) => sum([], twice(a), tensor(v(a))(s, i), tensor(u(a + 1))(s, c))))
      ),
      // dT_p = 2 dT_2p T_p^T + 2 T_p^T dT_2p, and for M itself sum_q 2 z_(q+1) (T_q b)^T
      ...[...powers.slice(0, -1)].reverse().map((p) => {
        const steps = p > 1 ? [] : range(1, stride - 1)
        const own = steps.map((column) =>
          sum([], twice(column - 1), tensor(z(column))(s, i), tensor(t(column - 1))(s, c))
        )
        return set(`d${K(p)}`, [s, i, c], add(...throughSquare(p), ...own))
      }),
      set('dX', [s, m, i, c], equal(m, 0, sum([], scale, tensor('dM')(s, i, c))))
    ]
  }
}

// Note [The coefficients in strides]
// With q = a k + r, `T_(ak+r) = 2 T_(ak) T_r - T_(ak-r)` for a, r > 0, and `T_(ak) = T_a(T_k)`. Taking the rows from the top,
// what row a + 1 subtracts falls on `T_((a+1)k-r) = T_(ak+(k-r))`, a member of row a: hence g_a[r] = c_(ak+r) - g_(a+1)[k-r], and
// w_a = g_a[0] b + sum_r 2 g_a[r] T_r b, with 1 in place of 2 at a = 0. A coefficient enters each g at most once, with factor
// one, so that no g exceeds the sum of |c| and rounding grows no faster than in Clenshaw's recurrence itself.
