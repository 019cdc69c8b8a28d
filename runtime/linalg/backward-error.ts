/**
 * Backward errors of a computed solution: how little A and b must change for x to solve the system exactly.
 *
 * Both errors do not change when A, x or rows are scaled by powers of two, so every row is scaled before its products are
 * formed, wherever they could overflow or vanish. See Note [Scaling of rows].
 *
 * Sources: Rigal and Gaches, J. ACM 14 (1967); Oettli and Prager, Numer. Math. 6 (1964); Higham, Accuracy and Stability of
 * Numerical Algorithms, 2nd edition, theorems 7.1 and 7.3, and lemma 3.1 for gamma.
 */
import { exponent, powerOfTwo, scaled } from './exponent'
import { largest } from './norms'
import { compensatedRowResidual, rowResidual } from './residual'

// --- model -----------------------------------------------------------------------------------------------------------

export interface BackwardError {
  /** Rigal and Gaches: `||b - A x|| / (||A|| ||x|| + ||b||)` in the infinity norm; Infinity if an entry is not finite. */
  readonly normwise: number
  /** Oettli and Prager: `max_i |b - A x|_i / (|A||x| + |b|)_i`, with 0 / 0 = 0; Infinity if an entry is not finite. */
  readonly componentwise: number
  /**
   * A bound on what rounding in the residual hides from either error: `gamma_(n+1)` plain; compensated, `gamma_(n+2)` times
   * the larger error, plus `gamma_(n+1)^2`. Infinity if an entry is not finite.
   */
  readonly rounding: number
  /** `||b - A x||_inf / ||b||_inf`, for users who ask for it; 0 if both vanish. */
  readonly relativeResidual: number
}

export interface BackwardErrorOptions {
  /** Form the residual with twice the digits. */
  readonly compensated?: boolean
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** The unit roundoff of float64. */
export const unitRoundoff = 2 ** -53

/** `gamma_k = k u / (1 - k u)`. */
export const gamma = (k: number): number => (k * unitRoundoff) / (1 - k * unitRoundoff)

const unsound: BackwardError = {
  normwise: Infinity,
  componentwise: Infinity,
  rounding: Infinity,
  relativeResidual: Infinity
}

/** The exponent of a size, far below all others for zero. */
const exponentOf = (size: number): number => (size === 0 ? -1e6 : exponent(size))

/** The largest of `|a_j|` in a row. */
const largestIn = (A: Float64Array, start: number, n: number): number => {
  let most = 0
  for (let p = start; p < start + n; p++) {
    const size = Math.abs(A[p]!)
    if (size > most) most = size
  }
  return most
}

/** `sum_j |a_j| 2^-e`, for `e` near the exponent of the largest entry. */
const scaledSum = (A: Float64Array, start: number, n: number, e: number): number => {
  const half = e >> 1
  const [f, g] = [powerOfTwo(-half), powerOfTwo(half - e)]
  let sum = 0
  for (let p = start; p < start + n; p++) sum += Math.abs(A[p]!) * f * g
  return sum
}

const absoluteDot = (A: Float64Array, start: number, x: Float64Array, n: number): number => {
  let sum = 0
  for (let j = 0; j < n; j++) sum += Math.abs(A[start + j]! * x[j]!)
  return sum
}

/** The normwise and componentwise backward errors of `x` for `A x = b`. A: [n, n], row-major. */
export const backwardError = (
  A: Float64Array,
  x: Float64Array,
  b: Float64Array,
  n: number,
  { compensated = false }: BackwardErrorOptions = {}
): BackwardError => {
  const [sizeA, sizeX, sizeB] = [largest(A), largest(x), largest(b)]
  if (!(sizeA < Infinity && sizeX < Infinity && sizeB < Infinity)) return unsound
  const [eA, eX, eB] = [exponentOf(sizeA), exponentOf(sizeX), exponentOf(sizeB)]
  const of = compensated ? compensatedRowResidual : rowResidual
  const rowOfA = new Float64Array(n)
  const xOfRow = new Float64Array(n)

  // In these units ||A||_inf, the residual and the denominator of the normwise error can neither overflow nor vanish.
  const unit = Math.max(eA + eX, eB)
  let normA = 0
  let normR = 0
  let componentwise = 0
  for (let i = 0; i < n; i++) {
    const start = i * n
    const [eRow, bi] = [exponentOf(largestIn(A, start, n)), b[i]!]
    if (sizeA > 0) normA = Math.max(normA, scaledSum(A, start, n, eA))
    let [r, size, unitOfRow] = [0, 0, 0]
    if (eRow < 900 && eX < 900 && eRow + eX < 900 && Math.abs(bi) < 2 ** 900) {
      r = of(A, start, x, n, bi)
      size = absoluteDot(A, start, x, n) + Math.abs(bi)
    }
    if (size < 2 ** -900) {
      unitOfRow = scaleRow(A, start, x, n, bi, rowOfA, xOfRow)
      const scaledB = scaled(bi, -unitOfRow)
      r = of(rowOfA, 0, xOfRow, n, scaledB)
      size = absoluteDot(rowOfA, 0, xOfRow, n) + Math.abs(scaledB)
    }
    if (r === 0) continue
    componentwise = Math.max(componentwise, Math.abs(r) / size)
    normR = Math.max(normR, scaled(Math.abs(r), unitOfRow - unit))
  }

  const normB = scaled(sizeB, -unit)
  const denominator = scaled(normA * scaled(sizeX, -eX), eA + eX - unit) + normB
  const normwise = normR === 0 ? 0 : normR / denominator
  const rounding = compensated ? gamma(n + 2) * Math.max(normwise, componentwise) + gamma(n + 1) ** 2 : gamma(n + 1)
  return { normwise, componentwise, rounding, relativeResidual: normR === 0 ? 0 : normR / normB }
}

/** Write a row and x such that every product, and `b_i`, is scaled by one power of two, `2^-e`, to at most 4; return `e`. */
const scaleRow = (
  A: Float64Array,
  start: number,
  x: Float64Array,
  n: number,
  bi: number,
  rowOfA: Float64Array,
  xOfRow: Float64Array
): number => {
  let e = exponentOf(bi)
  for (let j = 0; j < n; j++) {
    const [a, c] = [A[start + j]!, x[j]!]
    if (a !== 0 && c !== 0) e = Math.max(e, exponent(a) + exponent(c))
  }
  for (let j = 0; j < n; j++) {
    const [a, c] = [A[start + j]!, x[j]!]
    const ec = a === 0 || c === 0 ? 0 : exponent(c)
    rowOfA[j] = a === 0 || c === 0 ? 0 : scaled(a, ec - e)
    xOfRow[j] = a === 0 || c === 0 ? 0 : scaled(c, -ec)
  }
  return e
}

// Note [Scaling of rows]
//
// A row is taken as it stands if its largest entry, the largest entry of x, their product and b_i lie below 2^900, so that
// neither a sum nor Dekker's splitting overflows, and if its |A||x| + |b| turns out to be at least 2^-900. What its products
// lose by vanishing, 2^-1074 each, is then below u^2 of that sum. Any other row is scaled product by product.
