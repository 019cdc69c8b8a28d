/**
 * Chebyshev-Lobatto nodes and the differentiation matrix on them.
 *
 * Source: Trefethen, Spectral Methods in MATLAB (2000), chapter 6; Weideman and Reddy, "A MATLAB differentiation matrix
 * suite", ACM TOMS 26 (2000): differences of nodes from sines, diagonals from sums.
 */

/** `x_k = cos(pi k / (count - 1))`, k from 0 to count - 1, from 1 down to -1, as sines, so that `x_k = -x_(count-1-k)`. */
export const nodes = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, k) => Math.sin((Math.PI * (count - 1 - 2 * k)) / (2 * (count - 1))))

/** `x_i - x_j` without cancellation: `2 sin(pi (i + j) / (2 (count - 1))) sin(pi (j - i) / (2 (count - 1)))`. */
const difference = (i: number, j: number, count: number): number => {
  const h = Math.PI / (2 * (count - 1))
  // sin(t) loses digits near pi: the supplement is exact in the integers.
  const sum = i + j <= count - 1 ? i + j : 2 * (count - 1) - i - j
  return 2 * Math.sin(h * sum) * Math.sin(h * (j - i))
}

/**
 * D of [count, count]: `(D u)_i = p'(x_i)` for the polynomial p with `p(x_j) = u_j`. Off the diagonal
 * `D_ij = (c_i / c_j) (-1)^(i+j) / (x_i - x_j)`, `c = 2` at both ends and 1 between; `D_ii = -sum_(j != i) D_ij`, which makes
 * derivatives of constants exactly zero and those of smooth functions accurate to roundoff.
 */
export const differentiation = (count: number): Float64Array => {
  const D = new Float64Array(count * count)
  const end = (i: number): number => (i === 0 || i === count - 1 ? 2 : 1)
  for (let i = 0; i < count; i++) {
    let total = 0
    for (let j = 0; j < count; j++) {
      if (i === j) continue
      const entry = ((end(i) / end(j)) * ((i + j) % 2 === 0 ? 1 : -1)) / difference(i, j, count)
      D[i * count + j] = entry
      total += entry
    }
    D[i * count + i] = -total
  }
  return D
}

/** `sum_k c_k T_k(x)` by Clenshaw's recurrence. */
export const series = (c: Float64Array, x: number): number => {
  let [next, afterNext] = [0, 0]
  for (let k = c.length - 1; k > 0; k--) [next, afterNext] = [c[k]! + 2 * x * next - afterNext, next]
  return (c[0] ?? 0) + x * next - afterNext
}
