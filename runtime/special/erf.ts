/**
 * `erf(x) = 2/sqrt(pi) int_0^x exp(-t^2) dt` in float64, by the series `2/sqrt(pi) exp(-x^2) sum_k 2^k x^(2k+1) / (2k+1)!!`
 * (Abramowitz and Stegun 1964, 7.1.6) below 2.25 and the continued fraction of `1 - erf` (7.1.14) above: relative error
 * below 2^-49.
 */
export const erf = (x: number): number => {
  const size = Math.abs(x)
  if (size >= 6) return Math.sign(x) // 1 - erf(6) = 2e-17
  const z = x * x
  if (size < 2.25) {
    let term = x
    let sum = x
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
      term *= (2 * z) / (2 * k + 1)
      sum += term
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-z) * sum
  }
  let fraction = size
  for (let k = 32; k >= 1; k--) fraction = size + k / 2 / fraction
  const rest = Math.exp(-z) / (Math.sqrt(Math.PI) * fraction)
  return Math.sign(x) * (1 - rest)
}
