/** Batched Cholesky and conjugate gradients in lanes against float64, at every remainder, and where they must fail. */
import test from 'tape'

import { cgProgram, choleskyProgram } from '../../codegen/targets/wasm/classical/program'
import { batchCg, batchCholesky } from '../../runtime/linalg/batch'
import { withSpectrum } from '../../runtime/linalg/orthogonal'
import * as Key from '../../runtime/random/key'
import { batchSolver } from '../../runtime/wasm/classical'
import { groups } from '../../runtime/wasm/lanes'
import { left, right } from '../support/right'

const u = 2 ** -24

/** Matrices with eigenvalues spread over [1 / kappa, 1], both ends hit; the first right-hand side is plain noise. */
const systems = (n: number, batch: number, kappa: number) => {
  const A = new Float64Array(batch * n * n)
  for (let s = 0; s < batch; s++) {
    const key = Key.fold(Key.fold(Key.key(3), n), s)
    const places = Key.uniform(Key.fold(key, 'places'), n)
    const spectrum = places.map((p, k) => kappa ** -(k === 0 ? 0 : k === 1 ? 1 : p))
    A.set(withSpectrum(spectrum, key), s * n * n)
  }
  return { A: A.map(Math.fround), b: Key.normal(Key.fold(Key.key(4), n), batch * n).map(Math.fround) }
}

/** The largest `||x - y|| / ||y||` of any system. */
const apart = (x: ArrayLike<number>, y: ArrayLike<number>, n: number, batch: number): number => {
  let worst = 0
  for (let s = 0; s < batch; s++) {
    let [difference, size] = [0, 0]
    for (let i = s * n; i < (s + 1) * n; i++) {
      difference += ((x[i] ?? Number.NaN) - (y[i] ?? Number.NaN)) ** 2
      size += (y[i] ?? 0) ** 2
    }
    const own = Math.sqrt(difference / size)
    worst = own <= worst ? worst : own
  }
  return worst
}

const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 16, 17, 22, 31, 32, 33, 63, 64, 66, 127, 130]

test('Cholesky in lanes', (t) => {
  for (const n of sizes) {
    for (const [batch, kappa] of [
      [7, 5],
      [1, 1000]
    ] as const) {
      const { A, b } = systems(n, batch, kappa)
      const want = batchCholesky(A, b, batch, n)
      const { x, failed } = groups(choleskyProgram(n, 4)).run({ A, b })
      const error = apart(x as Float32Array, want.x, n, batch)
      t.ok(error <= (8 + 2 * Math.sqrt(n)) * u * kappa, `n = ${n}, ${batch} systems, condition ${kappa}: ${error}`)
      t.deepEqual([...(failed as Float32Array)], Array(batch).fill(-1), 'no pivot failed')
    }
  }
  t.end()
})

test('conjugate gradients in lanes', (t) => {
  for (const n of sizes) {
    const batch = 6
    const { A, b } = systems(n, batch, 5)
    const solver = groups(cgProgram(n, 4))
    for (const steps of [1, 3, 8]) {
      solver.load({ steps: Float32Array.of(steps) })
      const { x, failed } = solver.run({ A, b })
      // Where n iterations suffice, float32 goes on with rounding errors that float64 does not have.
      const want = steps < n ? batchCg(A, b, batch, n, steps) : batchCholesky(A, b, batch, n).x
      const error = apart(x as Float32Array, want, n, batch)
      t.ok(error <= 64 * Math.sqrt(n) * u, `n = ${n}, ${steps} iterations: ${error}`)
      t.deepEqual([...(failed as Float32Array)], Array(batch).fill(-1), 'no curvature failed')
    }
  }
  t.end()
})

test('what is not positive definite is reported for its system alone', (t) => {
  for (const n of [2, 5, 9, 16, 33]) {
    const batch = 9
    const { A, b } = systems(n, batch, 5)
    const at = (s: number, i: number, j: number): number => (s * n + i) * n + j
    A[at(0, 0, 0)] = -1
    A[at(3, n - 1, n - 1)] = -2
    A[at(5, 1, 1)] = Number.NaN
    A[at(7, 0, 0)] = Number.POSITIVE_INFINITY
    const { x, failed } = groups(choleskyProgram(n, 4)).run({ A, b })
    const want = batchCholesky(A, b, batch, n)
    t.deepEqual([...(failed as Float32Array)], [...want.failed], `n = ${n}: the pivots of float64`)
    for (let s = 0; s < batch; s++) {
      const own = (x as Float32Array).subarray(s * n, (s + 1) * n)
      const bad = (failed as Float32Array)[s] !== -1
      t.equal(
        own.every((v) => Number.isNaN(v)),
        bad,
        `system ${s} is ${bad ? 'not a number' : 'solved'}`
      )
      if (!bad) t.ok(apart(own, want.x.subarray(s * n, (s + 1) * n), n, 1) < 200 * u, 'and as accurate as alone')
    }
    const cg = groups(cgProgram(n, 4))
    cg.load({ steps: Float32Array.of(n) })
    const reported = [...(cg.run({ A, b })['failed'] as Float32Array)].map((f) => f >= 0)
    t.ok(reported[5] && reported[7] && !reported[1] && !reported[2], 'conjugate gradients report what is not finite')
    const minus = A.slice()
    for (let k = 0; k < n * n; k++) minus[4 * n * n + k] = -(minus[4 * n * n + k] as number)
    t.equal(cg.run({ A: minus, b })['failed']?.[4], 0, 'and negative curvature at once')
  }
  t.end()
})

test('right-hand sides of any size', (t) => {
  const [n, batch] = [6, 5]
  const { A, b } = systems(n, batch, 5)
  const cg = groups(cgProgram(n))
  cg.load({ steps: Float32Array.of(n) })
  const want = cg.run({ A, b })['x']?.slice()
  for (const scale of [2 ** -100, 2 ** 100]) {
    const { x } = cg.run({ A, b: b.map((v) => v * scale) })
    t.deepEqual(
      [...(x as Float32Array)].map((v) => v / scale),
      [...(want as Float32Array)],
      `times ${scale}`
    )
  }
  const zero = cg.run({ A, b: b.map(() => 0) })
  t.ok([...(zero['x'] as Float32Array)].every((v) => v === 0) && zero['failed']?.[0] === -1, 'x = 0 for b = 0')
  t.end()
})

test('solvers for batches', (t) => {
  const [n, batch] = [9, 50]
  const { A, b } = systems(n, batch, 5)
  A[3 * n * n] = -1
  for (const threads of [1, 2]) {
    const solver = right(batchSolver(n, { _tag: 'cholesky' }, { threads }))
    const { x, failed } = right(solver.solve(A, b))
    t.deepEqual(
      [...failed],
      [...Array(batch).keys()].map((s) => (s === 3 ? 0 : -1)),
      `${threads} threads: failures`
    )
    t.ok(Number.isNaN(x[3 * n]), 'no answer for the system that fails')
    t.deepEqual(right(solver.solve(A.subarray(0, 0), b.subarray(0, 0))).x.length, 0, 'no systems, no answers')
    t.match(
      left(solver.solve(A, b.subarray(1))),
      /expected batch \* 81 numbers in A and batch \* 9 in b/,
      'wrong sizes'
    )
    solver.close()
  }
  const cg = right(batchSolver(n, { _tag: 'conjugateGradients', iterations: 9 }))
  const want = batchCholesky(A, b, batch, n).x
  const own = right(cg.solve(A, b))
  t.ok(apart(own.x.subarray(4 * n), want.subarray(4 * n), n, batch - 4) < 200 * u, 'conjugate gradients agree')
  t.equal(own.failed[3] === -1, false, 'and report what is not positive definite')
  t.match(left(batchSolver(0, { _tag: 'cholesky' })), /1 to 1024 unknowns/, 'no unknowns')
  t.match(left(batchSolver(9, { _tag: 'conjugateGradients', iterations: 0 })), /iterations above 0/, 'no iterations')
  t.match(left(batchSolver(9, { _tag: 'cholesky' }, { threads: 0.5 })), /threads/, 'half a thread')
  t.end()
})
