/** Training on a dataset: the systems come from disk, in the order of a fixed set, and a run resumes to the same bytes. */
import { mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as TE from 'fp-ts/TaskEither'
import test from 'tape'

import { type Dataset, openDataset } from '../../runtime/data/dataset'
import { writeDataset } from '../../runtime/data/write'
import { gathered, trainedOn } from '../../runtime/train/batches'
import { type FollowOptions, follow, type TrainState } from '../../runtime/train/train'
import { Family, Recipe, Zoo } from '../../spec'
import { left, right } from '../support/right'

const folder = mkdtempSync(path.join(tmpdir(), 'ansatz-train-'))
test.onFinish(() => rmSync(folder, { recursive: true, force: true }))

const family = Family.spd({ kappa: 5, sizes: 3 })

const recipe = (systems: number | null): Recipe.Recipe =>
  Recipe.make({
    name: 'stored',
    model: Zoo.blockLinear({ layers: 2, identityBlocks: 1 }),
    start: Recipe.random(),
    stages: [
      {
        ...Recipe.adam({ family, steps: 12, batch: 4, rate: { peak: 1e-2, warmup: 2, decay: 'none' } }),
        systems
      } as Recipe.Stage
    ],
    seed: 3,
    valid: family
  })

const opened = async (name: string, count: number): Promise<Dataset> => {
  const where = path.join(folder, name)
  right(await writeDataset(where, { family, seed: 1, count, n: 3, dtype: 'float64' })())
  return right(await openDataset(where)())
}

test('a dataset of the systems that would be drawn gives the same weights, to the last bit', async (t) => {
  const drawn = right(await follow(recipe(10))())
  const all = trainedOn(recipe(10), 3)!
  const dataset = await opened('own', 10)
  const same: Dataset = { ...dataset, read: (at) => TE.right(gathered(all, at)) }
  t.deepEqual(right(await follow(recipe(10), { dataset: same })()).weights, drawn.weights)
  const others = right(await follow(recipe(10), { dataset })())
  t.notDeepEqual(others.weights, drawn.weights, 'other systems, other weights')
  await dataset.close()
})

test('a run on a dataset goes on to the same bytes', async (t) => {
  const dataset = await opened('resumed', 30)
  for (const systems of [10, null]) {
    const states: TrainState[] = []
    const keep = (state: TrainState) => TE.fromIO<void, string>(() => void states.push(state))
    const whole = right(await follow(recipe(systems), { dataset, checkpointEvery: 5, onState: keep })())
    const again = right(await follow(recipe(systems), { dataset, resume: states[0]! })())
    t.deepEqual(again.weights, whole.weights, systems === null ? 'all of it' : `the first ${systems}`)
    const refusal = async (options: FollowOptions): Promise<string> =>
      left(await follow(recipe(systems), { resume: states[0]!, ...options })()).message
    t.match(await refusal({}), /^resume: expected the dataset that the run began with, found none/)
    const other = await opened(`other-${systems}`, 31)
    t.match(await refusal({ dataset: other }), /^resume: expected the dataset .*, found another in .*other/)
    await other.close()
    const without = { dataset, resume: { ...states[0]!, data: null } }
    t.match(await refusal(without), /^resume: expected no dataset, .* found .*resumed: leave it out/)
  }
  await dataset.close()
})

test('only systems that a stage trains on are asked for', async (t) => {
  const dataset = await opened('asked', 30)
  const asked = new Set<number>()
  const read: Dataset['read'] = (at) => {
    for (const each of at) asked.add(each)
    return dataset.read(at)
  }
  const watched: Dataset = { ...dataset, read }
  right(await follow(recipe(10), { dataset: watched })())
  t.deepEqual(
    [...asked].sort((p, q) => p - q),
    Array.from({ length: 10 }, (_, s) => s),
    'the first ten'
  )
  asked.clear()
  right(await follow(recipe(40), { dataset: watched })())
  t.equal(asked.size, 0, 'none where there are too few')
  await dataset.close()
})

test('a file that is cut off during a run ends it with a sentence', async (t) => {
  const dataset = await opened('cut', 30)
  truncateSync(path.join(folder, 'cut', 'b.npy'), 200)
  t.match(left(await follow(recipe(null), { dataset })()).message, /b\.npy: was cut off while it was read/)
  await dataset.close()
})
