/**
 * The inverse of the normal distribution function from `+ - * /` and square roots alone.
 *
 * IEEE 754 fixes the result of these five operations to the last bit, and JavaScript leaves `Math.log` and `Math.cos` to
 * the engine; so a normal number made here has the same bytes on every engine.
 */

/** `log x` for a normal number `x > 0`, to 2e-16 relative for `x <= 1/2`: `e log 2 + 2 artanh((m - 1)/(m + 1))`. */
export const logarithm = (x: number): number => {
  let [m, e] = [x, 0]
  while (m < 0.75) {
    m *= 2
    e--
  }
  while (m > 1.5) {
    m /= 2
    e++
  }
  const s = (m - 1) / (m + 1)
  const z = s * s
  let series = 0
  for (let k = 25; k >= 1; k -= 2) series = series * z + 1 / k
  return e * Math.LN2 + 2 * s * series
}

type Coefficients = readonly [number, number, number, number, number, number, number, number]

/** `sum_k c_k r^k`, by Horner's rule. */
const at = (c: Coefficients, r: number): number =>
  ((((((c[7] * r + c[6]) * r + c[5]) * r + c[4]) * r + c[3]) * r + c[2]) * r + c[1]) * r + c[0]

/**
 * `z` with `Phi(z) = p`, for p in (0, 1); relative error below 5e-16.
 *
 * Source: Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988),
 * routine PPND16: a rational approximation in each of three regions.
 */
export const quantile = (p: number): number => {
  const q = p - 0.5
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q
    return (q * at(centre, r)) / at(belowCentre, r)
  }
  const r = Math.sqrt(-logarithm(q < 0 ? p : 1 - p))
  const z = r <= 5 ? at(middle, r - 1.6) / at(belowMiddle, r - 1.6) : at(tail, r - 5) / at(belowTail, r - 5)
  return q < 0 ? -z : z
}

const centre: Coefficients = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227
]
const belowCentre: Coefficients = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854
]
const middle: Coefficients = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414
]
const belowMiddle: Coefficients = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9
]
const tail: Coefficients = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7
]
const belowTail: Coefficients = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
  1.421511758316446e-7, 2.0442631033899397e-15
]
