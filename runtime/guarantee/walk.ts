/**
 * The walk through a network in any ring: the exact polynomial, an enclosure on an interval or the value at a point.
 */
import type { Block, Network, Operation } from './network'
import { combine, inner, type Ring, total } from './ring'

// --- model -----------------------------------------------------------------------------------------------------------

/** The tokens: `X_m(A)`, `b = b(A) b0`, and the query's parts `x_m(A) b0` with its number in the slot of b. */
export interface State<R> {
  readonly X: readonly R[]
  readonly b: R
  readonly query: { readonly x: readonly R[]; readonly beta: R } | null
}

/** What one head of attention computes on the way. */
export interface HeadValues<R> {
  /** `U_m = sum_p Q[m,p] X_p`, `V_m = sum_p P[m,p] X_p`, `W_p = sum_m Q[m,p] X_m`, `S = sum_m U_m X_m`. */
  readonly U: readonly R[]
  readonly V: readonly R[]
  readonly W: readonly R[]
  readonly S: R
  /** Of the query: `U_m = sum_p Q[m,p] x_p`, `s = sum_m U_m X_m + Q_bb beta b`. */
  readonly query: { readonly U: readonly R[]; readonly s: R } | null
}

/** The values before each operation and inside it. */
export interface Step<R> {
  readonly before: State<R>
  readonly heads: readonly HeadValues<R>[]
  /** `u_q` of Clenshaw's recurrence, from the highest degree down to `q = 1`. */
  readonly clenshaw: readonly R[]
}

export interface Walk<R> {
  /** p(lambda), in `x = p(A) b`. */
  readonly answer: R
  readonly steps: readonly Step<R>[]
  readonly after: State<R>
}

// --- combinators -----------------------------------------------------------------------------------------------------

/** Each part of the tokens through `f`. */
export const mapState =
  <R, S>(f: (r: R) => S) =>
  ({ X, b, query }: State<R>): State<S> => ({
    X: X.map(f),
    b: f(b),
    query: query === null ? null : { x: query.x.map(f), beta: f(query.beta) }
  })

/** Every value of a walk through `f`, in an order that depends on the network alone. */
export const mapWalk =
  <R, S>(f: (r: R) => S) =>
  ({ answer, steps, after }: Walk<R>): Walk<S> => ({
    answer: f(answer),
    steps: steps.map(({ before, heads, clenshaw }) => ({
      before: mapState(f)(before),
      heads: heads.map(({ U, V, W, S, query }) => ({
        U: U.map(f),
        V: V.map(f),
        W: W.map(f),
        S: f(S),
        query: query === null ? null : { U: query.U.map(f), s: f(query.s) }
      })),
      clenshaw: clenshaw.map(f)
    })),
    after: mapState(f)(after)
  })

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k)

// --- evaluating ------------------------------------------------------------------------------------------------------

const block = <R>(ring: Ring<R>, W: Block, x: readonly R[]): readonly R[] =>
  W.squares.map((row) => combine(ring, row, x))

const headValues = <R>(ring: Ring<R>, Q: Block, P: Block, { X, b, query }: State<R>): HeadValues<R> => {
  const U = block(ring, Q, X)
  const Uq = query === null ? null : block(ring, Q, query.x)
  return {
    U,
    V: block(ring, P, X),
    W: X.map((_, p) =>
      combine(
        ring,
        Q.squares.map((row) => row[p]!),
        X
      )
    ),
    S: inner(ring, U, X),
    query:
      query === null || Uq === null
        ? null
        : {
            U: Uq,
            s: total(ring, [inner(ring, Uq, X), ring.multiply(ring.times(Q.entry, query.beta), b)])
          }
  }
}

/** `X'_m = sum_h S V_m`, `b' = sum_h S P_bb b`, `x'_m = sum_h s V_m`; the query's number is lost (see `rounding`). */
const attended = <R>(
  ring: Ring<R>,
  heads: readonly { readonly P: Block }[],
  values: readonly HeadValues<R>[],
  { X, b, query }: State<R>
): State<R> => ({
  X: X.map((_, m) =>
    inner(
      ring,
      values.map((v) => v.S),
      values.map((v) => v.V[m]!)
    )
  ),
  b: ring.multiply(
    combine(
      ring,
      heads.map((h) => h.P.entry),
      values.map((v) => v.S)
    ),
    b
  ),
  query:
    query === null
      ? null
      : {
          x: X.map((_, m) =>
            inner(
              ring,
              values.map((v) => v.query!.s),
              values.map((v) => v.V[m]!)
            )
          ),
          beta: ring.number(0)
        }
})

const sum = <R>(ring: Ring<R>, p: State<R>, q: State<R>): State<R> => ({
  X: p.X.map((each, m) => ring.add(each, q.X[m]!)),
  b: ring.add(p.b, q.b),
  query:
    p.query === null || q.query === null
      ? null
      : {
          x: p.query.x.map((each, m) => ring.add(each, q.query!.x[m]!)),
          beta: ring.add(p.query.beta, q.query.beta)
        }
})

/** `u_q = c_q + 2 t u_{q+1} - u_{q+2}` for q = d ... 1, then `p = c_0 + t u_1 - u_2`, with `t = (2 X - low - high) / (high - low)`. */
const clenshaw = <R>(ring: Ring<R>, o: Extract<Operation, { _tag: 'chebyshev' }>, X: R): { u: R[]; p: R } => {
  const ends = ring.add(ring.number(o.low), ring.number(o.high))
  const t = ring.over(ring.add(ring.times(2, X), ring.times(-1, ends)), o.high, o.low)
  const u: R[] = []
  let [next, after] = [ring.number(0), ring.number(0)]
  for (let q = o.coefficients.length - 1; q >= 1; q--) {
    const now = total(ring, [
      ring.number(o.coefficients[q]!),
      ring.times(2, ring.multiply(t, next)),
      ring.times(-1, after)
    ])
    u.push(now)
    ;[next, after] = [now, next]
  }
  return { u, p: total(ring, [ring.number(o.coefficients[0]!), ring.multiply(t, next), ring.times(-1, after)]) }
}

/** The network in a ring. `b` starts as 1, so that the answer is p. */
export const walk = <R>(ring: Ring<R>, { operations, blocks, hasQuery, answer }: Network): Walk<R> => {
  const [zero, one] = [ring.number(0), ring.number(1)]
  let state: State<R> = {
    X: range(blocks).map((m) => (m === 0 ? ring.variable : one)),
    b: one,
    query: hasQuery ? { x: range(blocks).map(() => zero), beta: one } : null
  }
  const kept: State<R>[] = []
  const steps: Step<R>[] = []
  for (const o of operations) {
    const before = state
    let heads: readonly HeadValues<R>[] = []
    let u: readonly R[] = []
    switch (o._tag) {
      case 'attention':
        heads = o.heads.map(({ P, Q }) => headValues(ring, Q, P, before))
        state = attended(ring, o.heads, heads, before)
        break
      case 'linearMap':
        state = {
          X: block(ring, o.W, before.X),
          b: ring.times(o.W.entry, before.b),
          query:
            before.query === null
              ? null
              : { x: block(ring, o.W, before.query.x), beta: ring.times(o.W.entry, before.query.beta) }
        }
        break
      case 'scale':
        state = mapState((r: R) => ring.times(o.alpha, r))(before)
        break
      case 'chebyshev': {
        const { u: values, p } = clenshaw(ring, o, before.X[0]!)
        u = values
        state = { ...before, b: ring.multiply(p, before.b) }
        break
      }
      case 'keep':
        kept.push(before)
        break
      case 'restore':
        state = sum(ring, before, kept.pop()!)
        break
    }
    steps.push({ before, heads, clenshaw: u })
  }
  return { answer: answer === 'b' ? state.b : state.query!.x[answer]!, steps, after: state }
}
