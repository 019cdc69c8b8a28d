import * as TE from 'fp-ts/TaskEither'
import test from 'tape'

import { type FollowOptions, follow, type TrainState } from '../../runtime/train/train'
import { Family, Recipe, Zoo } from '../../spec'
import { collect } from '../support/collect'
import { left } from '../support/right'
import { watchThreads } from '../support/threads'

const family = Family.spd({ kappa: 5, sizes: 6 })

const recipe = Recipe.make({
  name: 'shared',
  model: Zoo.algebraformer({ n: 6, width: 8, blocks: 2, heads: 2, std: 0.2 }),
  start: Recipe.random(),
  stages: [
    Recipe.epochs({
      family,
      systems: 20,
      epochs: 6,
      batch: 7,
      rate: { peak: 1e-2, warmup: 2, decay: 'none' },
      weightDecay: 0.01,
      clip: 0.1,
      evaluation: { systems: 5, every: 4, patience: null }
    })
  ],
  seed: 3,
  valid: family
})

const run = (options: FollowOptions) => collect(recipe, { backend: 'wasm', checkpointEvery: 3, ...options })

const apart = (p: number, q: number): number => Math.abs(p - q) / Math.abs(q)

test('shares of a batch on several threads are the whole batch, to rounding', async (t) => {
  const whole = await run({ threads: 1 })
  for (const threads of [2, 3]) {
    const { progress, states, result } = await run({ threads })
    const off = progress.map((p, k) => apart(p.loss, whole.progress[k]!.loss))
    t.ok(off[0]! < 1e-6, `${threads} threads: the first loss differs by ${off[0]}`)
    t.ok(Math.max(...off) < 1e-3, `and none of ${off.length} by more than ${Math.max(...off)}`)
    t.ok(Math.max(...off) > 0, 'though they are other programs')
    t.ok(apart(result.loss, whole.result.loss) < 1e-3, 'held-out errors agree')
    const again = await run({ threads })
    t.deepEqual(again.result, result, 'the same bytes again')
    t.deepEqual(
      again.progress.map((p) => p.loss),
      progress.map((p) => p.loss)
    )
    const resumed = await run({ resume: states[2]!, threads })
    t.deepEqual(resumed.result, result, `and from iteration ${states[2]!.iteration}`)
    t.equal(states[2]!.threads, threads, 'which says how many threads')
  }
  t.end()
})

test('a thread that ends in the middle of a run ends it with a sentence, and the run goes on elsewhere', async (t) => {
  const whole = await run({ threads: 2 })
  const { made, undo } = watchThreads({ onCall: ({ worker, calls }) => void (calls === 8 && worker.terminate()) })
  const states: TrainState[] = []
  try {
    const stopped = await follow(recipe, {
      backend: 'wasm',
      threads: 2,
      checkpointEvery: 3,
      onState: (state) => TE.fromIO(() => void states.push(state))
    })()
    const error = left(stopped)
    t.deepEqual([error.about, error.message], ['backend', 'a thread of a training step ended before it had an answer'])
    t.ok(made.length > 0 && made.every(({ worker }) => worker.threadId === -1), `${made.length} threads have ended`)
  } finally {
    undo()
  }
  t.equal(states.at(-1)?.iteration, 6, 'of its seven steps all but the last are kept')
  t.deepEqual((await run({ threads: 2, resume: states.at(-1)! })).result, whole.result, 'from there, the same bytes')
  t.end()
})

test('threads that cannot be are refused with a sentence', async (t) => {
  const refusal = async (options: FollowOptions): Promise<string> => left(await follow(recipe, options)()).message
  t.match(await refusal({ threads: 2 }), /^threads: expected 1 on the backend javascript, found 2: wasm takes more/)
  t.match(await refusal({ threads: 2, backend: 'cpu' }), /^threads: expected 1 on the backend cpu, found 2/)
  t.match(
    await refusal({ threads: 8, backend: 'wasm' }),
    /^threads: expected at most the 7 systems of a batch, found 8/
  )
  const { states } = await run({ threads: 2 })
  t.match(await refusal({ threads: 1, resume: states[0]! }), /^resume: expected 2 threads, .* found 1/)
  t.end()
})
