import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'

/**
 * `x = sum_k c_k T_k(M) b`, `M = (2 A - (low + high) I) / (high - low)`: what a frozen network without all-ones terms
 * amounts to, in `degree` matrix-vector products, or fewer beside products of matrices (`stride`).
 */
export const polynomial = (options: {
  readonly name?: string
  readonly degree: number
  readonly low: number
  readonly high: number
  readonly stride?: number
}): M.Model =>
  M.make({
    name: options.name ?? `polynomial-${options.degree}`,
    encoding: T.rows,
    body: L.chebyshev(options),
    readout: M.perToken('b')
  })
