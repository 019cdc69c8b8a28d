import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test from 'tape'

import { plan } from '../../codegen/compile'
import { open } from '../../runtime/backends/open'
import { measure } from '../../runtime/checkpoint/card'
import { type Checkpoint, read, toBytes } from '../../runtime/checkpoint/checkpoint'
import { ofTrained } from '../../runtime/checkpoint/trained'
import { interpretBatch } from '../../runtime/interpreter/interpret'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { firstDamping } from '../../runtime/train/levenberg-marquardt'
import { follow, type TrainState } from '../../runtime/train/train'
import { specialise } from '../../runtime/weights/specialise'
import { Family, type Recipe, RecipeJson, Zoo } from '../../spec'
import { right, typed } from '../support/right'

const place = (name: string): string => fileURLToPath(new URL(`../../checkpoints/${name}.safetensors`, import.meta.url))

const load = async (name: string): Promise<Checkpoint> => right(await read(place(name))())

/** The run at the beginning of one of its independent starts. */
const atStart = ({ seed, weights }: Checkpoint, start: number): TrainState => ({
  seed,
  backend: 'javascript',
  threads: 1,
  data: null,
  ahead: 0,
  stage: 0,
  start,
  iteration: 0,
  draw: 0,
  accepted: 0,
  stale: 0,
  damping: firstDamping,
  loss: Number.POSITIVE_INFINITY,
  weights,
  base: null,
  best: null,
  moments: {}
})

/** From a start at or before the one that won: the whole recipe takes the time of all its starts. */
const shipped: readonly (readonly [Recipe.Recipe, number])[] = [
  [Zoo.blockLinear3, 0],
  [Zoo.blockLinear4Universal, 7]
]

for (const [recipe, start] of shipped) {
  test(`${recipe.name} is what its recipe gives`, async (t) => {
    const checkpoint = await load(recipe.name)
    t.deepEqual(
      RecipeJson.encodeRecipe(checkpoint.recipe!),
      RecipeJson.encodeRecipe(recipe),
      'the recipe is the one here'
    )
    const from = start === 0 ? {} : { resume: atStart(checkpoint, start) }
    const result = right(await follow(recipe, from)())
    t.deepEqual(result.weights, checkpoint.weights, 'and gives these weights, to the last bit')
    t.equal(result.loss, checkpoint.loss, `with this loss, ${result.loss}`)
    const row = checkpoint.card!.measured.find((m) => m.n === 9)!
    const options = {
      kappas: [row.kappa!],
      sizes: [9],
      spectrum: (recipe.valid as Family.Spd).spectrum,
      systems: 1000,
      seed: 0
    }
    t.deepEqual(right(measure(typed(recipe.model), checkpoint.weights, options)), [row], 'its card is right')
    t.end()
  })
}

test('the whole recipe gives the whole file', async (t) => {
  const made = right(ofTrained(Zoo.blockLinear2, right(await follow(Zoo.blockLinear2)())))
  const file = await readFile(place('block-linear-2'))
  t.ok(file.equals(right(toBytes('block-linear-2', made))), 'block-linear-2, byte for byte')
  t.end()
})

const long = process.env['ANSATZ_LONG'] === '1' ? false : 'takes a minute: set ANSATZ_LONG=1'

test('the recipe that follows an optimum from condition number 30 gives its file', { skip: long }, async (t) => {
  const made = right(ofTrained(Zoo.blockLinear3Blocks2, right(await follow(Zoo.blockLinear3Blocks2)())))
  const file = await readFile(place('block-linear-3-blocks2'))
  t.ok(file.equals(right(toBytes('block-linear-3-blocks2', made))), 'block-linear-3-blocks2, byte for byte')
  t.end()
})

test('three layers are the best polynomials of their degree, by literal tokens at n = 9 and 64', async (t) => {
  for (const [recipe, degree, most] of [
    [Zoo.blockLinear3, 24, 2e-20],
    [Zoo.blockLinear3Blocks2, 26, 1e-21]
  ] as const) {
    const { weights } = await load(recipe.name)
    const bound = 1 / Math.cosh(degree * Math.acosh(1.5)) // the largest residual of the Chebyshev polynomial
    const options = { kappas: [5], sizes: [9, 64], spectrum: 'uniform' as const, systems: 60, seed: 7 }
    for (const { n, mse } of right(measure(typed(recipe.model), weights, options))) {
      t.ok(mse <= most, `${recipe.name}, n = ${n}: ${mse.toExponential(2)}`)
      t.ok(mse < bound ** 2, `below the square of 1/T_${degree}, ${(bound ** 2).toExponential(1)}`)
    }
  }
  t.end()
})

test('the mean square errors that are promised, in float64', async (t) => {
  for (const [recipe, kappas, most] of [
    [Zoo.blockLinear2, [5], 5e-7],
    [Zoo.blockLinear3, [5], 2e-20],
    [Zoo.blockLinear3Blocks2, [5], 1e-21],
    [Zoo.blockLinear4Universal, [1, 3, 10, 30, 100], 1e-12]
  ] as const) {
    const { weights } = await load(recipe.name)
    const options = { kappas, sizes: [2, 9, 16], spectrum: 'uniform' as const, systems: 100, seed: 5 }
    for (const m of right(measure(typed(recipe.model), weights, options))) {
      t.ok(m.mse <= most, `${recipe.name}, kappa ${m.kappa}, n = ${m.n}: ${m.mse.toExponential(1)}`)
    }
  }
  t.end()
})

test('the layer interpreter agrees', async (t) => {
  const { model, weights } = await load('block-linear-3')
  const { A, b, x } = draw(Family.spd({ kappa: 5, sizes: 9 }), Key.key(1), { n: 9, batch: 20 })
  const answer = interpretBatch(typed(model), weights, { n: 9, batch: 20, A, b })
  const mse = answer.reduce((sum, v, k) => sum + (v - x[k]!) ** 2, 0) / x.length
  t.ok(mse <= 2e-20, `${mse.toExponential(1)}`)
  t.end()
})

test('the weights bear float32 tokens', async (t) => {
  const runtime = right(await open('cpu')())
  for (const [recipe, kappa, most] of [
    [Zoo.blockLinear2, 5, 5e-7],
    [Zoo.blockLinear3, 5, 1e-12],
    [Zoo.blockLinear3Blocks2, 5, 1e-11],
    [Zoo.blockLinear4Universal, 5, 1e-9],
    [Zoo.blockLinear4Universal, 100, 1e-8]
  ] as const) {
    const { weights } = await load(recipe.name)
    for (const n of [2, 9, 32]) {
      const batch = n === 32 ? 6 : 50
      const { A, b, x } = draw(Family.spd({ kappa, sizes: n }), Key.key(n), { n, batch })
      const program = right(plan(runtime.target, { _tag: 'forward' }, typed(recipe.model), { n, batch }))
      const executable = right(await runtime.compile(program)())
      right(executable.load(Object.fromEntries(Object.entries(weights).map(([k, v]) => [k, Float32Array.from(v)]))))
      const data = { A: Float32Array.from(A), b: Float32Array.from(b) }
      const answer = right(await executable.run(data)())['x']!
      const mse = answer.reduce((sum, v, k) => sum + (v - x[k]!) ** 2, 0) / x.length
      t.ok(mse <= most, `${recipe.name}, kappa ${kappa}, n = ${n}: ${mse.toExponential(1)}`)
    }
  }
  await runtime.close()
  t.end()
})

test('they are polynomials in A', async (t) => {
  for (const [name, kappa, degree] of [
    ['block-linear-2', 5, 7],
    ['block-linear-3', 5, 23],
    ['block-linear-3-blocks2', 5, 25],
    ['block-linear-4-universal', 100, 79]
  ] as const) {
    const { model, weights } = await load(name)
    const ends = { low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) }
    const special = right(specialise({ model, weights, ...ends }))
    const found = special.weights['chebyshev.coefficients']!.length - 1
    t.ok(found <= degree, `${name}: ${found} products, deviation ${special.deviation.toExponential(1)}`)
  }
  t.end()
})
