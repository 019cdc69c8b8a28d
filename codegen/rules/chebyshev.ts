/**
 * `x = sum_q c_q T_q(M) b` with `M = (2 A - (low + high) I) / (high - low)`, by Clenshaw's recurrence (1955):
 * `u_q = c_q b + 2 M u_{q+1} - u_{q+2}`, `x = c_0 b + M u_1 - u_2`. One matrix-vector product a degree.
 */
import * as Dim from '../../spec/dim'
import { add, type Expr, equal, type Index, index, negate, sum, tensor } from '../expr'
import { type Line, labelled, type Rule, set } from '../rule'
import * as axes from './axes'

export interface ChebyshevOptions {
  readonly degree: number
  readonly low: number
  readonly high: number
  readonly blocks: number
}

const { s, j } = axes
const [i, k] = axes.tokens(Dim.n)
const [c] = axes.channels(Dim.n)
const [X, b, coefficient] = [tensor('X'), tensor('b'), tensor('coefficients')]

/** `u_q` of the recurrence, and `v_q`, its cotangent; `v_0` is that of x. */
const u = (q: number): string => (q === 0 ? 'x' : `u${q}`)
const v = (q: number): string => (q === 0 ? 'dx' : `v${q}`)

const degrees = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at)

/** Twice M, or M itself where the recurrence ends (`q = 0`): `scale A - shift I`. */
const twiceM = (o: ChebyshevOptions, q: number): { readonly scale: number; readonly shift: number } => {
  const factor = (q === 0 ? 1 : 2) / (o.high - o.low)
  return { scale: 2 * factor, shift: factor * (o.low + o.high) }
}

/** `(scale A - shift I) w` at `at`; the transpose reads A along its column. */
const applied = (m: ReturnType<typeof twiceM>, w: string, at: Index, transposed: boolean): readonly Expr[] => [
  sum([], m.scale, sum([j], transposed ? X(s, 0, j, at) : X(s, 0, at, j), tensor(w)(s, j))),
  sum([], -m.shift, tensor(w)(s, at))
]

/** `u_q = c_q b + 2 M u_{q+1} - u_{q+2}`, from the highest degree down. */
const clenshaw = (o: ChebyshevOptions): readonly Line[] =>
  [...degrees(0, o.degree)].reverse().map((q) => {
    const [next, after] = [u(q + 1), u(q + 2)]
    const value = add(
      sum([], coefficient(q), b(s, i)),
      ...(q + 1 <= o.degree ? applied(twiceM(o, q), next, i, false) : []),
      ...(q + 2 <= o.degree ? [negate(tensor(after)(s, i))] : [])
    )
    return labelled(set(u(q), [s, i], value), { [u(q)]: 'u', [next]: 'u1', [after]: 'u2' })
  })

/** `v_1 = M^T dx`, `v_q = 2 M^T v_{q-1} - v_{q-2}`, upwards. */
const adjoint = (o: ChebyshevOptions): readonly Line[] =>
  degrees(1, o.degree).map((q) => {
    const [last, before] = [v(q - 1), v(q - 2)]
    const value = add(...applied(twiceM(o, q - 1), last, k, true), ...(q >= 2 ? [negate(tensor(before)(s, k))] : []))
    return labelled(set(v(q), [s, k], value), { [v(q)]: 'v', [last]: 'v1', [before]: 'v2' })
  })

/** A sum over the degrees, each term added to the sum so far; the last is called `name`. */
const gathered = (
  name: string,
  over: readonly Index[],
  to: number,
  term: (q: number) => Expr,
  labels: (q: number) => Readonly<Record<string, string>>
): readonly Line[] => {
  const partial = (q: number): string => (q === to ? name : `${name}${q}`)
  return degrees(0, to).map((q) => {
    const value = q === 0 ? term(q) : add(term(q), tensor(partial(q - 1))(...over))
    return labelled(set(partial(q), over, value), { ...labels(q), [partial(q)]: name, [partial(q - 1)]: 'before' })
  })
}

export const chebyshev = (o: ChebyshevOptions): Rule => {
  const q_ = index('q', o.degree + 1)
  const [m] = axes.blocks(o.blocks)
  return {
    name: 'chebyshev',
    inputs: ['X', 'b'],
    parameters: ['coefficients'],
    outputs: ['x'],
    forward: clenshaw(o),
    // Three sums as long as the degree: written only where a derivative is asked for.
    get vjp() {
      return [
        ...adjoint(o),
        // dc_q = <v_q, b>
        ...gathered(
          'dcoefficients',
          [s, q_],
          o.degree,
          (q) => equal(q_, q, sum([i], tensor(v(q))(s, i), b(s, i))),
          (q) => ({ [v(q)]: 'v' })
        ),
        // db = sum_q c_q v_q
        ...gathered(
          'db',
          [s, k],
          o.degree,
          (q) => sum([], coefficient(q), tensor(v(q))(s, k)),
          (q) => ({ [v(q)]: 'v' })
        ),
        // dA = sum_q scale v_q u_{q+1}^T
        ...gathered(
          'dX',
          [s, m, i, c],
          o.degree - 1,
          (q) => equal(m, 0, sum([], twiceM(o, q).scale, tensor(v(q))(s, i), tensor(u(q + 1))(s, c))),
          (q) => ({ [v(q)]: 'v', [u(q + 1)]: 'u' })
        )
      ]
    }
  }
}
