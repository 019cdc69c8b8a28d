/**
 * `x = sum_k c_k T_k(M) b` with `M = (2 A - (low + high) I) / (high - low)`, by Clenshaw's recurrence (1955):
 * `u_k = c_k b + 2 M u_{k+1} - u_{k+2}`, `x = c_0 b + M u_1 - u_2`. One matrix-vector product a degree.
 */
import * as Dim from '../../spec/dim'
import { add, type Expr, equal, index, sum, tensor } from '../expr'
import { type Line, labelled, type Rule, set } from '../rule'
import * as axes from './axes'

const { s } = axes

export interface ChebyshevOptions {
  readonly degree: number
  readonly low: number
  readonly high: number
  readonly blocks: number
}

export const chebyshev = (o: ChebyshevOptions): Rule => {
  const [X, b, c] = [tensor('X'), tensor('b'), tensor('coefficients')]
  const [i, k] = axes.tokens(Dim.n)
  const { j } = axes
  const [m] = axes.blocks(o.blocks)
  const [ci] = axes.channels(Dim.n)
  const span = o.high - o.low
  const [slope, shift] = [4 / span, (2 * (o.high + o.low)) / span]
  const { degree: K } = o

  /** `factor * 2 M u` at i: A read along its row, or along its column for the transpose. */
  const twoM = (factor: number, u: string, at: typeof i, transposed: boolean): Expr[] => [
    sum([], factor * slope, sum([j], transposed ? X(s, 0, j, at) : X(s, 0, at, j), tensor(u)(s, j))),
    sum([], -factor * shift, tensor(u)(s, at))
  ]
  const u = (k_: number) => `u${k_}`
  const v = (k_: number) => (k_ === 0 ? 'dx' : `v${k_}`)

  const forward: Line[] = []
  for (let q = K; q >= 0; q--) {
    const half = q === 0 ? 0.5 : 1
    const terms = [
      sum([], c(q), b(s, i)),
      ...(q + 1 <= K ? twoM(half, u(q + 1), i, false) : []),
      ...(q + 2 <= K ? [sum([], -1, tensor(u(q + 2))(s, i))] : [])
    ]
    const own = q === 0 ? 'x' : u(q)
    forward.push(labelled(set(own, [s, i], add(...terms)), { [own]: 'u', [u(q + 1)]: 'u1', [u(q + 2)]: 'u2' }))
  }

  // The adjoint recurrence: v_k is the cotangent of u_k, v_0 that of x; A is transposed.
  const vjp: Line[] = []
  for (let q = 1; q <= K; q++) {
    const half = q === 1 ? 0.5 : 1
    const terms = [...twoM(half, v(q - 1), k, true), ...(q >= 2 ? [sum([], -1, tensor(v(q - 2))(s, k))] : [])]
    vjp.push(labelled(set(v(q), [s, k], add(...terms)), { [v(q)]: 'v', [v(q - 1)]: 'v1', [v(q - 2)]: 'v2' }))
  }
  // dc_k = <v_k, b>, gathered one by one; db = sum_k c_k v_k; dA = sum_k 2 v_k u_{k+1}^T / (high - low) * 2.
  const place = index('q', K + 1)
  for (let q = 0; q <= K; q++) {
    const own = equal(place, q, sum([i], tensor(v(q))(s, i), b(s, i)))
    const before = q === 0 ? [] : [tensor(`gathered${q - 1}`)(s, place)]
    const name = q === K ? 'dcoefficients' : `gathered${q}`
    vjp.push(labelled(set(name, [s, place], add(own, ...before)), { [v(q)]: 'v', [`gathered${q - 1}`]: 'before' }))
  }
  for (let q = 0; q <= K; q++) {
    const own = sum([], c(q), tensor(v(q))(s, k))
    const before = q === 0 ? [] : [tensor(`pulled${q - 1}`)(s, k)]
    const name = q === K ? 'db' : `pulled${q}`
    vjp.push(
      labelled(set(name, [s, k], add(own, ...before)), { [name]: 'db', [v(q)]: 'v', [`pulled${q - 1}`]: 'before' })
    )
  }
  for (let q = 0; q < K; q++) {
    const half = q === 0 ? 0.5 : 1
    const own = equal(m, 0, sum([], half * slope, tensor(v(q))(s, i), tensor(u(q + 1))(s, ci)))
    const before = q === 0 ? [] : [tensor(`outer${q - 1}`)(s, m, i, ci)]
    const name = q === K - 1 ? 'dX' : `outer${q}`
    const labels = { [name]: 'dX', [v(q)]: 'v', [u(q + 1)]: 'u', [`outer${q - 1}`]: 'before' }
    vjp.push(labelled(set(name, [s, m, i, ci], add(own, ...before)), labels))
  }
  return {
    name: 'chebyshev',
    inputs: ['X', 'b'],
    parameters: ['coefficients'],
    outputs: ['x'],
    forward,
    vjp
  }
}
