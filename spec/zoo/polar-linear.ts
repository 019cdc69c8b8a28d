import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import * as W from '../weight'

export interface PolarLinearOptions {
  readonly layers: number
  /** Blocks of zeros and ones beside A and b, or none and one learned factor after the last layer. */
  readonly identityBlocks?: number
  /** `b` is divided by its norm and multiplied by this, so that no `b b^T` enters the attention. */
  readonly bScale?: number | null
}

/**
 * Row operations: the layers of a BLOCK linear Transformer multiply `A` and `b` from the left, `A_l = M_l A`,
 * `b_l = M_l b`, until `A_L` is close to the orthogonal factor of A's polar decomposition; then `x = A_L^T b_L`. It takes
 * any square A whose singular values lie in a known interval, symmetric or not, definite or not. No query is needed.
 *
 * Without identity blocks a token is a row of `[A b]` and nothing else, each layer is `e_i + P sum_j <e_j, Q e_i> e_j` with
 * four scalars, and a learned factor sets the scale at the end.
 */
export const polarLinear = (options: PolarLinearOptions): M.Model => {
  const { layers, identityBlocks = 0, bScale = 1e-8 } = options
  const body = pipe(L.linearAttention({ P: W.lean, Q: W.lean }), L.residual, L.repeat(layers))
  return M.make({
    name: `polar-linear-${layers}${identityBlocks === 0 ? '' : `-blocks${identityBlocks}`}`,
    encoding: T.equations({ embedding: T.identity(identityBlocks), query: 'none', bScale }),
    body: identityBlocks === 0 ? pipe(body, L.andThen(L.scale(1))) : body,
    readout: M.transposed('A')
  })
}
