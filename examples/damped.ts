/**
 * An architecture of one's own, which the other scripts train, judge and time: a linear Transformer whose layers take a
 * step of learned length, `e_i + alpha P sum_j <e_j, Q e_i> e_j`.
 *
 * A model is plain data, put together from the words of `spec/`: how a system becomes tokens, what the layers do with
 * them, and where the answer is read. It holds no numbers; nothing runs when it is made.
 */
import { pipe } from 'fp-ts/function'

import { L, M, T, W } from '../spec'

/** One layer: attention with block-structured P and Q, times a learned number, added to what came in. */
const step: L.Layer = pipe(
  L.linearAttention({ P: W.lean, Q: W.lean }), // W.lean: blocks mu I, so the number of weights does not depend on n
  L.andThen(L.scale(1)), // alpha, which starts at 1
  L.residual
)

export const damped = (depth: number): M.Model =>
  M.make({
    name: `damped-${depth}`,
    encoding: T.equations({ embedding: T.identity(1), bScale: 1e-8 }), // tokens (a_i, b_i, u_i), b scaled to a tiny norm
    body: pipe(step, L.repeat(depth)), // every layer has weights of its own; L.loop would share them
    readout: M.query('A') // the answer stands in the query token, where the others hold their row of A
  })
