import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import * as W from '../weight'

/**
 * Linear attention over the columns of a system, each token `(A[:, i], b_i)` answering for one unknown: the smallest
 * model of the column encoding (Sittoni and Tudisco 2025, section 3).
 */
export const columnLinear = (options: {
  readonly layers: number
  readonly heads?: number
  readonly inner?: number
}): M.Model => {
  const weight = options.inner === undefined ? W.full : W.product(options.inner)
  return M.make({
    name: `column-linear-${options.layers}${options.inner === undefined ? '' : `-inner${options.inner}`}`,
    encoding: T.columns,
    body: pipe(
      L.linearAttention({ heads: options.heads ?? 1, P: weight, Q: weight }),
      L.residual,
      L.repeat(options.layers),
      L.andThen(L.linearMap({ weight: W.full, out: 1 }))
    ),
    readout: M.perToken('y')
  })
}
