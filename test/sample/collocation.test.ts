import test from 'tape'
import * as Key from '../../runtime/random/key'
import { differentiation, nodes } from '../../runtime/sample/chebyshev'
import { innerNodes, matrix, solveSystem } from '../../runtime/sample/collocation'
import { draw } from '../../runtime/sample/draw'
import { Family } from '../../spec'
import { eigenvalues } from '../support/eigenvalues'
import { distance } from '../support/systems'

/** `u(x) = (1 - x^2) exp(x)`, zero at both ends, with its first two derivatives. */
const u = (x: number): number => (1 - x * x) * Math.exp(x)
const du = (x: number): number => (1 - 2 * x - x * x) * Math.exp(x)
const ddu = (x: number): number => (-1 - 4 * x - x * x) * Math.exp(x)

interface Problem {
  readonly alpha: number
  readonly omega: number
  readonly beta: number
  readonly rho: number
}

/** The largest error at the nodes of the solution whose right-hand side is made from u. */
const manufactured = (n: number, { alpha, omega, beta, rho }: Problem): number => {
  const w = 2 * Math.PI * omega
  const K = (x: number): number => 1 + alpha * Math.cos(w * x)
  const dK = (x: number): number => -alpha * w * Math.sin(w * x)
  const r = (x: number): number => rho * (1 + 0.5 * Math.cos(w * x))
  const x = innerNodes(n)
  const b = x.map((at) => -(dK(at) * du(at) + K(at) * ddu(at)) + beta * du(at) + r(at) * u(at))
  const found = solveSystem(matrix(n, { K, beta, r }), b)!
  return Math.max(...found.map((value, i) => Math.abs(value - u(x[i]!))))
}

test('the differentiation matrix differentiates polynomials exactly', (t) => {
  const x = nodes(12)
  t.ok(x[0] === 1 && x[11] === -1 && Math.abs(x[3]! + x[8]!) === 0, 'nodes run from 1 to -1, symmetric to the last bit')
  const D = differentiation(12)
  for (const power of [0, 1, 5, 11]) {
    let off = 0
    for (let i = 0; i < 12; i++) {
      let sum = 0
      for (let j = 0; j < 12; j++) sum += D[i * 12 + j]! * x[j]! ** power
      off = Math.max(off, Math.abs(sum - (power === 0 ? 0 : power * x[i]! ** (power - 1))))
    }
    t.ok(off <= 1e-11, `x^${power}: off by ${off}`)
  }
  t.end()
})

test('manufactured solutions are recovered to 1e-10 at n = 64', (t) => {
  const problems: readonly Problem[] = [
    { alpha: 0, omega: 1, beta: 0, rho: 0 },
    { alpha: 0.9, omega: 3, beta: 0, rho: 0 },
    { alpha: 0.6, omega: 1.7, beta: 0, rho: 12 },
    { alpha: 0.6, omega: 1.7, beta: -10, rho: 0 }
  ]
  for (const problem of problems) {
    const off = manufactured(64, problem)
    t.ok(off <= 1e-10, `${JSON.stringify(problem)}: off by ${off}`)
  }
  t.end()
})

test('errors fall exponentially with n', (t) => {
  const problem = { alpha: 0.5, omega: 1, beta: 3, rho: 4 }
  const errors = [8, 16, 24, 32].map((n) => manufactured(n, problem))
  for (let k = 1; k < errors.length; k++) {
    const [before, after] = [errors[k - 1]!, errors[k]!]
    t.ok(after <= Math.max(before / 30, 1e-11), `8 nodes more: ${before} to ${after}`)
  }
  t.ok(errors[0]! > 1e-6, 'few nodes do not suffice')
  t.end()
})

/** The 2-norm condition number, from the eigenvalues of `A^T A` (accurate to about `kappa^2 u` relative). */
const condition = (A: Float64Array, n: number): number => {
  const G = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let k = 0; k < n; k++) sum += A[k * n + i]! * A[k * n + j]!
      G[i * n + j] = sum
    }
  // The least singular value from the inverse, which A^T A would drown.
  const inverse = new Float64Array(n * n)
  for (let j = 0; j < n; j++) {
    const column = solveSystem(
      A,
      Float64Array.from({ length: n }, (_, i) => (i === j ? 1 : 0))
    )!
    for (let i = 0; i < n; i++) inverse[i * n + j] = column[i]!
  }
  const H = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let k = 0; k < n; k++) sum += inverse[k * n + i]! * inverse[k * n + j]!
      H[i * n + j] = sum
    }
  return Math.sqrt(eigenvalues(G, n)[n - 1]! * eigenvalues(H, n)[n - 1]!)
}

test('condition numbers of diffusion at n = 64 are those published', (t) => {
  const n = 64
  const constant = condition(matrix(n, { K: () => 1 }), n)
  t.ok(Math.abs(constant / 3.5e5 - 1) < 0.05, `K = 1: ${constant.toExponential(2)}, 3.5e5`)
  const { A } = draw(Family.diffusion({ sizes: n }), Key.key(1), { n, batch: 31 })
  const kappas = Array.from({ length: 31 }, (_, s) => condition(A.subarray(s * n * n, (s + 1) * n * n), n)).sort(
    (p, q) => p - q
  )
  t.ok(kappas[15]! >= 2e5 && kappas[15]! <= 8e5, `median ${kappas[15]!.toExponential(2)} in [2e5, 8e5]`)
  t.end()
})

test('every collocation family gives systems that their answers solve, by the key alone', (t) => {
  const n = 12
  const families = [
    Family.diffusion({ sizes: n }),
    Family.reactionDiffusion({ sizes: n }),
    Family.advectionDiffusion({ sizes: n })
  ]
  for (const family of families) {
    const few = draw(family, Key.key(3), { n, batch: 2 })
    const many = draw(family, Key.key(3), { n, batch: 5 })
    t.deepEqual(many.A.slice(0, 2 * n * n), few.A, `${Family.show(family)}: a larger batch begins with the smaller`)
    t.equal(many.coefficients!.length, 5 * Family.coefficientsOf(family).length, 'coefficients are all there')
    let off = 0
    for (let s = 0; s < 5; s++) {
      for (let i = 0; i < n; i++) {
        let [sum, size] = [0, 0]
        for (let j = 0; j < n; j++) {
          const term = many.A[(s * n + i) * n + j]! * many.x[s * n + j]!
          sum += term
          size += Math.abs(term)
        }
        off = Math.max(off, Math.abs(sum - many.b[s * n + i]!) / size)
      }
    }
    t.ok(off <= 1e-14, `b = A x, row by row to ${off}`)
    t.ok(distance(many.A.slice(0, n * n), many.A.slice(n * n, 2 * n * n)) > 0.01, 'systems differ')
  }
  t.end()
})
