/** Recipes that begin with what another one gave: followed one after the other, and gone on with in any of them. */
import * as TE from 'fp-ts/TaskEither'
import test from 'tape'

import { toBytes } from '../../runtime/checkpoint/checkpoint'
import { ofState } from '../../runtime/checkpoint/trained'
import { follow, type TrainState } from '../../runtime/train/train'
import { widen } from '../../runtime/weights/widen'
import { Family, Recipe, T, Zoo } from '../../spec'
import { bytesOf, throughFile } from '../support/collect'
import { left, right } from '../support/right'
import { byAdam, collect, onMatrices, onNodes, recipe, run } from '../support/small-runs'

const three = Family.spd({ kappa: 5, sizes: 3 })
const narrow = recipe('narrow', [{ ...onMatrices, family: three, iterations: 6 } as Recipe.Stage])
const paper = { query: 'paper', bScale: null } as const

test('a widened start is what its recipe gave, and goes on as FULL to the same bytes', async (t) => {
  const from = { ...narrow, model: Zoo.blockLinear({ layers: 2, allOnes: true, ...paper }), valid: three }
  const onFresh = { ...onMatrices, family: three, systems: 2, iterations: 6, redraw: 1, starts: 2 } as Recipe.Stage
  const wide = {
    ...recipe('wide', [onFresh]),
    model: Zoo.fullLinear({ layers: 2, embedding: T.learned(3, 3), ...paper }),
    start: Recipe.widened({ from, noise: 1e-6 })
  }
  const before = await run(from)
  const { states, done, progress, result } = await collect(wide)
  t.ok(result.loss < 10 * before.loss, `loss ${before.loss} before, ${result.loss} after`)
  t.deepEqual([...new Set(progress.map((p) => `${p.part} of ${p.parts}`))], ['0 of 2', '1 of 2'], 'both are told of')
  t.deepEqual([...new Set(states.map((s) => s.ahead))], [1, 0], 'and both keep states')
  for (const [k, state] of states.entries()) {
    const rest = await collect(wide, { resume: throughFile(wide, state) })
    const resumed = rest.result
    t.equal(rest.progress.length, progress.length - done[k]!, 'no iteration is made again')
    t.equal(
      bytesOf(resumed.weights),
      bytesOf(result.weights),
      `from start ${state.start}, iteration ${state.iteration}`
    )
  }
  let asked = 0
  const given = await run(wide, {
    trained: (r, seed) => {
      asked++
      t.deepEqual([r.name, seed], ['narrow', 3], 'asked for the recipe and the seed')
      return TE.right(before.weights)
    }
  })
  t.equal(asked, 1, 'once')
  t.equal(bytesOf(given.weights), bytesOf(result.weights), 'weights that were there already do as well')
  const untouched = await run({ ...wide, start: Recipe.widened({ from, noise: 0 }), stages: [] })
  t.deepEqual(untouched.weights, right(widen(from.model, before.weights, wide.model)), 'without stages it is the start')
  t.end()
})

test('a recipe interrupted in the one that it begins from goes on there', async (t) => {
  const from = recipe('first', [onNodes, { ...onMatrices, iterations: 5 } as Recipe.Stage])
  const middle = { ...recipe('middle', [byAdam]), start: Recipe.continued({ from }) }
  const whole = { ...recipe('whole', [onMatrices]), start: Recipe.continued({ from: middle }) }
  const { progress, result } = await collect(whole)
  let told = 0
  let state: TrainState | undefined
  const names: string[] = []
  for (let runs = 0; ; runs++) {
    const stop = new AbortController()
    const next = await run(whole, {
      signal: stop.signal,
      onProgress: () => {
        if (++told % 8 === 0) stop.abort()
      },
      ...(state === undefined ? {} : { resume: state })
    })
    t.equal(told, next._tag === 'finished' ? progress.length : 8 * (runs + 1), 'no iteration is made twice')
    if (next._tag === 'finished') {
      t.equal(bytesOf(next.weights), bytesOf(result.weights), `the same bytes after ${runs} interrupts`)
      break
    }
    state = throughFile(whole, next.state)
    names.push(Recipe.chain(whole).at(-1 - state.ahead)!.name)
  }
  t.deepEqual([...new Set(names)], ['first', 'middle', 'whole'], 'in each of the three')
  const refusal = async (given: Partial<TrainState>): Promise<string> =>
    left(await follow(whole, { resume: { ...state!, ...given } })()).message
  t.match(await refusal({ ahead: 3 }), /^resume: expected at most 2 recipes ahead, found 3/)
  const twice = { ...whole, stages: [{ ...onMatrices, starts: 2 } as Recipe.Stage] }
  const again = follow(twice, { resume: { ...state!, stage: 0 } })
  t.match(left(await again()).message, /^resume: expected the weights that middle gave, found none/)
  const foreign = toBytes('state', { ...ofState(whole, state!), state: { ...state!, ahead: 3 } })
  t.equal(left(foreign).cause, 'its model: expected at most 2 recipes ahead of the state, found 3')
  t.end()
})
