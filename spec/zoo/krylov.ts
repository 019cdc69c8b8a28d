import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import { blockLinear } from './block-linear'

/**
 * A BLOCK linear Transformer with its all-ones terms and the paper's query, evaluated in coordinates of the block Krylov
 * space of b and 1: `2 * 3^layers - 4` matrix-vector products, A's row sums and no tokens, for symmetric A.
 */
export const krylov = (options: {
  readonly name?: string
  readonly layers: number
  readonly heads?: number
  readonly low: number
  readonly high: number
}): M.Model => {
  const { layers, heads = 1, low, high } = options
  const { body } = blockLinear({ layers, heads, allOnes: true, query: 'paper', bScale: null })
  return M.make({
    name: options.name ?? `krylov-${layers}`,
    encoding: T.rows,
    // A learned factor before it, through which A and b themselves have cotangents.
    body: pipe(L.scale(1), L.andThen(L.krylov({ blocks: 1, query: 'paper', part: 'A', low, high })(body))),
    readout: M.perToken('b')
  })
}
