import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import * as W from '../weight'

export interface FullLinearOptions {
  readonly layers: number
  readonly heads?: number
  readonly embedding: T.Embedding
  readonly query?: T.Query
  readonly bScale?: number | null
}

/**
 * FULL linear Transformer: the same layer with free D x D matrices P and Q, D = n + 1 + K (Vladymyrov et al. 2024,
 * eq. 2). At n = 9 with a learned embedding of K = 27 numbers it has 2 x 37^2 = 2,738 parameters a layer.
 */
export const fullLinear = (options: FullLinearOptions): M.Model => {
  const { layers, heads = 1, embedding, query = 'b', bScale = 1e-8 } = options
  const kind = embedding._tag === 'identity' ? `blocks${embedding.blocks}` : `learned${embedding.width}`
  return M.make({
    name: `full-linear-${layers}-${kind}${heads === 1 ? '' : `-heads${heads}`}${query === 'b' ? '' : `-query-${query}`}`,
    encoding: T.equations({ embedding, query, bScale }),
    body: pipe(L.linearAttention({ heads, P: W.full, Q: W.full }), L.residual, L.repeat(layers)),
    readout: M.query('A')
  })
}
