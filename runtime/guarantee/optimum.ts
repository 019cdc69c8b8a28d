/**
 * What a guarantee stands beside: the best polynomial of the same degree, and conjugate gradients.
 */

// --- bounds ----------------------------------------------------------------------------------------------------------

/**
 * The least possible `max |1 - lambda p(lambda)|` on `[low, high]` for p of the given degree, which Chebyshev's polynomial
 * attains: `1 / T_{degree+1}((high + low) / (high - low))` (Golub and Van Loan, Matrix Computations, section 11.2.8).
 */
export const chebyshevOptimum = (low: number, high: number, degree: number): number =>
  low === high ? 0 : 1 / Math.cosh((degree + 1) * Math.acosh((high + low) / (high - low)))

/**
 * What conjugate gradients reach in the A-norm in k iterations, at worst:
 * `2 ((sqrt kappa - 1) / (sqrt kappa + 1))^k` (Golub and Van Loan, theorem 11.3.3).
 */
export const cgBound = (low: number, high: number, iterations: number): number => {
  const root = Math.sqrt(high / low)
  return 2 * ((root - 1) / (root + 1)) ** iterations
}
