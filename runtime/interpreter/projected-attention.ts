/**
 * Linear attention in its first form, from keys, queries, values and a projection, evaluated as it is written. It says
 * what `projectedAttention` means without the matrices P and Q.
 */
import * as D from './dense'

/** The matrices of one head: `W_K`, `W_Q` are [key, D], `W_V` is [value, D], `W_P` is [D, value]. */
export interface Projections {
  readonly K: D.Array64
  readonly Q: D.Array64
  readonly V: D.Array64
  readonly P: D.Array64
}

const row = (a: D.Array64, i: number): number[] => Array.from({ length: D.columnsOf(a) }, (_, c) => a.get(i, c))

const apply = (W: D.Array64, v: readonly number[]): number[] =>
  Array.from({ length: D.rowsOf(W) }, (_, r) => v.reduce((sum, value, c) => sum + W.get(r, c) * value, 0))

const inner = (u: readonly number[], v: readonly number[]): number =>
  u.reduce((sum, value, c) => sum + value * v[c]!, 0)

/**
 * `y_i = sum_h W_P,h sum_j <W_K,h e_j, W_Q,h e_i> W_V,h e_j`, j over the first `attended` tokens (Vladymyrov et al. 2024,
 * eq. 1); `e` and the result are [tokens, D].
 */
export const projectedAttention = (heads: readonly Projections[], e: D.Array64, attended: number): D.Array64 => {
  const y = D.zeros(...e.shape)
  for (const { K, Q, V, P } of heads) {
    for (let i = 0; i < D.rowsOf(e); i++) {
      const query = apply(Q, row(e, i))
      const mixed: number[] = Array.from({ length: D.rowsOf(V) }, () => 0)
      for (let j = 0; j < attended; j++) {
        const weight = inner(apply(K, row(e, j)), query)
        for (const [c, value] of apply(V, row(e, j)).entries()) mixed[c]! += weight * value
      }
      for (const [c, value] of apply(P, mixed).entries()) y.set(i, c, y.get(i, c) + value)
    }
  }
  return y
}
