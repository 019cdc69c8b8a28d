/**
 * Errors through linear attention: what comes in is carried on, and what is rounded is added. See Note [Rounding, normwise]
 * in `rounding.ts`.
 */
import {
  type Errors,
  gamma,
  mapped,
  matrix,
  onVector,
  product,
  type Setting,
  sizeOf,
  sum,
  times,
  weighed
} from './errors'
import type { Block, Operation } from './network'
import type { Hull } from './range'
import type { HeadValues, State, Step } from './walk'

// --- attention -------------------------------------------------------------------------------------------------------

interface HeadErrors {
  readonly V: readonly number[]
  readonly v: number
  readonly S: number
  readonly query: number
}

/** The scale in which vectors really stand: `||f(A) b|| <= bScale (sup |f| + error / least)`. */
const actual = ({ bScale, least }: Setting, f: Hull, error: number): number => bScale * (sizeOf(f) + error / least)

const headErrors = (
  o: Setting,
  { P, Q }: { readonly P: Block; readonly Q: Block },
  values: HeadValues<Hull>,
  before: State<Hull>,
  errors: Errors
): HeadErrors => {
  const { n, u } = o
  const X = before.X.map(matrix)
  const U = values.U.map(matrix)
  const dU = mapped(o, Q, X, errors.X)
  const allU = dU.map(({ carried, own }) => carried + own)
  const dV = mapped(o, P, X, errors.X).map(({ carried, own }) => carried + own)
  const terms = gamma(X.length * n + 3, u)
  const bb = Math.abs(Q.entry) * actual(o, before.b, errors.b) ** 2 * (1 + gamma(n + 8, u))
  const S =
    sum(errors.X.map((e, p) => times(e, sizeOf(values.W[p]!) + U[p]!.size))) + // E_p W_p + U_p E_p^T
    sum(dU.map(({ own }, m) => own * X[m]!.size)) +
    sum(allU.map((e, m) => e * errors.X[m]!)) +
    bb +
    terms * (sum(U.map((m, k) => product(n, m, allU[k]!, X[k]!, errors.X[k]!))) + bb)
  const v = Math.abs(P.entry) * (errors.b + gamma(2, u) * (before.b.scaled + errors.b))
  if (values.query === null || before.query === null || errors.query === null) return { V: dV, v, S, query: 0 }
  const { x: xErrors, beta: betaError } = errors.query
  const { U: Uq } = values.query
  const vectors = before.query.x.map((x, p) => x.scaled + xErrors[p]!)
  const ownU = Q.squares.map((row) => gamma(X.length + 1, u) * weighed(row, vectors))
  const allUq = Q.squares.map((row, m) => weighed(row, xErrors) + ownU[m]!)
  const beta = sizeOf(before.query.beta)
  const ub = Math.abs(Q.entry) * beta
  const dub = Math.abs(Q.entry) * (betaError + gamma(2, u) * (beta + betaError))
  const b = before.b.scaled
  const query =
    sum(xErrors.map((e, p) => times(e, sizeOf(values.W[p]!)))) +
    sum(errors.X.map((e, m) => e * (Uq[m]!.scaled + allUq[m]!))) +
    sum(ownU.map((e, m) => e * X[m]!.size)) +
    ub * errors.b +
    dub * (b + errors.b) +
    terms *
      (sum(X.map((m, k) => onVector(n, m, errors.X[k]!) * (Uq[k]!.scaled + allUq[k]!))) + (ub + dub) * (b + errors.b))
  return { V: dV, v, S, query }
}

export const attention = (
  o: Setting,
  operation: Extract<Operation, { _tag: 'attention' }>,
  { before, heads }: Step<Hull>,
  errors: Errors
): Errors => {
  const { n, u } = o
  const own = gamma(heads.length * n + 1, u)
  const each = operation.heads.map((weights, h) => ({
    ...headErrors(o, weights, heads[h]!, before, errors),
    entry: Math.abs(weights.P.entry)
  }))
  const over = (f: (e: (typeof each)[number], values: HeadValues<Hull>) => number): number =>
    sum(each.map((e, h) => f(e, heads[h]!)))
  const blocks = before.X.map((_, m) => m)
  return {
    X: blocks.map((m) =>
      over((e, { S, V }) => {
        const [s, v] = [matrix(S), matrix(V[m]!)]
        return e.S * (v.size + e.V[m]!) + s.size * e.V[m]! + own * product(n, s, e.S, v, e.V[m]!)
      })
    ),
    b: over((e, { S }) => {
      const s = matrix(S)
      const v = e.entry * before.b.scaled
      return e.S * (v + e.v) + s.size * e.v + own * onVector(n, s, e.S) * (v + e.v)
    }),
    query:
      before.query === null
        ? null
        : {
            x: blocks.map((m) =>
              over((e, { V, query }) => {
                const v = matrix(V[m]!)
                const s = query!.s.scaled
                return e.V[m]! * (s + e.query) + v.size * e.query + own * onVector(n, v, e.V[m]!) * (s + e.query)
              })
            ),
            // The exact network has no query's number left; what is there is of the size of b^T b.
            beta: over(
              (e, { query }) =>
                actual(o, query!.s, e.query) * e.entry * actual(o, before.b, errors.b) * (1 + gamma(2 * n + 8, u))
            )
          }
  }
}
