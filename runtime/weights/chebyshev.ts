/**
 * Chebyshev interpolation on an interval: coefficients by the discrete cosine transform, without the tail of rounding.
 */

// --- model -----------------------------------------------------------------------------------------------------------

export interface Fit {
  /** `c_0 ... c_d` of `p = sum_k c_k T_k`, of the lowest degree that rounding lets through. */
  readonly coefficients: Float64Array
  /** `max |p - f| / max |f|` at points between the nodes. */
  readonly deviation: number
}

export interface FitOptions {
  readonly low: number
  readonly high: number
  /** A bound on the degree of the function. */
  readonly degree: number
  readonly mostNodes: number
  /** Below this deviation no more nodes are tried. */
  readonly tolerance: number
}

// --- constructors ----------------------------------------------------------------------------------------------------

const onInterval = (t: Float64Array, low: number, high: number): Float64Array =>
  t.map((value) => (low + high + (high - low) * value) / 2)

/** The Chebyshev nodes of the first kind on [-1, 1], `cos(pi (j + 1/2) / count)`. */
export const nodes = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, j) => Math.cos((Math.PI * (j + 0.5)) / count))

/** `c_k = (2 / N) sum_j f_j cos(pi k (j + 1/2) / N)`, `c_0` halved: the coefficients through values at N nodes. */
export const transform = (values: Float64Array): Float64Array => {
  const N = values.length
  const cosine = Float64Array.from({ length: 4 * N }, (_, m) => Math.cos((Math.PI * m) / (2 * N)))
  const coefficients = new Float64Array(N)
  for (let k = 0; k < N; k++) {
    let sum = 0
    for (let j = 0; j < N; j++) sum += values[j]! * cosine[(k * (2 * j + 1)) % (4 * N)]!
    coefficients[k] = ((k === 0 ? 1 : 2) / N) * sum
  }
  return coefficients
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** `sum_k c_k T_k(t)` for t in [-1, 1], by Clenshaw's recurrence. */
export const evaluate = (c: Float64Array, t: number): number => {
  let next = 0
  let afterNext = 0
  for (let k = c.length - 1; k >= 1; k--) {
    const now = c[k]! + 2 * t * next - afterNext
    afterNext = next
    next = now
  }
  return (c[0] ?? 0) + t * next - afterNext
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

/**
 * The coefficients without the tail that rounding hides. Beyond index `clean` the coefficients of the function are zero
 * or negligible, so what is found there is the rounding of the values, spread evenly over all coefficients.
 */
const withoutTail = (c: Float64Array, clean: number, size: number): Float64Array => {
  const floor = Math.max(1e-17 * size, 3 * largest(c.subarray(clean + 1)))
  let length = Math.min(clean + 1, c.length)
  while (length > 1 && Math.abs(c[length - 1]!) <= floor) length--
  return c.slice(0, length)
}

// --- fitting ---------------------------------------------------------------------------------------------------------

/**
 * Interpolate a function that is a polynomial of at most the given degree: exactly where that takes few nodes, else with
 * as many nodes as its coefficients need to decay to rounding, doubling until it agrees with the function in between.
 */
export const fit = (f: (lambda: Float64Array) => Float64Array, options: FitOptions): Fit => {
  const { low, high, degree, mostNodes, tolerance } = options
  const spare = 32 // nodes beyond the degree, whose coefficients show the rounding
  const between = Float64Array.from({ length: 65 }, (_, k) => Math.cos((Math.PI * k) / 64 + 0.01)) // no node of ours
  const judges = f(onInterval(between, low, high))

  let count = Math.min(256, degree + 1 + spare)
  for (;;) {
    const values = f(onInterval(nodes(count), low, high))
    const size = largest(values)
    const clean = count > degree ? degree : Math.floor((3 * count) / 4)
    const coefficients = withoutTail(transform(values), clean, size)
    const off = judges.map((value, k) => value - evaluate(coefficients, between[k]!))
    const deviation = size === 0 ? 0 : largest(off) / size
    if (deviation <= tolerance || count > degree || 2 * count > mostNodes) return { coefficients, deviation }
    count = Math.min(2 * count, degree + 1 + spare)
  }
}
