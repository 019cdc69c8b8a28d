import test from 'tape'
import { byCholesky, minimise } from '../../runtime/newton/newton'
import { gradient, hessian, type Objective, residualOf, value } from '../../runtime/newton/objective'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { drawObjective, drawStart } from '../../runtime/sample/newton'
import { Family } from '../../spec'
import { eigenvalues } from '../support/eigenvalues'
import { size } from '../support/systems'

test('general matrices have the singular values of their law', (t) => {
  const n = 6
  for (const structure of ['nonsymmetric', 'indefinite'] as const) {
    const family = Family.general({ kappa: { low: 10, high: 1000 }, sizes: n, structure, spectrum: 'logUniform' })
    const { A, coefficients } = draw(family, Key.key(2), { n, batch: 20 })
    for (let s = 0; s < 20; s++) {
      const own = A.subarray(s * n * n, (s + 1) * n * n)
      const G = new Float64Array(n * n)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) G[i * n + j]! += own[k * n + i]! * own[k * n + j]!
      const squares = eigenvalues(G, n)
      const kappa = Math.sqrt(squares[n - 1]! / squares[0]!)
      const law = coefficients![s]!
      if (!(Math.abs(kappa / law - 1) < 1e-6) || law < 10 || law > 1000) t.fail(`${structure} ${s}: ${kappa}, ${law}`)
    }
    t.pass(`${structure}: condition numbers are those drawn, in their range`)
  }
  t.end()
})

test('noise has the level asked for, and x stays that of the clean system', (t) => {
  const n = 8
  const clean = Family.spd({ kappa: 10, sizes: n })
  const before = draw(clean, Key.key(4), { n, batch: 3 })
  const after = draw(Family.noisy({ A: 1e-2, b: 1e-3 })(clean), Key.key(4), { n, batch: 3 })
  const level = (p: Float64Array, q: Float64Array): number =>
    Math.hypot(...p.map((v, k) => v - q[k]!)) / Math.hypot(...q)
  t.ok(Math.abs(level(after.A.slice(0, 64), before.A.slice(0, 64)) / 1e-2 - 1) < 1e-12, 'on A')
  t.ok(Math.abs(level(after.b.slice(8, 16), before.b.slice(8, 16)) / 1e-3 - 1) < 1e-12, 'on b')
  t.deepEqual(after.x, before.x, 'x')
  t.deepEqual(draw(Family.noisy({})(clean), Key.key(4), { n, batch: 3 }).A, before.A, 'no noise changes nothing')
  t.end()
})

const objective = (p: number): Objective =>
  drawObjective(Family.newton({ sizes: 5, p: [p] }), Key.fold(Key.key(5), p), 5)

test('gradients and Hessians of ||M z - y||_p^p are its derivatives', (t) => {
  for (const p of [3, 4, 6]) {
    const o = objective(p)
    const z = Key.normal(Key.key(6), 5)
    const at = (shift: Float64Array): Float64Array => z.map((v, i) => v + shift[i]!)
    const h = 1e-6
    const g = gradient(o, residualOf(o, z))
    const H = hessian(o, residualOf(o, z))
    for (let i = 0; i < 5; i++) {
      const e = new Float64Array(5).fill(0)
      e[i] = h
      const [up, down] = [residualOf(o, at(e)), residualOf(o, at(e.map((v) => -v)))]
      const slope = (value(o, up) - value(o, down)) / (2 * h)
      if (!(Math.abs(slope - g[i]!) <= 1e-6 * size(g))) t.fail(`p = ${p}, gradient ${i}: ${slope}, ${g[i]}`)
      const [gUp, gDown] = [gradient(o, up), gradient(o, down)]
      for (let j = 0; j < 5; j++) {
        const bend = (gUp[j]! - gDown[j]!) / (2 * h)
        if (!(Math.abs(bend - H[i * 5 + j]!) <= 1e-5 * size(H))) t.fail(`p = ${p}, Hessian ${i},${j}`)
      }
    }
    t.pass(`p = ${p}`)
  }
  t.end()
})

test("Newton's method finds the minimum, and says when its steps do not serve", (t) => {
  for (const p of [3, 4, 6]) {
    const o = objective(p)
    const found = minimise(o, new Float64Array(5), byCholesky, { iterations: 60, tolerance: 1e-10 })
    t.equal(found.status, 'converged', `p = ${p}: ${found.iterations} iterations`)
    const falls = found.history.every((f, k) => k === 0 || f <= found.history[k - 1]!)
    t.ok(falls && found.history.length === found.iterations + 1, 'the objective never rises')
    const nearby = Math.min(
      ...Array.from({ length: 20 }, (_, k) => {
        const shift = Key.normal(Key.fold(Key.key(7), k), 5)
        return value(
          o,
          residualOf(
            o,
            found.z.map((v, i) => v + 1e-2 * shift[i]!)
          )
        )
      })
    )
    t.ok(nearby >= found.objective, 'nothing near is lower')
  }
  const o = objective(4)
  const options = { iterations: 60, tolerance: 1e-10 }
  const wrong = minimise(o, new Float64Array(5), (_, rhs) => ({ s: rhs.map((v) => -v), products: 3 }), options)
  t.deepEqual([wrong.status, wrong.iterations, wrong.products], ['noDescent', 0, 3], 'a step uphill')
  t.equal(minimise(o, new Float64Array(5), () => null, options).status, 'noStep', 'no step')
  t.equal(
    minimise(o, new Float64Array(5), byCholesky, { iterations: 1, tolerance: 1e-10 }).status,
    'maxIterations',
    'too few iterations'
  )
  t.end()
})

test('the laws of M, of the answer and of the start are obeyed', (t) => {
  const [n, key] = [8, Key.key(5)]
  const of = (options: Partial<Family.Newton>): Family.Newton => Family.newton({ sizes: n, ...options })
  const plain = drawObjective(of({ noise: 0 }), key, n)
  const wide = drawObjective(of({ noise: 0, columns: { low: 0.01, high: 100 } }), key, n)
  const factors = Array.from({ length: n }, (_, j) => wide.M[j]! / plain.M[j]!)
  t.ok(Math.min(...factors) >= 0.01 && Math.max(...factors) <= 100, 'columns keep to their range')
  t.ok(Math.max(...factors) / Math.min(...factors) > 100, 'and use it')
  t.ok(
    wide.M.every((each, at) => Math.abs(each - factors[at % n]! * plain.M[at]!) <= 1e-12 * Math.abs(each)),
    'one factor a column'
  )
  const large = drawObjective(of({ noise: 0, answer: 1000 }), key, n)
  t.ok(
    large.y.every((each, k) => Math.abs(each - 1000 * plain.y[k]!) <= 1e-9 * Math.abs(each)),
    'the answer has its size'
  )
  t.ok(
    drawStart(of({}), key, n).every((each) => each === 0),
    'the start is 0'
  )
  const [near, far] = [drawStart(of({ start: 1 }), key, n), drawStart(of({ start: 3 }), key, n)]
  t.ok(
    near.some((each) => each !== 0) && far.every((each, k) => Math.abs(each - 3 * near[k]!) <= 1e-12 * Math.abs(each)),
    'or as far away as its law says'
  )
  const [at, from] = [0, 2].map((start) => draw(of({ start, iterations: 1 }), key, { n, batch: 1 }))
  t.notDeepEqual(from!.A, at!.A, 'which the systems are drawn from')
  t.end()
})

test('Newton systems are those of iterations, scaled, and solved by their answers', (t) => {
  const n = 6
  const family = Family.newton({ sizes: n })
  const { A, x, b, coefficients } = draw(family, Key.key(8), { n, batch: 40 })
  let off = 0
  for (let s = 0; s < 40; s++) {
    const own = A.subarray(s * n * n, (s + 1) * n * n)
    if (Math.max(...own) !== 1) t.fail(`system ${s} is not scaled`)
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let j = 0; j < n; j++) sum += own[i * n + j]! * x[s * n + j]!
      off = Math.max(off, Math.abs(sum - b[s * n + i]!))
    }
  }
  t.ok(off <= 1e-12, `A x = b to ${off}`)
  const exponents = new Set(Array.from({ length: 40 }, (_, s) => coefficients![2 * s]!))
  t.deepEqual([...exponents].sort(), [3, 4, 6], 'every exponent is met')
  t.end()
})
