/**
 * Eigenvalues of a small symmetric matrix by Jacobi's rotations, for tests alone. A: [n, n], C order; ascending.
 */
export const eigenvalues = (A: Float64Array, n: number): Float64Array => {
  const M = A.slice()
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (M[p * n + q] === 0) continue
        const theta = (M[q * n + q]! - M[p * n + p]!) / (2 * M[p * n + q]!)
        const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const c = 1 / Math.sqrt(tangent * tangent + 1)
        const s = tangent * c
        for (let k = 0; k < n; k++) {
          const [kp, kq] = [M[k * n + p]!, M[k * n + q]!]
          M[k * n + p] = c * kp - s * kq
          M[k * n + q] = s * kp + c * kq
        }
        for (let k = 0; k < n; k++) {
          const [pk, qk] = [M[p * n + k]!, M[q * n + k]!]
          M[p * n + k] = c * pk - s * qk
          M[q * n + k] = s * pk + c * qk
        }
      }
    }
  }
  return Float64Array.from({ length: n }, (_, i) => M[i * n + i]!).sort()
}
