/**
 * Random orthogonal matrices, and symmetric matrices of a given spectrum.
 *
 * Source: Stewart, "The efficient generation of random orthogonal matrices", SIAM J. Numer. Anal. 17 (1980): reflectors of
 * normal vectors of lengths n, n - 1, ..., 2 and random signs make Q uniform (Haar).
 */
import * as Key from '../random/key'
import { norm2 } from './norms'
import { axpy, dotOf } from './products'

export interface OrthogonalOptions {
  /**
   * How many reflectors Q is made of: `haar` (the uniform law, O(n^3)) or a number of reflectors in uniform directions
   * (O(n^2) each; Q is then I plus a matrix of that rank). Without it: `haar` up to n = 256, above it 16.
   */
  readonly reflectors?: 'haar' | number
}

/** A Householder vector for coordinates `from ... n - 1`, of squared length 2: `H = I - v v^T`. */
const reflector = (key: Key.Key, n: number, from: number): Float64Array => {
  const v = new Float64Array(n)
  v.set(Key.normal(key, n - from), from)
  return v
}

/** Towards `-sign(x_1) ||x|| e_1` (Stewart), so that the reflectors compose to the uniform law. */
const towardsAxis = (v: Float64Array, from: number): void => {
  const size = norm2(v)
  v[from]! += v[from]! >= 0 ? size : -size
}

const normalised = (v: Float64Array): Float64Array => {
  const size = norm2(v) / Math.SQRT2
  return v.map((value) => value / size)
}

/** The reflectors in order of application, each with the first coordinate it touches. */
const reflectorsOf = (
  n: number,
  key: Key.Key,
  { reflectors = n <= 256 ? 'haar' : 16 }: OrthogonalOptions
): readonly { readonly v: Float64Array; readonly from: number }[] => {
  if (reflectors !== 'haar') {
    return Key.split(key, reflectors).map((each) => ({ v: normalised(reflector(each, n, 0)), from: 0 }))
  }
  return Key.split(key, Math.max(0, n - 1)).map((each, k) => {
    const from = n - 2 - k
    const v = reflector(each, n, from)
    towardsAxis(v, from)
    return { v: normalised(v), from }
  })
}

/** A random orthogonal Q. The result: [n, n], row-major. */
export const orthogonal = (n: number, key: Key.Key, options: OrthogonalOptions = {}): Float64Array => {
  const Q = new Float64Array(n * n)
  Key.signs(Key.fold(key, 'signs'), n).forEach((sign, i) => {
    Q[i * n + i] = sign
  })
  const along = new Float64Array(n)
  for (const { v, from } of reflectorsOf(n, Key.fold(key, 'reflectors'), options)) {
    along.fill(0)
    for (let i = from; i < n; i++) axpy(v[i]!, Q.subarray(i * n, (i + 1) * n), along)
    for (let i = from; i < n; i++) axpy(-v[i]!, along, Q.subarray(i * n, (i + 1) * n))
  }
  return Q
}

/** `Q diag(eigenvalues) Q^T` for a random orthogonal Q, exactly symmetric. The result: [n, n], row-major. */
export const withSpectrum = (
  eigenvalues: Float64Array,
  key: Key.Key,
  options: OrthogonalOptions = {}
): Float64Array => {
  const n = eigenvalues.length
  const A = new Float64Array(n * n)
  eigenvalues.forEach((value, i) => {
    A[i * n + i] = value
  })
  const w = new Float64Array(n)
  for (const { v, from } of reflectorsOf(n, Key.fold(key, 'reflectors'), options)) {
    // H A H = A - v w^T - w v^T with w = A v - (v . A v / 2) v, since v . v = 2.
    for (let i = from; i < n; i++) w[i] = dotOf(A, i * n + from, v, from, n - from)
    const half = dotOf(v, from, w, from, n - from) / 2
    for (let i = from; i < n; i++) w[i]! -= half * v[i]!
    for (let i = from; i < n; i++) {
      const [vi, wi] = [v[i]!, w[i]!]
      for (let j = from, p = i * n + from; j < n; j++, p++) A[p]! -= vi * w[j]! + wi * v[j]!
    }
  }
  return A
}
