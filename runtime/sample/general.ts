/**
 * Drawing square systems that are not positive definite: matrices with known singular values, symmetric or not.
 */
import type { General } from '../../spec/family'
import { orthogonal } from '../linalg/orthogonal'
import { matvec } from '../linalg/products'
import * as Key from '../random/key'
import { type DrawOptions, gather, type Sample, type System } from './sample'
import { between, drawKappa } from './spd'

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

/** Both ends of `[2/(1+kappa), 2 kappa/(1+kappa)]`, the interior by its law; alternating signs where A is to be indefinite. */
const spread = ({ structure, spectrum }: General, key: Key.Key, n: number, kappa: number): Float64Array =>
  Key.uniform(key, n).map((u, k) => {
    const own = k === 0 ? 1 : k === 1 ? kappa : between(spectrum, 1, kappa, u)
    return ((structure === 'indefinite' && k % 2 === 1 ? -1 : 1) * 2 * own) / (1 + kappa)
  })

const one = (family: General, key: Key.Key, n: number): System => {
  const of = (label: string): Key.Key => Key.fold(key, label)
  const kappa = drawKappa(of('kappa'), family.kappa)
  const U = orthogonal(n, of('left'))
  const V = family.structure === 'indefinite' ? transposed(U, n) : orthogonal(n, of('right'))
  const [A, b] = [new Float64Array(n * n), new Float64Array(n)]
  product(U, spread(family, of('spectrum'), n, kappa), V, n, A)
  const x = Key.normal(of('answer'), n)
  matvec(A, x, n, n, b)
  return { A, x, b, coefficients: [kappa] }
}

/**
 * Draw `batch` systems of `n` unknowns with singular values in `[2/(1+kappa), 2 kappa/(1+kappa)]`, both ends hit, random
 * orthogonal bases, `x ~ N(0, I)` and `b = A x`. System s depends on the key and on s alone.
 */
export const drawGeneral = (family: General, key: Key.Key, options: DrawOptions): Sample =>
  gather(options, 1, (s) => one(family, Key.fold(key, s), options.n))
