import * as TE from 'fp-ts/TaskEither'
import test from 'tape'

import { fromBytes, toBytes } from '../../runtime/checkpoint/checkpoint'
import { ofState } from '../../runtime/checkpoint/trained'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { gathered, places } from '../../runtime/train/batches'
import { drawHeldOut, judge } from '../../runtime/train/held-out'
import { type FollowOptions, follow } from '../../runtime/train/train'
import { Family, Recipe, Zoo } from '../../spec'
import { collect } from '../support/collect'
import { left, right } from '../support/right'

const family = Family.spd({ kappa: 5, sizes: 3 })
const model = Zoo.blockLinear({ layers: 2, identityBlocks: 1 })

type Adam = ReturnType<typeof Recipe.adam>

const stage: Adam = Recipe.epochs({
  family,
  systems: 10,
  epochs: 8,
  batch: 4,
  rate: { peak: 1e-2, warmup: 2, decay: 'none' },
  evaluation: { systems: 70, every: 2, patience: null }
})

const recipe = (name: string, given: Adam): Recipe.Recipe =>
  Recipe.make({ name, model, start: Recipe.random(), stages: [given], seed: 3, valid: family })

const run = (r: Recipe.Recipe, options: FollowOptions = {}) => collect(r, { checkpointEvery: 1, ...options })

test('an epoch shows every system once, and each epoch has an order of its own', (t) => {
  const at = places(Key.key(1), 10, 4)
  const epoch = (k: number): readonly number[] => [0, 1, 2].flatMap((step) => [...at(3 * k + step)])
  for (const k of [0, 1, 7]) {
    const own = epoch(k)
    t.equal(own.length, 12, 'three full batches')
    t.deepEqual(
      [...own.slice(0, 10)].sort((p, q) => p - q),
      Array.from({ length: 10 }, (_, i) => i)
    )
    t.deepEqual(own.slice(10), own.slice(0, 2), 'the last filled up from the first')
  }
  t.notDeepEqual(epoch(0), epoch(1))
  t.deepEqual([...places(Key.key(1), 10, 4)(4)], [...at(4)], 'also where it is asked for first')
  t.end()
})

test('judgements are those of their definitions', (t) => {
  const samples = drawHeldOut(Family.spd({ kappa: 5, sizes: { low: 2, high: 4 } }), Key.key(5), 7)
  t.deepEqual(
    samples.map(({ n, batch }) => [n, batch]),
    [
      [2, 2],
      [3, 2],
      [4, 3]
    ],
    'spread over the sizes'
  )
  const exact = judge(
    samples,
    samples.map((s) => s.x)
  )
  t.deepEqual([exact.mse, exact.relative, exact.systems], [0, { median: 0, mean: 0 }, 7])
  t.ok(exact.backward < 1e-15, 'answers themselves have no backward error')
  const twice = judge(
    samples,
    samples.map((s) => s.x.map((v) => 3 * v))
  )
  const squares = samples.flatMap((s) => [...s.x]).map((v) => (2 * v) ** 2)
  t.ok(Math.abs(twice.mse / (squares.reduce((p, q) => p + q, 0) / squares.length) - 1) < 1e-14)
  t.ok(Math.abs(twice.relative.mean - 2) < 1e-14 && Math.abs(twice.relative.median - 2) < 1e-14)
  // ||b - 3 b|| / (3 ||A|| ||x|| + ||b||), where ||b|| <= ||A|| ||x||.
  t.ok(twice.backward > 0.1 && twice.backward <= 0.5)
  t.end()
})

for (const backend of ['javascript', 'cpu', 'wasm'] as const) {
  test(`${backend}: judged on held-out systems, the best weights are the result`, async (t) => {
    const { progress, states, result } = await run(recipe('best', stage), { backend })
    t.equal(progress.length, 24, 'eight epochs of three steps')
    const judged = progress.filter((p) => p.heldOut !== undefined)
    t.deepEqual(
      judged.map((p) => p.iteration),
      Array.from({ length: 12 }, (_, k) => 2 * k + 2)
    )
    const errors = judged.map((p) => p.heldOut!.mse)
    t.equal(result.loss, Math.min(...errors), 'with their error')
    t.ok(new Set(errors).size > 6, 'which changes')
    for (const state of states.filter((_, k) => k % 5 === 2)) {
      const r = recipe('best', stage)
      const kept = right(fromBytes('state', right(toBytes('state', ofState(r, state))))).state!
      const again = await run(r, { resume: kept })
      t.deepEqual(again.result, result, `the same from iteration ${state.iteration}`)
      t.deepEqual(
        again.progress.map(({ loss, heldOut }) => [loss, heldOut]),
        progress.slice(state.iteration).map(({ loss, heldOut }) => [loss, heldOut]),
        'with the same judgements'
      )
    }
    t.end()
  })
}

test('the weights kept are those that were judged', async (t) => {
  const { progress, result } = await run(recipe('kept', stage))
  const best = progress.reduce(
    (p, q) => ((q.heldOut?.mse ?? Infinity) < (p.heldOut?.mse ?? Infinity) ? q : p),
    progress[1]!
  )
  const short = await run(recipe('kept', { ...stage, steps: best.iteration, evaluation: null }))
  t.deepEqual(result.weights, short.result.weights, `of iteration ${best.iteration}`)
  t.end()
})

test('without a gain for as long as patience lasts, a stage ends', async (t) => {
  const wild: Adam = {
    ...stage,
    steps: 400,
    rate: { peak: 0.3, warmup: 0, decay: 'none' },
    evaluation: { systems: 8, every: 3, patience: 4 }
  }
  const r = recipe('early', wild)
  const { progress, states, result } = await run(r)
  const errors = progress.flatMap((p) => (p.heldOut === undefined ? [] : [p.heldOut.mse]))
  t.ok(progress.length < 400, `after ${progress.length} of 400 steps`)
  const least = Math.min(...errors)
  t.deepEqual([errors.indexOf(least), result.loss], [errors.length - 5, least], 'four judgements after the best')
  for (const state of [states[4]!, states.at(-2)!, states.at(-1)!]) {
    const again = await run(r, { resume: state })
    t.deepEqual(again.result, result, `the same from stage ${state.stage}, iteration ${state.iteration}`)
  }
  t.end()
})

test('systems of a set are taken whole, in the order asked for', async (t) => {
  const all = draw(family, Key.key(8), { n: 3, batch: 6 })
  const some = gathered(all, [4, 0])
  t.deepEqual([...some.x], [...all.x.subarray(12, 15), ...all.x.subarray(0, 3)])
  t.deepEqual([...some.A], [...all.A.subarray(36, 45), ...all.A.subarray(0, 9)])
  t.end()
})

test('a continued start is what its recipe gave', async (t) => {
  const from = recipe('before', { ...stage, steps: 6 })
  const before = await run(from)
  const onwards = { ...recipe('after', { ...stage, steps: 4 }), start: Recipe.continued({ from }) }
  const none = await run({ ...onwards, stages: [] })
  t.deepEqual(none.result.weights, before.result.weights, 'without stages')
  const { result } = await run(onwards)
  t.notDeepEqual(result.weights, before.result.weights, 'from which it goes on')
  const given = await run(onwards, { trained: () => TE.right(before.result.weights) })
  t.deepEqual(given.result.weights, result.weights, 'also where it is there already')
  const other = { ...onwards, model: Zoo.blockLinear({ layers: 3, identityBlocks: 1 }) }
  t.match(left(await follow(other)()).message, /^recipe after: start from before: .*the weights are of another model/)
  t.end()
})

test('batches that cannot be are refused with a sentence', async (t) => {
  const refusal = async (given: Adam): Promise<string> => left(await follow(recipe('bad', given))()).message
  t.match(
    await refusal({ ...stage, family: Family.spd({ kappa: 5, sizes: { low: 2, high: 3 } }) }),
    /^recipe bad: stage 1: expected one size n for a fixed set of systems, found sizes 2 to 3/
  )
  t.match(await refusal({ ...stage, batch: 11 }), /^recipe bad: stage 1: expected batches of at most the 10 systems/)
  t.end()
})
