/**
 * The objective `||M z - y||_p^p` with its gradient and Hessian.
 */
import { dotOf, matvec, matvecTransposed } from '../linalg/products'

export interface Objective {
  /** [rows, n], row-major. */
  readonly M: Float64Array
  /** [rows]. */
  readonly y: Float64Array
  readonly rows: number
  readonly n: number
  /** At least 2. */
  readonly p: number
}

/** `r = M z - y`. */
export const residualOf = ({ M, y, rows, n }: Objective, z: Float64Array): Float64Array => {
  const r = new Float64Array(rows)
  matvec(M, z, rows, n, r)
  for (let k = 0; k < rows; k++) r[k]! -= y[k]!
  return r
}

/** `sum_k |r_k|^p`. */
export const value = ({ p }: Objective, r: Float64Array): number => {
  let total = 0
  for (const each of r) total += Math.abs(each) ** p
  return total
}

/** `g = p M^T (|r|^(p-1) sgn r)`. */
export const gradient = ({ M, rows, n, p }: Objective, r: Float64Array): Float64Array => {
  const g = new Float64Array(n)
  matvecTransposed(
    M,
    r.map((each) => p * Math.abs(each) ** (p - 1) * Math.sign(each)),
    rows,
    n,
    g
  )
  return g
}

/** `H = p (p-1) M^T diag(|r|^(p-2)) M` of [n, n], symmetric to the last bit. */
export const hessian = ({ M, rows, n, p }: Objective, r: Float64Array): Float64Array => {
  // Rows of W are columns of M times the roots of the weights, so that H = W W^T.
  const W = new Float64Array(n * rows)
  for (let k = 0; k < rows; k++) {
    const root = Math.sqrt(p * (p - 1) * Math.abs(r[k]!) ** (p - 2))
    for (let i = 0; i < n; i++) W[i * rows + k] = root * M[k * n + i]!
  }
  const H = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const entry = dotOf(W, i * rows, W, j * rows, rows)
      H[i * n + j] = entry
      H[j * n + i] = entry
    }
  }
  return H
}
