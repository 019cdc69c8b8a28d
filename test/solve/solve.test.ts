/** Solving: certificates, paths, special cases, options. */
import test from 'tape'
import { type Solution, type SolveError, type SolveOptions, solve, solver } from '../../runtime/solve/solve'
import { closedForm } from '../../runtime/weights/closed-form'
import { left, right } from '../support/right'
import { distance, normals, spd } from '../support/systems'
import { holds } from './exact'
import { make } from './families'

const own = solver('cpu')
type Given = { readonly n: number; readonly A: Float64Array; readonly b: Float64Array }

const solved = async (system: Given, options: SolveOptions = {}): Promise<Solution> =>
  right(await own.solve(system, options)())

const refused = async (system: Given, options: SolveOptions = {}): Promise<SolveError> =>
  left(await solve(system, options)())

const product = (A: Float64Array, x: Float64Array): Float64Array =>
  x.map((_, i) => x.reduce((sum, value, j) => sum + A[i * x.length + j]! * value, 0))

const spdSystem = (seed: number, n: number, kappa: number) => {
  const { A } = spd(seed, n, kappa)
  const x = normals(seed + 9, n)
  return { n, A, x, b: product(A, x) }
}

test('positive definite systems of condition number 1 ... 1e14', async (t) => {
  for (const kappa of [1, 2, 5, 30, 100, 300, 1e3, 3e3, 1e4, 1e6, 1e8, 1e10, 1e12, 1e14]) {
    for (const n of [2, 9, 33]) {
      const { A, b } = spdSystem(17, n, kappa)
      const s = await solved({ n, A, b })
      const where = `kappa ${kappa}, n = ${n}: ${s.path} by ${s.model?.name}, ${s.passes} passes`
      t.equal(s.status, 'certified', where)
      t.ok(s.backwardError.normwise <= 1e-14 && holds(A, s.x, b, n, 1e-14), 'to 1e-14, by exact arithmetic')
      if (kappa <= 3e3) t.equal(s.networkSufficed, true, 'the network suffices')
    }
  }
})

test('a larger system whose interval 32 steps do not see', async (t) => {
  const n = 120
  const c = make('spd', 3, n, 2e3)
  const s = await solved(c)
  t.comment(`${s.model?.name}, interval ${s.spectrum?.low.toExponential(1)} ... ${s.spectrum?.high.toPrecision(3)}`)
  t.equal(s.status, 'certified', s.explanation.join(' '))
  t.equal(s.networkSufficed, true, 'the network suffices')
})

test('the condition estimate of the network is that of the factors', async (t) => {
  for (const kappa of [5, 80, 1500]) {
    const n = 24
    const { A, b } = spdSystem(5, n, kappa)
    const [network, factors] = [await solved({ n, A, b }), await solved({ n, A, b }, { maxPasses: 0 })]
    t.deepEqual([network.condition?.how, factors.condition?.how], ['network', 'cholesky'], `kappa ${kappa}`)
    const ratio = network.condition!.scaled / factors.condition!.scaled
    t.ok(ratio > 0.5 && ratio < 2, `scaled, network / factors: ${ratio.toPrecision(3)}`)
    const own = network.condition!.estimate / factors.condition!.estimate
    t.ok(own > 0.3 && own < 3, `of A itself: ${own.toPrecision(3)}`)
  }
})

test('nonsymmetric and indefinite systems go to LU', async (t) => {
  for (const kind of ['nonsymmetric', 'indefinite', 'badlyScaledNonsymmetric']) {
    for (const kappa of [10, 1e7, 1e13]) {
      const c = make(kind, 4, 12, kappa)
      const s = await solved(c)
      t.deepEqual([s.status, s.path, s.classical], ['certified', 'classical', 'lu'], `${kind}, kappa ${kappa}`)
      t.equal(s.networkSufficed, null, 'no network was tried')
    }
  }
})

test('singular systems are never a plain success', async (t) => {
  for (const kind of ['semidefinite', 'lowRank', 'gram', 'dependentRow', 'laplacian']) {
    for (const seed of [3, 4, 6, 25]) {
      for (const n of [2, 5, 20]) {
        const s = await solved(make(kind, seed, n, 1))
        t.equal(s.status, 'singular', `${kind}, n = ${n}, seed ${seed}: scaled condition ${s.condition?.scaled}`)
      }
    }
  }
})

test('a network that solves a consistent singular system does not certify it', async (t) => {
  // Eigenvalues 0 and 1 ... 5; b has no component along the null vector, so the network converges.
  const n = 40
  const c = make('semidefinite', 4, n, 5)
  const s = await solved(c, { model: 'block-linear-3' })
  t.equal(s.status, 'singular', s.explanation.join(' '))
  t.equal(s.networkSufficed, false, 'the network did not suffice')
  t.ok(s.passes > 0, `${s.passes} passes ran`)
})

test('badly scaled systems are solved, in the condition of the scaled matrix', async (t) => {
  for (const seed of [4, 5, 7]) {
    const c = make('badlyScaled', seed, 15, 100)
    const s = await solved(c)
    t.equal(s.status, 'certified', `condition ${s.condition?.estimate.toExponential(1)}, ${s.path}`)
    t.ok(s.condition!.scaled < 1e6, `scaled ${s.condition!.scaled.toExponential(1)}`)
  }
  const far = await solved({ n: 2, A: Float64Array.of(1e300, 0, 0, 1e-300), b: Float64Array.of(1e300, 1e-300) })
  t.equal(far.status, 'certified', 'diag(1e300, 1e-300)')
  t.ok(distance(far.x, Float64Array.of(1, 1)) < 1e-9, 'both unknowns are one')
})

test('b = 0 gives x = 0, exactly, and singular matrices are noticed all the same', async (t) => {
  const { A } = spd(1, 6, 5)
  const s = await solved({ n: 6, A, b: new Float64Array(6) })
  t.equal(s.status, 'certified')
  t.ok(s.x.every((value) => value === 0) && s.backwardError.normwise === 0, 'x = 0, backward error 0')
  const singular = await solved({ n: 2, A: Float64Array.of(1, 1, 1, 1), b: new Float64Array(2) })
  t.equal(singular.status, 'singular', 'of [1 1; 1 1]')
})

test('systems of one and two unknowns', async (t) => {
  const one = await solved({ n: 1, A: Float64Array.of(4), b: Float64Array.of(2) })
  t.ok(one.status === 'certified' && Math.abs(one.x[0]! - 0.5) < 1e-15, '4 x = 2')
  t.ok(Math.abs(one.condition!.estimate - 1) < 1e-3, 'its condition number is one')
  const negative = await solved({ n: 1, A: Float64Array.of(-4), b: Float64Array.of(2) })
  t.deepEqual([negative.status, negative.x[0]], ['certified', -0.5], '-4 x = 2')
  const none = await solved({ n: 1, A: Float64Array.of(0), b: Float64Array.of(2) })
  t.equal(none.status, 'singular', '0 x = 2')
  const two = await solved({ n: 2, A: Float64Array.of(2, 1, 1, 2), b: Float64Array.of(3, 3) })
  // To first order the error is the condition number, 3, times the backward error, twice for A and b.
  const bound = 2 * 3 * (two.backwardError.normwise + two.backwardError.rounding)
  t.ok(two.status === 'certified' && distance(two.x, Float64Array.of(1, 1)) <= bound, '[2 1; 1 2] x = [3, 3]')
})

test('the tolerance decides the path', async (t) => {
  const { A, b, n } = spdSystem(2, 10, 4)
  const loose = await solved({ n, A, b }, { tol: 1e-4 })
  t.deepEqual([loose.status, loose.path, loose.passes], ['certified', 'neural', 1], '1e-4: its own answer')
  const tight = await solved({ n, A, b }, { tol: 1e-12 })
  t.deepEqual([tight.status, tight.path], ['certified', 'refined'], '1e-12: refined')
  const none = await solved({ n, A, b }, { tol: 1e-30 })
  t.equal(none.status, 'not_attained', `1e-30: ${none.explanation.at(-1)}`)
})

test('proposals are labelled', async (t) => {
  const { A, b, n, x } = spdSystem(3, 9, 5)
  const s = await solved({ n, A, b }, { proposeOnly: true })
  t.deepEqual([s.status, s.passes, s.condition], ['proposed', 1, null])
  t.ok(distance(s.x, x) < 1e-4, 'and near the solution')
  const far = await solved(spdSystem(3, 9, 1e9), { proposeOnly: true, model: 'block-linear-3' })
  t.ok(far.status === 'proposed' && far.x.every(Number.isFinite), 'also where they are poor')
  const why = await refused(make('nonsymmetric', 1, 4, 5), { backend: 'cpu', proposeOnly: true })
  t.ok(/not symmetric/.test(why.message), why.message)
})

test('tokens and polynomial agree, and a network of one’s own is taken', async (t) => {
  const { A, b, n } = spdSystem(4, 7, 5)
  const [polynomial, tokens] = [
    await solved({ n, A, b }, { proposeOnly: true }),
    await solved({ n, A, b }, { proposeOnly: true, literal: true })
  ]
  t.equal(tokens.model?.degree, null, 'the tokens ran')
  t.ok(distance(polynomial.x, tokens.x) < 1e-4, `they differ by ${distance(polynomial.x, tokens.x).toExponential(1)}`)
  const literal = await solved({ n, A, b }, { literal: true })
  t.deepEqual([literal.status, literal.networkSufficed], ['certified', true], 'refined tokens are certified')
  const given = await solved({ n, A, b }, { model: right(closedForm({ layers: 2, kappa: 5 })) })
  t.deepEqual([given.status, given.model?.depth], ['certified', 2], given.model?.name)
  const named = await solved({ n, A, b }, { model: 'closed-form-4-kappa-50' })
  t.deepEqual([named.status, named.model?.kappa], ['certified', 50], named.model?.name)
})

test('an interval underestimated on purpose: passes are slow, and the answer says so', async (t) => {
  const { A, b, n } = spdSystem(6, 20, 1e6)
  const s = await solved({ n, A, b }, { model: 'block-linear-3' })
  t.deepEqual([s.status, s.path, s.networkSufficed], ['certified', 'classical', false], s.explanation.join(' '))
})

test('interruption and progress', async (t) => {
  const { A, b, n } = spdSystem(7, 16, 50)
  const controller = new AbortController()
  controller.abort()
  t.equal((await solved({ n, A, b }, { signal: controller.signal })).status, 'interrupted')
  const stages = new Set<string>()
  await solved({ n, A, b }, { onProgress: ({ stage }) => stages.add(stage) })
  t.deepEqual([...stages], ['prepare', 'compile', 'refine', 'condition'], 'stages in order')
})

test('wrong questions are refused in one sentence', async (t) => {
  const A = Float64Array.of(2, 0, 0, 2)
  const b = Float64Array.of(1, 1)
  const nan = Float64Array.of(1, Number.NaN)
  const wrong: readonly (readonly [Given, SolveOptions, string, RegExp])[] = [
    [{ n: 2, A: Float64Array.of(1, 2, 3), b }, {}, 'shape', /not square/],
    [{ n: 2, A, b: Float64Array.of(1) }, {}, 'shape', /b does not fit A/],
    [{ n: 2, A, b: nan }, {}, 'notFinite', /b\[2\] is NaN/],
    [{ n: 2, A: Float64Array.of(1, 0, Infinity, 1), b }, {}, 'notFinite', /A\[2, 1\] is Infinity/],
    [{ n: 2, A, b }, { model: 'nosuch' }, 'model', /no model nosuch/],
    [{ n: 2, A, b }, { model: '/nowhere/x.safetensors' }, 'model', /nowhere/],
    [{ n: 2, A, b }, { backend: 'abacus' }, 'backend', /no such backend/],
    [{ n: 2, A, b }, { backend: 'webgl2' }, 'backend', /webgl2/],
    [{ n: 2, A, b }, { tol: 0 }, 'option', /tol/],
    [{ n: 2, A, b }, { maxN: 1 }, 'size', /above the limit of 1/]
  ]
  for (const [system, options, reason, says] of wrong) {
    const error = await refused(system, options)
    t.equal(error.reason, reason, error.message)
    t.ok(says.test(error.message) && !error.message.includes('\n'), 'one sentence that names it')
  }
})

test.onFinish(() => own.close())
