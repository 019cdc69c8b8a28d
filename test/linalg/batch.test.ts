/**
 * Batches of systems by loops and by straight-line code, and conjugate gradients with a preconditioner that changes.
 */
import fc from 'fast-check'
import test from 'tape'

import { batchCg, batchCholesky, batchLu } from '../../runtime/linalg/batch'
import { cg } from '../../runtime/linalg/cg'
import { norm2 } from '../../runtime/linalg/norms'
import { orthogonal, withSpectrum } from '../../runtime/linalg/orthogonal'
import { dense, dot, matvec } from '../../runtime/linalg/products'
import { residual } from '../../runtime/linalg/residual'
import { mostUnrolled } from '../../runtime/linalg/unrolled'
import * as Key from '../../runtime/random/key'
import { furthest, gaussian, seedArbitrary, spd } from './support'

const batch = 3
const sizes = [1, 2, 3, mostUnrolled.cg, mostUnrolled.cg + 1, mostUnrolled.cholesky, mostUnrolled.cholesky + 1, 24, 37]

const systems = (seed: number, n: number) => {
  const A = new Float64Array(batch * n * n)
  for (let s = 0; s < batch; s++) A.set(spd(seed + s, n), s * n * n)
  return { A, b: gaussian(seed + batch, batch, n) }
}

/** The largest `||b - A x|| / ||b||` of a batch. */
const worst = (A: Float64Array, b: Float64Array, x: Float64Array, n: number): number =>
  Math.max(
    ...Array.from({ length: batch }, (_, s) => {
      const [As, bs, xs] = [
        A.subarray(s * n * n, (s + 1) * n * n),
        b.subarray(s * n, (s + 1) * n),
        x.subarray(s * n, (s + 1) * n)
      ]
      return norm2(residual(As, xs, bs, n)) / norm2(bs)
    })
  )

test('cholesky and LU solve batches of every size, odd and even, unrolled and not', (t) => {
  for (const n of sizes) {
    const { A, b } = systems(n, n)
    const [c, l] = [batchCholesky(A, b, batch, n), batchLu(A, b, batch, n)]
    t.ok(worst(A, b, c.x, n) < 1e-13, `cholesky, n = ${n}`)
    t.ok(worst(A, b, l.x, n) < 1e-13, `LU, n = ${n}`)
    t.deepEqual([...c.failed, ...l.failed], [-1, -1, -1, -1, -1, -1], 'none failed')
  }
  t.end()
})

test('LU pivots, and says where a matrix is singular', (t) => {
  for (const n of [2, 7, 30]) {
    const A = new Float64Array(batch * n * n)
    for (let s = 0; s < batch; s++) A.set(orthogonal(n, Key.key(s)), s * n * n)
    for (let s = 0; s < batch; s++) A[s * n * n] = 0
    const b = gaussian(1, batch, n)
    t.ok(worst(A, b, batchLu(A, b, batch, n).x, n) < 1e-12, `n = ${n}, a zero in the first pivot's place`)
    A.fill(1, n * n, 2 * n * n)
    const spoilt = batchLu(A, b, batch, n)
    t.deepEqual([...spoilt.failed], [-1, 1, -1], 'the column without a pivot')
    t.ok(spoilt.x.subarray(n, 2 * n).every(Number.isNaN), 'its solution is NaN')
  }
  t.end()
})

test('cholesky names the failing pivot at every size', (t) => {
  for (const n of sizes) {
    for (const bad of new Set([0, n >> 1, n - 1])) {
      const { A, b } = systems(n, n)
      const good = batchCholesky(A, b, batch, n)
      A[n * n + bad * n + bad] = bad % 2 === 0 ? -1e6 : Number.NaN
      const { x, failed } = batchCholesky(A, b, batch, n)
      t.deepEqual([...failed], [-1, bad, -1], `n = ${n}, pivot ${bad}`)
      t.ok(x.subarray(n, 2 * n).every(Number.isNaN), 'its solution is NaN')
      t.deepEqual(
        [x.subarray(0, n), x.subarray(2 * n)],
        [good.x.subarray(0, n), good.x.subarray(2 * n)],
        'not the others'
      )
    }
  }
  t.end()
})

test('conjugate gradients of a batch are those of one system', (t) => {
  for (const n of sizes) {
    const { A, b } = systems(n, n)
    const k = Math.min(n, 4)
    const x = batchCg(A, b, batch, n, k)
    for (let s = 0; s < batch; s++) {
      const [As, bs] = [A.slice(s * n * n, (s + 1) * n * n), b.slice(s * n, (s + 1) * n)]
      const one = cg(dense(As, n), bs, { tolerance: 0, maxIterations: k })
      t.ok(furthest(one.x, x.subarray(s * n, (s + 1) * n)) < 1e-11, `n = ${n}, system ${s}`)
    }
  }
  t.end()
})

test('flexible cg: with a fixed preconditioner the same as plain, with a changing one still conjugate', (t) => {
  fc.assert(
    fc.property(seedArbitrary, fc.integer({ min: 2, max: 30 }), (seed, n) => {
      const [A, b] = [spd(seed, n, 1e-3), gaussian(seed + 1, n, 1)]
      const precondition = (x: Float64Array, y: Float64Array) => y.set(x.map((v, i) => v / A[i * n + i]!))
      const options = { tolerance: 1e-9, maxIterations: 3, precondition }
      const [plain, flexible] = [cg(dense(A, n), b, options), cg(dense(A, n), b, { ...options, flexible: true })]
      return furthest(plain.x, flexible.x) <= 1e-7 * norm2(plain.x)
    }),
    { numRuns: 100 }
  )
  // A preconditioner that turns from step to step: plain beta loses conjugacy to the last direction, flexible keeps it.
  const n = 40
  const A = withSpectrum(
    Float64Array.from({ length: n }, (_, i) => 10 ** ((3 * i) / (n - 1))),
    Key.key(1)
  )
  const b = gaussian(2, n, 1)
  const angle = (p: Float64Array, q: Float64Array): number => {
    const [Ap, Aq] = [matvec(A, p, n, n), matvec(A, q, n, n)]
    return Math.abs(dot(p, Aq)) / Math.sqrt(dot(p, Ap) * dot(q, Aq))
  }
  /** The largest `|p . A q|` of two directions in sequence, relative to their A-norms. */
  const conjugacy = (flexible: boolean): number => {
    const directions: Float64Array[] = []
    const watched = (x: Float64Array, y: Float64Array) => {
      directions.push(x.slice())
      matvec(A, x, n, n, y)
    }
    let step = 0
    const precondition = (x: Float64Array, y: Float64Array) => {
      step++
      for (let i = 0; i < n; i++) y[i] = x[i]! * ((i + step) % 3 === 0 ? 4 : 1)
    }
    cg(watched, b, { tolerance: 0, maxIterations: 6, precondition, flexible })
    return Math.max(...[1, 2, 3, 4, 5].map((k) => angle(directions[k - 1]!, directions[k]!)))
  }
  t.ok(conjugacy(true) < 1e-12, 'flexible: every direction is conjugate to the last')
  t.ok(conjugacy(false) > 1e-3, 'plain: not so')
  t.end()
})
