import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import test from 'tape'

import { rateAt } from '../../runtime/train/adam'
import { type FollowOptions, follow, type Progress, type TrainState } from '../../runtime/train/train'
import { Family, Recipe, T, Zoo } from '../../spec'
import { bytesOf, throughFile } from '../support/collect'
import { left } from '../support/right'
import { byAdam, collect, onMatrices, onNodes, recipe, run, small } from '../support/small-runs'

for (const [what, r, options] of [
  ['scalar nodes', recipe('nodes', [onNodes]), {}],
  ['sampled matrices', recipe('matrices', [onMatrices]), {}],
  [
    'sampled matrices, several starts',
    recipe('starts', [{ ...onMatrices, iterations: 7, starts: 3 } as Recipe.Stage]),
    {}
  ],
  ['adam in float64', recipe('adam', [byAdam]), {}],
  ['adam on gpu.js cpu', recipe('adam', [byAdam]), { backend: 'cpu' }],
  ['three stages', recipe('all', [onNodes, onMatrices, byAdam]), {}]
] as const) {
  test(`${what}: a run that goes on from any state ends with the same bytes`, async (t) => {
    const { states, done, progress, result } = await collect(r, options)
    t.equal(result._tag, 'finished')
    const iterations = r.stages.reduce((sum, s) => sum + (s._tag === 'adam' ? s.steps : s.iterations * s.starts), 0)
    t.equal(progress.length, iterations, `told after each of ${iterations} iterations`)
    t.ok(states.length >= 4, `${states.length} states kept`)
    const gaps = done.map((now, k) => now - (done[k - 1] ?? 0))
    t.ok(Math.max(...gaps) <= 3, 'never more than an interval apart, also where a start is shorter than it')
    const again = await run(r, options)
    t.equal(bytesOf(again.weights), bytesOf(result.weights), 'the same seed gives the same bytes')
    const every = states.length > 12 ? 3 : 1
    for (const [k, state] of states.entries()) {
      if (k % every !== 0) continue
      const resumed = await run(r, { resume: throughFile(r, state) })
      const same = bytesOf(resumed.weights) === bytesOf(result.weights) && Object.is(resumed.loss, result.loss)
      t.ok(same, `from state ${k} (stage ${state.stage}, start ${state.start}, iteration ${state.iteration})`)
    }
    const other = await run(r, { ...options, seed: 4 })
    t.notEqual(bytesOf(other.weights), bytesOf(result.weights), 'another seed gives other bytes')
    t.end()
  })
}

test('an interrupted run hands out its state, says so, and goes on to the same bytes', async (t) => {
  for (const r of [recipe('nodes', [onNodes]), recipe('matrices', [onMatrices]), recipe('adam', [byAdam])]) {
    const whole = await run(r)
    const stop = new AbortController()
    let told = 0
    const kept: TrainState[] = []
    const result = await run(r, {
      signal: stop.signal,
      onProgress: () => {
        told++
        if (told === 5) stop.abort()
      },
      onState: (state) => {
        kept.push(state)
        return TE.right(undefined)
      }
    })
    t.equal(result._tag, 'interrupted', `${r.name}: interrupted`)
    t.equal(told, 5, `${r.name}: nothing was computed after that`)
    t.deepEqual(kept.at(-1), result.state, `${r.name}: its state was kept`)
    t.equal(bytesOf((await run(r, { resume: result.state })).weights), bytesOf(whole.weights), `${r.name}: same bytes`)
  }
  t.end()
})

test('three layers from random weights on scalar nodes reach 1e-8', async (t) => {
  const { loss } = await run(Zoo.scalar3)
  t.ok(loss < 1e-8, `mean square error ${loss}`)
  t.end()
})

test('the best of the starts is kept', async (t) => {
  const { progress, result } = await collect(recipe('nodes', [onNodes]))
  const last = progress.filter((p) => p.iteration === 8).map((p) => p.loss)
  t.equal(result.loss, Math.min(...last), `${result.loss} of ${last}`)
  t.end()
})

test('a small Transformer learns by AdamW, on float32 as on float64', async (t) => {
  const family = Family.spd({ kappa: 2, sizes: 2 })
  const schedule = { steps: 150, batch: 16, rate: { peak: 1e-2, warmup: 10, decay: 'cosine' } } as const
  const r: Recipe.Recipe = {
    ...recipe('transformer', [Recipe.adam({ family, ...schedule, weightDecay: 0.01 })]),
    model: Zoo.algebraformer({ n: 2, width: 8, blocks: 1, heads: 2, std: 0.2 }),
    valid: family
  }
  const losses = async (options: FollowOptions): Promise<readonly number[]> =>
    (await collect(r, options)).progress.map((p) => p.loss)
  const mean = (some: readonly number[]): number => some.reduce((p, q) => p + q, 0) / some.length
  const double = await losses({})
  const [first, last] = [mean(double.slice(0, 10)), mean(double.slice(-10))]
  t.ok(last < 0.25 * first, `mean square error ${first} to ${last}`)
  const single = await losses({ backend: 'cpu' })
  t.ok(Math.abs(mean(single.slice(-10)) / last - 1) < 0.05, `float32: to ${mean(single.slice(-10))}`)
  t.end()
})

test('training on matrices and by Adam lowers the loss, on float32 as on float64', async (t) => {
  const losses = (progress: readonly Progress[]): readonly number[] => progress.map((p) => p.loss)
  const lm = losses((await collect(recipe('matrices', [{ ...onMatrices, iterations: 60 } as Recipe.Stage]))).progress)
  t.ok(lm.at(-1)! < 1e-2 * lm[0]!, `Levenberg-Marquardt: ${lm[0]} to ${lm.at(-1)}`)
  const longer = recipe('adam', [{ ...byAdam, steps: 300, batch: 32 } as Recipe.Stage])
  const double = losses((await collect(longer)).progress)
  t.ok(double.at(-1)! < 0.1 * double[0]!, `Adam: ${double[0]} to ${double.at(-1)}`)
  const single = losses((await collect(recipe('adam', [byAdam]), { backend: 'cpu' })).progress)
  const first = losses((await collect(recipe('adam', [byAdam]))).progress)
  const off = single.map((loss, k) => Math.abs(loss - first[k]!) / first[k]!)
  t.ok(Math.max(...off) < 1e-4, `float32 follows float64 within ${Math.max(...off)}`)
  t.ok(Math.max(...off) > 0, 'and is not float64')
  t.end()
})

test('numbers that are not finite end a run, and never reach a state', async (t) => {
  for (const backend of ['javascript', 'cpu'] as const) {
    const kept: TrainState[] = []
    const wild = recipe('wild', [
      Recipe.adam({ family: small, steps: 50, batch: 4, rate: { peak: 1e300, warmup: 0, decay: 'none' } })
    ])
    const result = await follow(wild, {
      backend,
      checkpointEvery: 1,
      onState: (state) => {
        kept.push(state)
        return TE.right(undefined)
      }
    })()
    t.match(left(result).message, /^adam: expected finite numbers, found .* not finite at step \d+ of 50: .*lower peak/)
    const finite = kept.every((s) =>
      [...Object.values(s.weights), ...Object.values(s.moments)].every((a) => a.every(Number.isFinite))
    )
    t.ok(finite, `${backend}: ${kept.length} states, all finite`)
  }
  const far = recipe('far', [{ ...onNodes, iterations: 3 } as Recipe.Stage])
  const result = await follow({ ...far, start: Recipe.random(1e200) })()
  t.match(left(result).message, /^recipe far: stage 1: found no weights with a finite loss/)
  t.end()
})

test('what cannot be followed is refused with a sentence', async (t) => {
  const refusal = async (r: Recipe.Recipe, options: FollowOptions = {}): Promise<string> =>
    left(await follow(r, options)()).message
  const { state } = await run(recipe('nodes', [onNodes]))
  const nodes = recipe('nodes', [onNodes])
  t.match(await refusal(nodes, { resume: state, seed: 9 }), /^resume: expected seed 3, .* found 9/)
  t.match(await refusal(nodes, { resume: state, backend: 'cpu' }), /^resume: expected backend javascript, .* found cpu/)
  t.match(
    await refusal({ ...nodes, stages: [] }, { resume: { ...state, stage: 1 } }),
    /^resume: expected a stage up to 0/
  )
  const { weights } = state
  const cut = { ...weights, '0.attention.P.mu1': new Float64Array(3) }
  t.match(
    await refusal(nodes, { resume: { ...state, weights: cut } }),
    /^resume: 0.attention.P.mu1: expected 4 numbers/
  )
  t.match(
    await refusal(recipe('late', [byAdam, onNodes])),
    /^recipe late: stage 2: expected 1 start after the first stage, found 3/
  )
  const learned = Zoo.fullLinear({ layers: 1, embedding: T.learned(2, 3) })
  t.match(
    await refusal({ ...recipe('fixed', [byAdam]), model: learned }),
    /^recipe fixed: stage 1: expected systems of n = 3/
  )
  t.match(await refusal({ ...nodes, model: learned }), /fits n = 3 only and cannot be trained on scalar systems/)
  const paper = {
    ...nodes,
    model: Zoo.blockLinear({ layers: 1, query: 'paper' }),
    start: Recipe.closedForm({ kappa: 5, noise: 0 })
  }
  t.match(await refusal(paper), /^recipe nodes: start from the closed form: query: expected 'b'/)
  const full = await follow(nodes, { checkpointEvery: 1, onState: () => TE.left('the disk is full') })()
  t.equal(left(full).message, 'the state of training could not be kept: the disk is full')
  t.ok(E.isLeft(full))
  t.end()
})

test('a model for one size trains on that size', async (t) => {
  const fixed = recipe('fixed', [
    Recipe.adam({
      family: Family.spd({ kappa: 5, sizes: 3 }),
      steps: 3,
      batch: 2,
      rate: { peak: 1e-3, warmup: 0, decay: 'none' }
    })
  ])
  const result = await run({ ...fixed, model: Zoo.fullLinear({ layers: 1, embedding: T.learned(2, 3), bScale: null }) })
  t.equal(result.weights['embedding.H']!.length, 6, 'with its learned embedding')
  t.end()
})

test('the learning rate warms up and decays', (t) => {
  const rate: Recipe.Rate = { peak: 2, warmup: 4, decay: 'cosine' }
  t.deepEqual(
    [0, 1, 2, 3].map((k) => rateAt(rate, k, 14)),
    [0.5, 1, 1.5, 2],
    'linear warm-up'
  )
  t.equal(rateAt(rate, 4, 14), 2, 'the peak')
  t.ok(Math.abs(rateAt(rate, 9, 14) - 1) < 1e-15, 'half of it in the middle')
  t.ok(rateAt(rate, 13, 14) < 0.06 && rateAt(rate, 13, 14) > 0, 'nearly zero at the end')
  t.equal(rateAt({ ...rate, decay: 'none' }, 13, 14), 2, 'or constant')
  t.end()
})
