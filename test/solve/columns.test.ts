/** Solving with a network that reads columns: any square matrix of its size, inside its family and outside of it. */
import test from 'tape'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { outside } from '../../runtime/solve/outside'
import { type Solution, type SolveOptions, solve, solver } from '../../runtime/solve/solve'
import { follow } from '../../runtime/train/train'
import { Family, Recipe, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'
import { distance, normals } from '../support/systems'
import { randomWeights } from '../support/weights'

const n = 3
const family = Family.general({ structure: 'nonsymmetric', kappa: { low: 1, high: 1.5 }, sizes: n })
const recipe = Recipe.make({
  name: 'small',
  model: Zoo.algebraformer({ n, width: 16, blocks: 2, heads: 2, equilibrate: 1, std: 0.2 }),
  start: Recipe.random(),
  stages: [
    Recipe.adam({ family, steps: 500, batch: 32, rate: { peak: 5e-3, warmup: 30, decay: 'cosine' }, weightDecay: 0.01 })
  ],
  seed: 1,
  valid: family
})

const trained = follow(recipe, { backend: 'wasm' })()
const given = async () => {
  const { weights } = right(await trained)
  return { model: recipe.model, weights, valid: family }
}

const own = solver('cpu')
const solved = async (
  system: { readonly A: Float64Array; readonly b: Float64Array },
  options: SolveOptions = {}
): Promise<Solution> => right(await own.solve({ n, A: system.A, b: system.b }, { model: await given(), ...options })())

const inside = (seed: number, batch = 1) => draw(family, Key.key(seed), { n, batch })
const off = (A: Float64Array, x: Float64Array, b: Float64Array): number =>
  distance(
    Float64Array.from(b, (_, i) => x.reduce((sum, v, j) => sum + A[i * n + j]! * v, 0)),
    b
  )

test('inside its family: proposed in float32, refined and certified in float64', async (t) => {
  for (const seed of [2, 3, 4]) {
    const { A, b, x } = inside(seed)
    const s = await solved({ A, b })
    t.deepEqual([s.status, s.path, s.networkSufficed], ['certified', 'refined', true], s.explanation.join(' '))
    t.ok(s.backwardError.normwise <= 1e-14 && distance(s.x, x) < 1e-12, `${s.passes} passes, to all digits`)
    t.deepEqual([s.classical, s.condition?.how, s.spectrum], [null, 'lu', null], 'only its condition is from factors')
    t.match(s.model?.trainedOn ?? '', /^nonsymmetric, kappa \[1, 1.5\], n 3/, 'says what it was trained on')
    t.notOk(
      s.explanation.some((line) => /not trained/.test(line)),
      'and nothing against it'
    )
  }
})

test('its own answer, unrefined', async (t) => {
  const { A, b, x } = inside(5)
  const s = await solved({ A, b }, { proposeOnly: true })
  t.deepEqual([s.status, s.path, s.passes, s.networkSufficed], ['proposed', 'neural', 1, null], s.explanation[0])
  const error = distance(s.x, x) / Math.max(...x.map(Math.abs))
  t.ok(error > 1e-6 && error < 0.5, `relative error ${error.toPrecision(2)}`)
  const b2 = b.map((v) => 1024 * v)
  const scaled = await solved({ A, b: b2 }, { proposeOnly: true })
  t.ok(
    distance(
      scaled.x,
      s.x.map((v) => 1024 * v)
    ) <=
      1e-5 * 1024,
    'grows with b'
  )
})

test('outside of it: factors solve, and the solution says that it was not trained for such systems', async (t) => {
  const far = draw(Family.general({ structure: 'nonsymmetric', kappa: 1e4, sizes: n }), Key.key(6), { n, batch: 1 })
  const s = await solved(far)
  t.deepEqual([s.status, s.path, s.classical, s.networkSufficed], ['certified', 'classical', 'lu', false])
  const said = s.explanation.join(' ')
  t.match(said, /was not enough: its passes/, said)
  t.match(said, /It was trained on nonsymmetric.*; A has a condition number of about .*: it was not trained for such/)
  const singular = await solved({ A: Float64Array.of(1, 2, 3, 2, 4, 6, 1, 0, 1), b: normals(1, n) })
  t.equal(singular.status, 'singular', singular.explanation.join(' '))
  const empty = await solved({ A: Float64Array.of(1, 2, 3, 0, 0, 0, 1, 0, 1), b: normals(1, n) })
  t.equal(empty.status, 'singular', empty.explanation.join(' '))
  t.match(empty.explanation[0] ?? '', /No network was tried: A has nothing but zeros in row 2/)
  const zero = await solved({ A: far.A, b: new Float64Array(n) })
  t.ok(
    zero.x.every((v) => v === 0),
    'b = 0 has the answer 0'
  )
})

test('scales of equations make no difference, up to the ends of float64', async (t) => {
  const { A, b } = inside(7)
  const plain = await solved({ A, b })
  for (const [k, scale] of [2 ** 900, 2 ** -900, 1].entries()) {
    const rows = [scale, 1, 2 ** (10 * k)]
    const system = { A: A.map((a, p) => a * rows[Math.floor(p / n)]!), b: b.map((v, i) => v * rows[i]!) }
    const s = await solved(system)
    t.deepEqual([s.status, s.path], ['certified', 'refined'], `row 1 times ${scale}, ${s.passes} passes`)
    t.ok(distance(s.x, plain.x) < 1e-12, 'the same answer')
  }
})

test('batches, of many matrices and of one', async (t) => {
  const batch = 20
  const { A, b } = inside(8, batch)
  const model = await given()
  const many = right(await own.solveBatch({ n, batch, A, b }, { model })())
  const alone = await solved({ A: A.slice(0, n * n), b: b.slice(0, n) })
  t.ok(
    many.every((s) => s.status === 'certified'),
    'all certified'
  )
  t.ok(many.filter((s) => s.networkSufficed).length >= batch - 2, 'nearly all by the network')
  t.ok(distance(many[0]!.x, alone.x) < 1e-13, 'as alone')
  const one = right(await own.solveBatch({ n, batch, A: A.slice(0, n * n), b }, { model })())
  t.ok(
    one.every((s) => s.status === 'certified'),
    'many right-hand sides of one matrix'
  )
  for (const k of [0, batch - 1])
    t.ok(off(A.slice(0, n * n), one[k]!.x, b.slice(k * n, (k + 1) * n)) < 1e-13, `${k + 1}`)
})

test('another size is refused with a sentence', async (t) => {
  const wrong = left(
    await solve({ n: 2, A: Float64Array.of(1, 0, 0, 1), b: Float64Array.of(1, 1) }, { model: await given() })()
  )
  t.equal(wrong.reason, 'model')
  t.match(wrong.message, /is made for systems of 3 unknowns, found 2; leave the model out, or train one for n = 2$/)
})

test('a network that takes systems as they are, and is of no use, does no harm', async (t) => {
  const model = Zoo.lstm({ n, width: 4, layers: 1 })
  const source = { model, weights: randomWeights(typed(model), n, 3, 0.3) }
  const { A, b } = inside(9)
  const s = await solved({ A, b }, { model: source })
  t.deepEqual([s.status, s.path, s.networkSufficed], ['certified', 'classical', false], s.explanation.join(' '))
  t.equal(s.model?.trainedOn, null, 'nobody knows what it was trained on')
  const huge = await solved({ A: A.map((a) => a * 1e60), b }, { model: source })
  t.deepEqual([huge.status, huge.path], ['certified', 'classical'])
  t.match(huge.explanation[0] ?? '', /A or b has entries beyond float32/)
  await own.close()
})

test('what tells a matrix apart from those of a family', (t) => {
  const one = (f: Family.Family, n: number, seed = 3) => ({
    ...draw(f, Key.key(seed), { n, batch: 1 }),
    condition: null
  })
  const families = [
    Family.spd({ kappa: 10, sizes: 8 }),
    Family.general({ structure: 'indefinite', kappa: 10, sizes: 8 }),
    Family.diffusion({ sizes: 8 }),
    Family.reactionDiffusion({ sizes: 8 }),
    Family.advectionDiffusion({ sizes: 8 }),
    Family.newton({ sizes: 8 }),
    Family.noisy({ A: 1e-3 })(Family.diffusion({ sizes: 8 }))
  ]
  for (const f of families) {
    for (const seed of [1, 2, 3]) t.equal(outside(f, one(f, 8, seed)), null, `${Family.show(f)}: its own`)
    t.equal(outside(f, one(f, 7)), 'has 7 unknowns', 'another size')
    const random = { A: normals(9, 64), n: 8, condition: null }
    t.match(outside(f, random) ?? '', /^is (not symmetric|the matrix of no such problem)$/, 'a random matrix')
  }
  const [diffusion, reaction, advection] = families.slice(2, 5)
  t.equal(outside(diffusion!, one(advection!, 8)), 'is the matrix of no such problem', 'advection is no diffusion')
  t.equal(outside(diffusion!, one(reaction!, 8)), 'is the matrix of no such problem', 'reaction neither')
  const steep = Family.diffusion({ sizes: 8, alpha: { low: 0.5, high: 0.5 } })
  const flat = Family.diffusion({ sizes: 8, alpha: { low: 0, high: 0.1 } })
  t.match(outside(flat, one(steep, 8)) ?? '', /^belongs to a coefficient K\(x\) that takes the value /, 'too steep a K')
  t.end()
})
