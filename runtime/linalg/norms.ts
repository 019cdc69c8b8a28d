/**
 * Norms and symmetry of dense row-major matrices and vectors. A NaN anywhere makes a norm NaN.
 */

/** The larger of two sizes, NaN if either is (unlike `a > b ? a : b`). */
const larger = (a: number, b: number): number => (a >= b || Number.isNaN(a) ? a : b)

/** `max_i |x_i|`; of a matrix, its largest entry. */
export const largest = (x: Float64Array): number => {
  let most = 0
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!)
    if (!(size <= most)) most = larger(most, size)
  }
  return most
}

/** `sum_i |x_i|`. */
export const vectorNorm1 = (x: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]!)
  return sum
}

/** `sqrt(sum_i x_i^2)` of a vector, or the Frobenius norm of a matrix; scaled, so that no square overflows. */
export const norm2 = (x: Float64Array): number => {
  const most = largest(x)
  if (most === 0 || !Number.isFinite(most)) return most
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += (x[i]! / most) ** 2
  return most * Math.sqrt(sum)
}

/** `||A||_F`. */
export const normFrobenius = norm2

/** `||A||_inf = max_i sum_j |a_ij|`. A: [m, n]. */
export const normInf = (A: Float64Array, m: number, n: number): number => {
  let most = 0
  for (let i = 0; i < m; i++) {
    let sum = 0
    for (let p = i * n; p < (i + 1) * n; p++) sum += Math.abs(A[p]!)
    most = larger(most, sum)
  }
  return most
}

/** `||A||_1 = max_j sum_i |a_ij|`. A: [m, n]. */
export const norm1 = (A: Float64Array, m: number, n: number): number => {
  const sums = new Float64Array(n)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) sums[j]! += Math.abs(A[i * n + j]!)
  }
  return largest(sums)
}

/** Whether `|a_ij - a_ji| <= tol max |A|` for all i, j; `tol = 0` asks for equal entries. False if an entry is not finite. */
export const isSymmetric = (A: Float64Array, n: number, tol = 0): boolean => {
  const most = largest(A)
  if (!Number.isFinite(most)) return false
  const allowed = tol * most
  const block = 32
  for (let top = 0; top < n; top += block) {
    for (let left = 0; left <= top; left += block) {
      for (let i = top; i < Math.min(n, top + block); i++) {
        for (let j = left; j < Math.min(i, left + block); j++) {
          if (!(Math.abs(A[i * n + j]! - A[j * n + i]!) <= allowed)) return false
        }
      }
    }
  }
  return true
}
