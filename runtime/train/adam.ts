/**
 * The stage `adam`: one compiled training step after another on freshly sampled batches.
 *
 * Step t draws from a key folded with t, so a run that goes on at step t sees what it would have seen.
 */
import * as E from 'fp-ts/Either'

import { type Optimiser, adam as paper } from '../../codegen/rules/optimiser'
import { sizesOf } from '../../spec/family'
import type { Rate, Stage } from '../../spec/recipe'
import * as Key from '../random/key'
import { draw } from '../sample/draw'
import type { Sample } from '../sample/sample'
import type { Weights } from '../weights/weights'
import type { Context, Result, StageResult } from './context'
import { type TrainState, trainError } from './state'
import { stepper, type TrainBackend, type Values } from './stepper'
import { isFinite64 } from './vector'

type Adam = Extract<Stage, { readonly _tag: 'adam' }>

/** The learning rate of step `step` (from 0) of `steps`: linear warm-up to the peak, then constant or a cosine to zero. */
export const rateAt = ({ peak, warmup, decay }: Rate, step: number, steps: number): number => {
  if (step < warmup) return (peak * (step + 1)) / warmup
  return decay === 'none' ? peak : (peak * (1 + Math.cos((Math.PI * (step - warmup)) / (steps - warmup)))) / 2
}

/** The batch of one step: a size drawn uniformly from the family's, then systems of that size. */
const batchOf = (key: Key.Key, { family, batch }: Adam, step: number): Sample => {
  const own = Key.fold(key, step)
  const { low, high } = sizesOf(family)
  const n = Key.integers(Key.fold(own, 'size'), 1, low, high + 1)[0]!
  return draw(family, Key.fold(own, 'systems'), { n, batch })
}

const split = (state: TrainState, values: Values): Pick<TrainState, 'weights' | 'moments'> => {
  const weights: Record<string, Float64Array> = {}
  const moments: Record<string, Float64Array> = {}
  for (const [name, array] of Object.entries(values)) (name in state.weights ? weights : moments)[name] = array
  return { weights, moments }
}

const problem = (values: Weights): string | undefined =>
  Object.entries(values).find(([, array]) => !isFinite64(array))?.[0]

export const adam = async (c: Context, stage: Adam, from: TrainState): Promise<Result<StageResult>> => {
  const optimiser: Optimiser = { ...paper, weightDecay: stage.weightDecay, clip: stage.clip }
  const machine = await stepper(from.backend as TrainBackend, c.typed, optimiser, { ...from.weights, ...from.moments })
  if (E.isLeft(machine)) return machine
  const { step, read, close } = machine.right
  let { iteration, loss } = from
  let best = Number.POSITIVE_INFINITY

  const diverged = (what: string): Result<never> =>
    E.left(
      trainError(
        `adam: expected finite numbers, found ${what} not finite at step ${iteration} of ${stage.steps}: ` +
          'the rate is likely too high; try a lower peak, a longer warm-up or a smaller clip'
      )
    )

  const now = async (): Promise<Result<TrainState>> => {
    const values = await read()
    if (E.isLeft(values)) return values
    const bad = problem(values.right)
    return bad === undefined ? E.right({ ...from, iteration, loss, ...split(from, values.right) }) : diverged(bad)
  }

  const finish = async (interrupted: boolean): Promise<Result<StageResult>> =>
    E.map((state: TrainState) => ({ state, interrupted }))(await now())

  const run = async (): Promise<Result<StageResult>> => {
    while (iteration < stage.steps) {
      const done = await step(batchOf(c.key, stage, iteration), rateAt(stage.rate, iteration, stage.steps))
      if (E.isLeft(done)) return done
      iteration++
      loss = done.right
      if (!Number.isFinite(loss)) return diverged('a loss')
      best = Math.min(best, loss)
      const go = await c.tick(
        {
          stage: from.stage,
          stages: c.recipe.stages.length,
          what: 'adam',
          start: 0,
          starts: 1,
          iteration,
          iterations: stage.steps,
          loss,
          best
        },
        now
      )
      if (E.isLeft(go)) return go
      if (!go.right) return finish(true)
    }
    return finish(false)
  }

  const result = await run()
  await close()
  return result
}
