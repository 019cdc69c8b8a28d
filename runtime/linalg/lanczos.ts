/**
 * The ends of a symmetric matrix's spectrum by Lanczos steps with full reorthogonalisation.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th edition, algorithm 10.1.1 and section 10.3.1.
 */
import { type Key, normal } from '../random/key'
import { largest, norm2 } from './norms'
import { dense, dotOf, type Operator } from './products'
import { tridiagonalEigenvalues } from './tridiagonal'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Ends {
  /** The smallest Ritz value: at least the smallest eigenvalue, up to rounding. NaN if a product was not finite. */
  readonly low: number
  /** The largest Ritz value: at most the largest eigenvalue, up to rounding. NaN if a product was not finite. */
  readonly high: number
  /** Matrix-vector products used: fewer than asked for where the steps exhausted an invariant subspace. */
  readonly products: number
}

export interface Extremes extends Ends {
  /** All Ritz values, ascending. */
  readonly ritz: Float64Array
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** `w <- w - sum_k v_k (v_k . w)` over the first `count` rows of V, twice. */
const orthogonalise = (V: Float64Array, count: number, n: number, w: Float64Array): void => {
  for (let pass = 0; pass < 2; pass++) {
    for (let k = 0; k < count; k++) {
      const along = dotOf(V, k * n, w, 0, n)
      for (let i = 0, p = k * n; i < n; i++, p++) w[i]! -= along * V[p]!
    }
  }
}

/** The random start of every matrix of n unknowns. */
const startOf = (() => {
  let kept: { readonly key: Key; readonly n: number; readonly start: Float64Array } | null = null
  return (key: Key, n: number): Float64Array => {
    if (kept?.key !== key || kept.n !== n) {
      const start = normal(key, n)
      const length = norm2(start)
      kept = { key, n, start: start.map((value) => value / length) }
    }
    return kept.start
  }
})()

/** What `min(n, steps)` Lanczos steps make, fewer where they exhaust a subspace; no numbers to use if it is not finite. */
interface Tridiagonal {
  readonly diagonal: Float64Array
  readonly beside: Float64Array
  readonly products: number
  readonly finite: boolean
}

/** Room for the vectors of one run. */
interface Room {
  readonly n: number
  readonly most: number
  readonly V: Float64Array
  readonly rows: readonly Float64Array[]
  readonly alpha: Float64Array
  readonly beta: Float64Array
  readonly w: Float64Array
}

/** Entries up to which a run leaves its room to the next of the same size: batches of small matrices make no garbage. */
const mostKept = 2 ** 12

const roomFor = (() => {
  let kept: Room | null = null
  return (n: number, most: number): Room => {
    if (kept?.n === n && kept.most === most) return kept
    const V = new Float64Array(most * n)
    const rows = Array.from({ length: most }, (_, k) => V.subarray(k * n, (k + 1) * n))
    const [alpha, beta, w] = [new Float64Array(most), new Float64Array(most), new Float64Array(n)]
    const made = { n, most, V, rows, alpha, beta, w }
    if (V.length <= mostKept) kept = made
    return made
  }
})()

/** The numbers it gives are good until the next run. */
const lanczos = (multiply: Operator, n: number, steps: number, key: Key): Tridiagonal => {
  const most = Math.min(n, steps)
  const { V, rows, alpha, beta, w } = roomFor(n, most)
  V.set(startOf(key, n))
  let size = 0
  let k = 0
  for (; k < most; k++) {
    multiply(rows[k]!, w)
    alpha[k] = dotOf(V, k * n, w, 0, n)
    orthogonalise(V, k + 1, n, w)
    const next = norm2(w)
    beta[k] = next
    size = Math.max(size, Math.abs(alpha[k]!), next)
    if (!Number.isFinite(size)) return { diagonal: alpha, beside: beta, products: k + 1, finite: false }
    // Nothing is left beyond rounding: the vectors span an invariant subspace.
    if (next <= n * 2 ** -53 * size) break
    if (k + 1 < most) for (let i = 0, p = (k + 1) * n; i < n; i++, p++) V[p] = w[i]! / next
  }
  const products = Math.min(most, k + 1)
  const [diagonal, beside] = [alpha.subarray(0, products), beta.subarray(0, Math.max(0, products - 1))]
  return { diagonal, beside, products, finite: true }
}

/** The smallest and largest Ritz value after `min(n, steps)` Lanczos steps from a random start. */
export const endsOf = (multiply: Operator, n: number, steps: number, key: Key): Ends => {
  const { diagonal, beside, products, finite } = lanczos(multiply, n, steps, key)
  if (!finite) return { low: NaN, high: NaN, products }
  const [low, high] = tridiagonalEigenvalues(diagonal, beside, [0, products - 1])
  return { low: low ?? NaN, high: high ?? NaN, products }
}

/** Ritz values after `min(n, steps)` Lanczos steps from a random start, for any symmetric operator. */
export const extremesOf = (multiply: Operator, n: number, steps: number, key: Key): Extremes => {
  const { diagonal, beside, products, finite } = lanczos(multiply, n, steps, key)
  if (!finite) return { low: NaN, high: NaN, ritz: new Float64Array(0), products }
  const ritz = tridiagonalEigenvalues(diagonal, beside)
  return { low: ritz[0] ?? NaN, high: ritz[products - 1] ?? NaN, ritz, products }
}

/** Ritz values of a dense symmetric matrix; A is scaled by its largest entry first. A: [n, n], row-major. */
export const extremes = (A: Float64Array, n: number, steps: number, key: Key): Extremes => {
  const size = largest(A)
  const product = dense(A, n)
  const moderate = size < 1e150 && size > 1e-150
  if (moderate || size === 0 || !Number.isFinite(size)) return extremesOf(product, n, steps, key)
  const found = extremesOf(
    dense(
      A.map((value) => value / size),
      n
    ),
    n,
    steps,
    key
  )
  const ritz = found.ritz.map((value) => value * size)
  return { ...found, low: found.low * size, high: found.high * size, ritz }
}
