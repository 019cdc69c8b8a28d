import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { show } from '../../runtime/checkpoint/error'
import { addHistory, historyFile, parseHistory, readHistory, writeHistory } from '../../runtime/checkpoint/history'
import { along, type History, isKept, judgements, most, type Point, pointOf, upTo } from '../../runtime/train/history'
import type { FollowOptions, Progress } from '../../runtime/train/train'
import { Family, Recipe, Zoo } from '../../spec'
import { collect } from '../support/collect'
import { left, right } from '../support/right'

const family = Family.spd({ kappa: 5, sizes: 3 })
const model = Zoo.blockLinear({ layers: 2, identityBlocks: 1 })
const rate: Recipe.Rate = { peak: 1e-2, warmup: 2, decay: 'cosine' }

const recipe = Recipe.make({
  name: 'history',
  model,
  start: Recipe.random(),
  stages: [
    Recipe.scalarNodes({ kappas: [5], nodes: 20, iterations: 12, starts: 2 }),
    Recipe.levenbergMarquardt({ family, systems: 4, iterations: 5 }),
    Recipe.adam({ family, steps: 9, batch: 4, rate, evaluation: { systems: 6, every: 4, patience: null } })
  ],
  seed: 3,
  valid: family
})

/** The points of what was told, as if every iteration took a second. */
const pointsOf = (progress: readonly Progress[]): History => progress.filter(isKept).map((p, k) => pointOf(p, k))

const untimed = (points: History): readonly Omit<Point, 'seconds'>[] => points.map(({ seconds: _, ...rest }) => rest)

const run = (options: FollowOptions = {}, r: Recipe.Recipe = recipe) => collect(r, { checkpointEvery: 1, ...options })

const told = (iteration: number, iterations: number, more: Partial<Progress> = {}): Progress => ({
  part: 0,
  parts: 1,
  stage: 0,
  stages: 1,
  what: 'adam',
  start: 0,
  starts: 1,
  iteration,
  iterations,
  loss: 1,
  best: 1,
  ends: iteration === iterations,
  ...more
})

test('points are thinned as they come, ends and judgements are not', (t) => {
  const kept = (iterations: number, starts = 1): readonly number[] =>
    Array.from({ length: iterations }, (_, k) => told(k + 1, iterations, { starts }))
      .filter(isKept)
      .map((p) => p.iteration)
  t.equal(kept(most).length, most, 'few are all kept')
  t.equal(kept(1_000_000).length, most + 1, 'a million become a thousand, and the first')
  t.deepEqual(kept(2500).slice(0, 3), [1, 3, 6])
  t.equal(kept(2500).at(-1), 2500, 'with the last')
  t.ok(kept(most, 4).length < most / 4 + 2, 'several starts share them')
  const heldOut = { systems: 1, mse: 1, relative: { median: 1, mean: 1 }, backward: 1 }
  t.ok(isKept(told(7, 1e6, { heldOut })) && isKept(told(7, 1e6, { ends: true })) && !isKept(told(7, 1e6)))
  t.end()
})

test('the curves of a run: every stage and start, its ends, rates and judgements', async (t) => {
  const { progress } = await run()
  const ends = progress.filter((p) => p.ends).map(({ stage, start, iteration }) => [stage, start, iteration])
  const lasts = progress
    .filter((p, k) => progress[k + 1]?.stage !== p.stage || progress[k + 1]?.start !== p.start)
    .map(({ stage, start, iteration }) => [stage, start, iteration])
  t.deepEqual(ends, lasts, 'the last iteration of a start says so')
  t.equal(ends.length, 4)
  const points = pointsOf(progress)
  t.deepEqual(
    judgements(points).map((p) => [p.stage, p.iteration]),
    [
      [2, 4],
      [2, 8],
      [2, 9]
    ]
  )
  t.deepEqual(
    points.map((p) => p.rate !== null),
    points.map((p) => p.stage === 2),
    'Adam has a rate'
  )
  t.equal(points.at(-9)?.rate, rate.peak / 2, 'that of its warm-up at first')
  const placed = along(points)
  t.deepEqual(
    placed.map(({ at }) => at),
    points.map((_, k) => k + 1),
    'stages and starts follow one another'
  )
  t.end()
})

test('a run that goes on from any state has the points of one that never stopped', async (t) => {
  const { progress, states } = await run()
  const whole = untimed(pointsOf(progress))
  for (const state of states) {
    const again = await run({ resume: state })
    const joined = [...upTo(pointsOf(progress), 1, state), ...pointsOf(again.progress)]
    t.deepEqual(untimed(joined), whole, `from stage ${state.stage}, start ${state.start}, iteration ${state.iteration}`)
  }
  t.end()
})

test('a chain of recipes has the points of all of them, also where it goes on in the first', async (t) => {
  const from = { ...recipe, name: 'before', stages: recipe.stages.slice(1) }
  const whole = { ...recipe, start: Recipe.continued({ from }) }
  const { progress, states } = await run({}, whole)
  const points = pointsOf(progress)
  const own = points.filter((p) => p.part === 1)
  t.equal(points.length - own.length, 14, 'of the first')
  t.ok(own.length > 14, 'and of the recipe itself')
  t.equal(along(points).at(-1)?.at, points.length, 'along one axis')
  for (const state of states.filter((_, k) => k % 4 === 1)) {
    const again = await run({ resume: state }, whole)
    const joined = [...upTo(points, 2, state), ...pointsOf(again.progress)]
    t.deepEqual(untimed(joined), untimed(points), `${state.ahead} ahead, stage ${state.stage}, ${state.iteration}`)
  }
  t.end()
})

test('a history on disk: added to, cut off, damaged, of another run', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'history-'))
  const file = historyFile(path.join(folder, 'a.training.safetensors'))
  const of = { recipe: 'history', seed: 3 }
  try {
    t.equal(path.basename(file), 'a.training.jsonl')
    t.equal(right(await readHistory(file, of)()), null, 'none')
    const points = pointsOf((await run()).progress)
    const odd: History = [{ ...points[0]!, loss: Number.POSITIVE_INFINITY }, ...points.slice(1)]
    right(await writeHistory(file, of, odd.slice(0, 5))())
    right(await addHistory(file, odd.slice(5))())
    t.deepEqual(right(await readHistory(file, of)()), odd, 'what was written')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.slice(0, -20))
    t.deepEqual(right(await readHistory(file, of)()), odd.slice(0, -1), 'without a line that was cut off')
    const refused = (changed: string): string => show(left(parseHistory('a.jsonl', changed, of)))
    t.match(refused(text.replace('"iteration":2', '"iteration":-2')), /^a\.jsonl: line 3: iteration: expected a whole/)
    t.match(refused(text.replace(/\n.*\n/, '\nnonsense\n')), /^a\.jsonl: line 2: expected JSON.*remove the file/)
    t.match(refused(''), /^a\.jsonl: line 1: expected JSON/)
    t.match(
      show(left(parseHistory('a.jsonl', text, { ...of, seed: 4 }))),
      /^a\.jsonl: is the history of history, seed 3, expected that of history, seed 4; remove the file/
    )
    t.match(
      show(left(await addHistory(path.join(folder, 'no/a.jsonl'), points)())),
      /cannot write it: there is no such/
    )
  } finally {
    await rm(folder, { recursive: true })
  }
  t.end()
})
