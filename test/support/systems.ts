/**
 * Random numbers and systems for tests, independent of the product's own generator and sampler.
 */

/** Numbers in [0, 1) from a seed: a Weyl sequence through a mixing function of 32 bits. */
export const uniforms = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

/** `count` standard normal numbers (Box and Muller). */
export const normals = (seed: number, count: number): Float64Array => {
  const next = uniforms(seed)
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  )
}

export interface Spectral {
  readonly n: number
  /** Ascending. */
  readonly eigenvalues: Float64Array
  /** Eigenvector k is row k of this [n, n] array. */
  readonly eigenvectors: Float64Array
  /** [n, n], symmetric positive definite, in C order. */
  readonly A: Float64Array
}

/** Rows of an orthogonal [n, n] matrix: normal numbers, orthogonalised twice. */
const orthogonal = (seed: number, n: number): Float64Array => {
  const rows = normals(seed, n * n)
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * n, (i + 1) * n)
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        const other = rows.subarray(k * n, (k + 1) * n)
        const along = row.reduce((sum, v, c) => sum + v * other[c]!, 0)
        for (let c = 0; c < n; c++) row[c]! -= along * other[c]!
      }
    }
    const length = Math.hypot(...row)
    for (let c = 0; c < n; c++) row[c]! /= length
  }
  return rows
}

/** A system of condition number `kappa` with spectrum in `[2/(1+kappa), 2 kappa/(1+kappa)]`, both ends hit (n >= 2). */
export const spd = (seed: number, n: number, kappa: number): Spectral => {
  const next = uniforms(seed + 1)
  const spread = Float64Array.from({ length: n }, (_, k) =>
    k === 0 ? 1 : k === n - 1 ? kappa : 1 + (kappa - 1) * next()
  )
  const eigenvalues = spread.map((value) => (2 * value) / (1 + kappa)).sort()
  const eigenvectors = orthogonal(seed, n)
  const A = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = 0; k < n; k++) sum += eigenvalues[k]! * eigenvectors[k * n + i]! * eigenvectors[k * n + j]!
      A[i * n + j] = sum
      A[j * n + i] = sum
    }
  }
  return { n, eigenvalues, eigenvectors, A }
}

/** The largest absolute difference of two arrays. */
export const distance = (a: Float64Array, b: Float64Array): number =>
  a.length === b.length ? a.reduce((most, value, k) => Math.max(most, Math.abs(value - b[k]!)), 0) : Number.NaN

/** The largest absolute value. */
export const size = (a: Float64Array): number => a.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
