/**
 * Random orthogonal bases.
 */
import * as Key from '../random/key'

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!
  return sum
}

/**
 * The rows of a random orthogonal matrix [n, n], uniform in the sense of Haar: normal numbers, orthogonalised row by row
 * (Gram and Schmidt, twice: "twice is enough", Giraud et al. 2005, for orthogonality to rounding).
 */
export const orthogonal = (key: Key.Key, n: number): Float64Array => {
  const Q = Key.normal(key, n * n)
  for (let i = 0; i < n; i++) {
    const row = Q.subarray(i * n, (i + 1) * n)
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        const other = Q.subarray(k * n, (k + 1) * n)
        const along = dot(row, other)
        for (let c = 0; c < n; c++) row[c]! -= along * other[c]!
      }
    }
    const length = Math.sqrt(dot(row, row))
    for (let c = 0; c < n; c++) row[c]! /= length
  }
  return Q
}
