/**
 * Drawing square systems that are not positive definite: matrices with known singular values, symmetric or not.
 */
import { orthogonal } from '../linalg/orthogonal'
import { matvec } from '../linalg/products'
import * as Key from '../random/key'
import type { Sample } from './spd'

// --- model -----------------------------------------------------------------------------------------------------------

/** `U Sigma V^T` with independent U and V, or `Q Lambda Q^T` with eigenvalues of both signs. */
export type Kind = 'nonsymmetric' | 'indefinite'

export interface General {
  readonly kind: Kind
  readonly kappa: number
}

// --- draws -----------------------------------------------------------------------------------------------------------

/** `U diag(d) V` into [n, n]. */
const product = (U: Float64Array, d: Float64Array, V: Float64Array, n: number, out: Float64Array): void => {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = U[i * n + k]! * d[k]!
      for (let j = 0; j < n; j++) out[i * n + j]! += factor * V[k * n + j]!
    }
  }
}

const transposed = (Q: Float64Array, n: number): Float64Array => Q.map((_, at) => Q[(at % n) * n + Math.floor(at / n)]!)

/** Both ends of `[2/(1+kappa), 2 kappa/(1+kappa)]`, the interior uniform; alternating signs where A is to be indefinite. */
const spread = ({ kind, kappa }: General, key: Key.Key, n: number): Float64Array =>
  Key.uniform(key, n).map((u, k) => {
    const own = k === 0 ? 1 : k === 1 ? kappa : 1 + (kappa - 1) * u
    return ((kind === 'indefinite' && k % 2 === 1 ? -1 : 1) * 2 * own) / (1 + kappa)
  })

/**
 * Draw `batch` systems of `n` unknowns with singular values in `[2/(1+kappa), 2 kappa/(1+kappa)]`, both ends hit, random
 * orthogonal bases, `x ~ N(0, I)` and `b = A x`. System s depends on the key and on s alone.
 */
export const drawGeneral = (
  family: General,
  key: Key.Key,
  options: { readonly n: number; readonly batch: number }
): Sample => {
  const { n, batch } = options
  const [A, x, b] = [new Float64Array(batch * n * n), new Float64Array(batch * n), new Float64Array(batch * n)]
  for (let s = 0; s < batch; s++) {
    const of = (label: string): Key.Key => Key.fold(Key.fold(key, s), label)
    const U = orthogonal(n, of('left'))
    const V = family.kind === 'indefinite' ? transposed(U, n) : orthogonal(n, of('right'))
    const own = A.subarray(s * n * n, (s + 1) * n * n)
    product(U, spread(family, of('spectrum'), n), V, n, own)
    x.set(Key.normal(of('answer'), n), s * n)
    matvec(own, x.subarray(s * n, (s + 1) * n), n, n, b.subarray(s * n, (s + 1) * n))
  }
  return { n, batch, A, x, b }
}
