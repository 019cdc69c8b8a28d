/**
 * The report on Algebraformer: competitors on systems with known answers, costs, the clock, and the quick run of every row.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { batchLu } from '../../runtime/linalg/batch'
import * as Key from '../../runtime/random/key'
import {
  byAll,
  byB,
  byCoefficients,
  byCoefficientsAndB,
  byProducts,
  competitors,
  mean,
  nearest,
  ridge
} from '../../runtime/reproduce/algebraformer/competitors'
import { algebraformerReport } from '../../runtime/reproduce/algebraformer/index'
import { judgeRun, withRuntime } from '../../runtime/reproduce/algebraformer/judged'
import { lu32 } from '../../runtime/reproduce/algebraformer/lu32'
import { parity } from '../../runtime/reproduce/algebraformer/transfer'
import { meanSquare } from '../../runtime/reproduce/answers'
import { budgetOf, operationsOf, stepOperations } from '../../runtime/reproduce/cost'
import { trainer } from '../../runtime/reproduce/keep'
import { results as schema } from '../../runtime/reproduce/results'
import { remaining } from '../../runtime/reproduce/time-left'
import { draw } from '../../runtime/sample/draw'
import type { Sample } from '../../runtime/sample/sample'
import { batches, stageKey, trainedOn } from '../../runtime/train/batches'
import { count } from '../../runtime/weights/weights'
import { RecipeJson } from '../../spec'
import * as F from '../../spec/family'
import { architectures, onDiffusion, settings, tunedOn } from '../../spec/zoo/algebraformer-recipes'
import { ansatz, root } from '../cli/run'
import { right, typed } from '../support/right'

mkdirSync(path.join(root, '.scratch'), { recursive: true })
const scratch = mkdtempSync(path.join(root, '.scratch/algebraformer-'))
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))

// --- competitors -----------------------------------------------------------------------------------------------------

const n = 3

/** Systems whose answers a rule makes of one coefficient u in [0, 1] and b. */
const ruled = (seed: number, batch: number, rule: (u: number, b: Float64Array) => readonly number[]): Sample => {
  const key = Key.key(seed)
  const b = Key.normal(Key.fold(key, 'b'), batch * n)
  const coefficients = Key.uniform(Key.fold(key, 'u'), batch)
  const x = Float64Array.from(Array.from(coefficients, (u, s) => rule(u, b.subarray(s * n, (s + 1) * n))).flat())
  return { n, batch, A: Key.normal(Key.fold(key, 'A'), batch * n * n), b, x, coefficients }
}

test('the mean answers with the mean', (t) => {
  const sample: Sample = {
    n: 2,
    batch: 2,
    A: new Float64Array(8),
    b: new Float64Array(4),
    x: Float64Array.of(1, 2, 3, 6),
    coefficients: Float64Array.of(0, 1)
  }
  t.deepEqual([...mean(sample).answer(sample)], [2, 4, 2, 4])
  t.end()
})

test('ridge regression finds linear answers, and no others', (t) => {
  const linear = (_: number, b: Float64Array) => [2 * b[0]! - b[2]!, b[1]! + 0.5, -3 * b[2]!]
  const bilinear = (u: number, b: Float64Array) => [u * b[0]!, b[1]! - u * u * b[2]!, b[2]! * u ** 3]
  const errorOf = (features: typeof byB, rule: typeof linear) =>
    meanSquare(ridge(features, ruled(1, 400, rule)).answer(ruled(2, 50, rule)), ruled(2, 50, rule).x)
  t.ok(errorOf(byB, linear) < 1e-12, 'linear in b')
  t.ok(errorOf(byAll, linear) < 1e-12, 'also among features that say nothing')
  t.ok(errorOf(byB, bilinear) > 1e-2, 'a coefficient times b is not linear in b')
  t.ok(errorOf(byProducts, bilinear) < 1e-8, 'but it is in their products')
  t.end()
})

test('the dual form of ridge regression is the primal one', (t) => {
  const rule = (_: number, b: Float64Array) => [b[0]!, b[1]!, b[0]! + b[2]!]
  const sample = ruled(4, 12, rule)
  // Features seen twice make 24 of them, more than the systems: the least weights give the same answers.
  const twice = { name: 'twice', of: (s: Sample) => Float64Array.from(Array.from(s.b, (v) => Array(8).fill(v)).flat()) }
  const [p, q] = [ridge(byB, sample), ridge(twice, sample)]
  const asked = ruled(5, 20, rule)
  t.ok(meanSquare(p.answer(asked), q.answer(asked)) < 1e-2, `${p.chosen}, ${q.chosen}`)
  t.end()
})

test('nearest neighbours remember what they saw, and choose k by what they did not see', (t) => {
  const smooth = (u: number) => [u, 1 - u, u * u]
  const sample = ruled(6, 500, smooth)
  const found = nearest(byCoefficients, sample)
  const asked = ruled(7, 50, smooth)
  t.ok(meanSquare(found.answer(asked), asked.x) < 1e-4, `${found.chosen} along a curve`)
  const noise = ruled(8, 500, (_, b) => [b[0]!, b[1]!, b[2]!])
  t.equal(nearest(byCoefficients, noise).chosen, 'k = 100', 'where coefficients say nothing, the mean of many is best')
  const near = nearest(byCoefficientsAndB, noise)
  const other = ruled(9, 50, (_, b) => [b[0]!, b[1]!, b[2]!])
  t.ok(meanSquare(near.answer(other), other.x) < 0.5, `${near.chosen} when b is known`)
  const one: Sample = { ...sample, batch: 500 }
  t.equal(competitors(one).length, 6, 'all of them')
  t.end()
})

test('LU in float32 is LU, to float32', (t) => {
  const sample = draw(F.diffusion({ sizes: 9 }), Key.key(3), { n: 9, batch: 20 })
  const x = batchLu(sample.A, sample.b, sample.batch, 9).x
  const error = Math.sqrt(meanSquare(lu32(sample), x) / meanSquare(new Float64Array(x.length), x))
  t.ok(error > 1e-9 && error < 1e-4, `relative error ${error}`)
  const pivot: Sample = {
    n: 2,
    batch: 1,
    A: Float64Array.of(0, 2, 4, 1),
    b: Float64Array.of(2, 9),
    x: Float64Array.of(2, 1)
  }
  t.deepEqual([...lu32(pivot)], [2, 1], 'rows are exchanged')
  t.end()
})

// --- budgets and trainings -------------------------------------------------------------------------------------------

test('a budget is what its trainings take', (t) => {
  const recipe = onDiffusion(settings.quick, 'algebraformer')
  const [stage] = recipe.stages
  if (stage?._tag !== 'adam') throw new Error('expected a stage with Adam')
  const once = right(stepOperations(typed(recipe.model), { n: settings.quick.n, batch: stage.batch }))
  const twice = right(stepOperations(typed(recipe.model), { n: settings.quick.n, batch: 2 * stage.batch }))
  t.ok(once > 1e5 && twice > 1.5 * once && twice < 2 * once, `${once} operations a step, ${twice} for twice the batch`)
  t.equal(right(operationsOf(recipe)), once * stage.steps, 'times the steps')
  t.equal(right(budgetOf([{ recipe, seeds: [1, 2, 3] }])), 3 * once * stage.steps, 'times the seeds')
  t.end()
})

test('the networks of a comparison have as many parameters and operations', (t) => {
  for (const config of ['quick', 'reduced', 'full'] as const) {
    const all = architectures.map((a) => onDiffusion(settings[config], a))
    for (const recipe of all)
      t.deepEqual(right(RecipeJson.decodeRecipe(RecipeJson.encodeRecipe(recipe))), recipe, recipe.name)
    const sizes = all.map(({ model }) => count(typed(model), settings[config].n))
    t.ok(Math.max(...sizes) < 1.1 * Math.min(...sizes) || config === 'quick', `${config}: ${sizes} parameters`)
    if (config === 'full') continue
    const costs = all.map((recipe) => right(operationsOf(recipe)) ?? 0)
    t.ok(Math.max(...costs) < 1.5 * Math.min(...costs), `${config}: ${costs.map((c) => c.toExponential(1))} operations`)
  }
  t.end()
})

test('competitors see the systems that the network is trained on', async (t) => {
  const recipe = onDiffusion(settings.quick, 'gru')
  const [stage] = recipe.stages
  if (stage?._tag !== 'adam') throw new Error('expected a stage with Adam')
  const seen = trainedOn(recipe, 5)!
  t.equal(seen.batch, settings.quick.diffusion.systems)
  t.ok(seen.coefficients !== undefined, 'with their coefficients')
  const first = right(await batches(stageKey(5, 0), stage, null)(0))
  const isSeen = (s: number): boolean => {
    const b = first.b.subarray(s * first.n, (s + 1) * first.n)
    return Array.from({ length: seen.batch }, (_, r) => r).some((r) => b.every((v, i) => v === seen.b[r * seen.n + i]))
  }
  t.ok(Array.from({ length: first.batch }, (_, s) => isSeen(s)).every(Boolean), 'those of the first batch among them')
  t.end()
})

test('the time left is that of what is planned and not yet done', (t) => {
  let clock = 0
  const left = remaining(300, () => clock)
  const first = left.begin(100)
  t.equal(first.at(0), '', 'not known at first')
  clock = 10_000
  t.equal(first.at(0.5), ', about 50 s left', 'by the rate so far')
  clock = 20_000
  first.at(1)
  first.end()
  left.begin(100).end()
  const third = left.begin(100)
  third.at(0)
  clock = 30_000
  t.equal(third.at(0.5), ', about 10 s left', 'what was kept takes no time')
  t.end()
})

test('a training that stops goes on where it stood, with the same bytes', async (t) => {
  const quick = settings.quick
  const recipe = onDiffusion({ ...quick, diffusion: { systems: 40, epochs: 150 } }, 'algebraformer')
  const whole = right(await trainer(null, 'javascript')(recipe, 2))
  const keep = path.join(scratch, 'kept')
  const stop = trainer(keep, 'javascript')(recipe, 2, ({ iteration }) => {
    if (iteration === 250) throw new Error('planned')
  })
  t.ok(
    await stop.then(
      () => false,
      (cause: Error) => cause.message === 'planned'
    ),
    'stopped'
  )
  t.ok(
    readdirSync(keep).some((file) => file.endsWith('.training.safetensors')),
    'a state is there'
  )
  const seen: number[] = []
  const on = right(await trainer(keep, 'javascript')(recipe, 2, ({ iteration }) => void seen.push(iteration)))
  t.equal(seen[0], 201, 'at most one interval is lost')
  t.deepEqual([on.weights, on.loss], [whole.weights, whole.loss], 'the same weights')
  t.notOk(
    readdirSync(keep).some((file) => file.includes('.training.')),
    'no state is left'
  )
  for (const file of readdirSync(keep)) unlinkSync(path.join(keep, file))
  t.end()
})

test('fine-tuning begins with the weights of the recipe that it continues', async (t) => {
  const quick = settings.quick
  const family = F.reactionDiffusion({ sizes: quick.n })
  const still = { ...quick, rate: { ...quick.rate, algebraformer: 1e-12 } }
  const tuned = tunedOn(quick, 'reaction', family, { systems: 20, epochs: 1 })
  const stage = tunedOn(still, 'reaction', family, { systems: 20, epochs: 1 }).stages
  const train = trainer(null)
  const [before, after] = [
    right(await train(onDiffusion(quick, 'algebraformer'), 1)),
    right(await train({ ...tuned, stages: stage }, 1))
  ]
  const moved = Object.entries(before.weights).map(([name, w]) => meanSquare(after.weights[name]!, w))
  t.ok(Math.max(...moved) < 1e-16, 'at a rate of nearly zero they stay')
  const test_ = draw(family, Key.key(1), { n: quick.n, batch: 20 })
  const judged = right(await withRuntime((runtime) => judgeRun(runtime, after, test_)))
  t.ok(judged.mse > 0 && Number.isFinite(judged.mse), `MSE ${judged.mse}`)
  t.end()
})

test('epochs to parity', (t) => {
  const [short, long] = [
    { epochs: 100, mse: 1e-2 },
    { epochs: 1000, mse: 1e-4 }
  ]
  t.equal(parity(2e-2, short, long), 100, 'not better than the short training')
  t.ok(Math.abs(parity(1e-3, short, long)! - Math.sqrt(1e5)) < 1e-9, 'between both')
  t.equal(parity(1e-5, short, long), null, 'better than both')
  t.end()
})

// --- the command -----------------------------------------------------------------------------------------------------

test('ansatz reproduce algebraformer --config quick: every row, its files, verdicts and budgets', async (t) => {
  const [out, keep] = [path.join(scratch, 'quick'), path.join(scratch, 'quick-keep')]
  const args = ['reproduce', 'algebraformer', '--config', 'quick', '--out', out, '--keep', keep]
  const ran = await ansatz(args)
  t.equal(ran.code, 0, ran.err.trim().split('\n').at(-1))
  const read = () => schema.parse(JSON.parse(readFileSync(path.join(out, 'results.json'), 'utf8')))
  const { rows, config } = read()
  t.equal(config, 'quick')
  t.deepEqual(
    rows.map((r) => r.id),
    algebraformerReport.rows.map((r) => r.id),
    'every row, in order'
  )
  for (const r of rows) {
    t.equal(r.failed, null, `${r.id} runs`)
    t.ok(r.claims.length > 0 && r.tables.length > 0, `${r.id}: ${r.claims.length} verdicts`)
    const counted = r.trained.reduce((sum, { operations }) => sum + (operations ?? 0), 0)
    if (r.trained.length > 0)
      t.ok(r.budget !== undefined && r.budget <= counted, `${r.id}: trained ${counted} operations of ${r.budget}`)
    const numbers = r.tables.flatMap((table) => table.rows.flat()).filter((cell) => typeof cell === 'number')
    t.ok(numbers.length > 0 && numbers.every(Number.isFinite), `${r.id}: ${numbers.length} finite numbers`)
    const words = r.tables.flatMap((table) => table.rows.flat()).filter((cell) => cell === 'NaN' || cell === 'inf')
    t.equal(words.length, 0, 'and none that are not')
  }
  const errors = rows.find((r) => r.id === 'diffusion')!.tables[0]!
  const mseOf = (name: string) => Number(errors.rows.find(([method]) => method === name)![2])
  t.ok(mseOf('Algebraformer') < 0.5 * mseOf('mean of the training set'), 'even a short training beats the mean')
  t.ok(mseOf('LU in float64') < 1e-20, 'LU solves')
  const again = await ansatz([...args, '--only', 'diffusion'])
  t.equal(again.code, 0, 'once more, with kept weights')
  const repeated = read().rows.find((r) => r.id === 'diffusion')!
  t.deepEqual(repeated.tables[0], errors, 'the same errors')
  t.equal(read().rows.length, rows.length, 'beside the other rows')
  const mixed = await ansatz(['reproduce', 'algebraformer', '--config', 'reduced', '--only', 'noise', '--out', out])
  t.equal(mixed.code, 3, 'a reduced row is not mixed in')
  t.ok(mixed.err.includes('quick run'), mixed.err.trim())
  const wrong = await ansatz(['reproduce', 'linear-transformer', '--config', 'reduced'])
  t.equal(wrong.code, 2, wrong.err.trim())
  t.end()
})
