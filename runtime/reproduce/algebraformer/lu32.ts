/**
 * LU with partial pivoting in float32, every operation rounded, on many systems: what a network in float32 is compared with.
 */
import type { Sample } from '../../sample/sample'

const { fround, abs } = Math

/** The answer of one system by Gaussian elimination; NaN where a pivot is zero. A and b are overwritten. */
const solve = (A: Float32Array, b: Float32Array, n: number, x: Float32Array): void => {
  for (let c = 0; c < n; c++) {
    let pivot = c
    for (let i = c + 1; i < n; i++) if (abs(A[i * n + c]!) > abs(A[pivot * n + c]!)) pivot = i
    for (let j = 0; j < n; j++) [A[c * n + j], A[pivot * n + j]] = [A[pivot * n + j]!, A[c * n + j]!]
    ;[b[c], b[pivot]] = [b[pivot]!, b[c]!]
    for (let i = c + 1; i < n; i++) {
      const l = fround(A[i * n + c]! / A[c * n + c]!)
      for (let j = c + 1; j < n; j++) A[i * n + j] = A[i * n + j]! - fround(l * A[c * n + j]!)
      b[i] = b[i]! - fround(l * b[c]!)
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]!
    for (let j = i + 1; j < n; j++) sum = fround(sum - fround(A[i * n + j]! * x[j]!))
    x[i] = sum / A[i * n + i]!
  }
}

/** x: [batch, n]. */
export const lu32 = ({ A, b, batch, n }: Sample): Float32Array => {
  const x = new Float32Array(batch * n)
  for (let s = 0; s < batch; s++) {
    const own = Float32Array.from(A.subarray(s * n * n, (s + 1) * n * n))
    solve(own, Float32Array.from(b.subarray(s * n, (s + 1) * n)), n, x.subarray(s * n, (s + 1) * n))
  }
  return x
}
