import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import * as W from '../weight'

/**
 * Room for Newton-Schulz (Schulz 1933): two identity blocks, of which `H1` becomes the iterate and `H2` stays the identity,
 * two heads, no all-ones terms. One head reads the iterate, the other multiplies it by `A` twice, so that a layer is
 * `X <- 2 X - X A^T X`; the answer is `x = X^T b`.
 */
export const newtonSchulz = (options: { readonly layers: number }): M.Model =>
  M.make({
    name: `newton-schulz-${options.layers}`,
    encoding: T.equations({ embedding: T.identity(2), query: 'none' }),
    body: pipe(L.linearAttention({ heads: 2, P: W.lean, Q: W.lean }), L.residual, L.repeat(options.layers)),
    readout: M.transposed('H1')
  })
