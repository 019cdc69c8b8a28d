/**
 * Eigenvalues of symmetric tridiagonal matrices by bisection on Sturm counts.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, section 8.4.1.
 */
import { exponent, scaled } from './exponent'
import { largest } from './norms'

/** How many eigenvalues lie below `t`: the negative pivots of `T - t I`. d: the diagonal; e: the n - 1 entries beside it. */
const countBelow = (d: Float64Array, squares: Float64Array, t: number): number => {
  let count = 0
  let pivot = 1
  for (let i = 0; i < d.length; i++) {
    pivot = d[i]! - t - (i === 0 ? 0 : squares[i - 1]! / pivot)
    if (pivot === 0) pivot = -Number.EPSILON * Number.EPSILON
    if (pivot < 0) count++
  }
  return count
}

/**
 * Eigenvalues by their ordinals, of all of them if none are named, in ascending order, to an absolute error of a few
 * roundings of the largest. d: [n]; e: [n - 1].
 */
export const tridiagonalEigenvalues = (d: Float64Array, e: Float64Array, ordinals = [...d.keys()]): Float64Array => {
  const size = Math.max(largest(d), largest(e))
  if (size === 0 || !(size < Infinity)) return new Float64Array(ordinals.length).fill(size === 0 ? 0 : NaN)
  // In units of a power of two near the largest entry: all eigenvalues lie in -6 ... 6 and no square overflows.
  const scale = exponent(size)
  const unit = d.map((value) => scaled(value, -scale))
  const squares = e.map((value) => scaled(value, -scale) ** 2)
  const eigenvalue = (k: number): number => {
    let [low, high] = [-6, 6]
    for (;;) {
      const middle = (low + high) / 2
      if (middle <= low || middle >= high || high - low < 2 ** -53) return scaled(middle, scale)
      if (countBelow(unit, squares, middle) > k) high = middle
      else low = middle
    }
  }
  return Float64Array.from(ordinals, eigenvalue)
}
