import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import * as W from '../weight'

/** What a BLOCK linear Transformer is made from; the defaults are those of the shipped models. */
export interface BlockLinearOptions {
  readonly layers: number
  readonly heads?: number
  readonly identityBlocks?: number
  /** Keep the `mu2 11^T` and rectangular `mu 1` terms (the paper does; models without them do not depend on n). */
  readonly allOnes?: boolean
  readonly muScale?: W.MuScale
  readonly query?: T.Query
  readonly bScale?: number | null
  /** One set of weights for all layers (a looped Transformer). */
  readonly tied?: boolean
}

const nameOf = (o: Required<BlockLinearOptions>): string =>
  [
    `block-linear-${o.layers}`,
    ...(o.heads === 1 ? [] : [`heads${o.heads}`]),
    ...(o.identityBlocks === 1 ? [] : [`blocks${o.identityBlocks}`]),
    ...(o.allOnes ? [o.muScale === 'n' ? 'ones-over-n' : 'ones'] : []),
    ...(o.query === 'b' ? [] : [`query-${o.query}`]),
    ...(o.tied ? ['tied'] : [])
  ].join('-')

/**
 * BLOCK linear Transformer: `e_i <- e_i + sum_h P_h sum_j <e_j, Q_h e_i> e_j` with block-structured P and Q
 * (Vladymyrov et al. 2024, section 3). Its size does not depend on n: with `l` identity blocks a weight has
 * `2 (l+1)^2 + 2 (l+1) + 1` scalars (41 for the paper's l = 3), or `(l+1)^2 + 1` without all-ones terms (5 for l = 1).
 */
export const blockLinear = (options: BlockLinearOptions): M.Model => {
  const o: Required<BlockLinearOptions> = {
    layers: options.layers,
    heads: options.heads ?? 1,
    identityBlocks: options.identityBlocks ?? 1,
    allOnes: options.allOnes ?? false,
    muScale: options.muScale ?? 'one',
    query: options.query ?? 'b',
    bScale: options.bScale === undefined ? 1e-8 : options.bScale,
    tied: options.tied ?? false
  }
  const weight = W.blockOf({ allOnes: o.allOnes, muScale: o.muScale })
  return M.make({
    name: nameOf(o),
    encoding: T.equations({ embedding: T.identity(o.identityBlocks), query: o.query, bScale: o.bScale }),
    body: pipe(
      L.linearAttention({ heads: o.heads, P: weight, Q: weight }),
      L.residual,
      (o.tied ? L.loop : L.repeat)(o.layers)
    ),
    readout: M.query('A')
  })
}
