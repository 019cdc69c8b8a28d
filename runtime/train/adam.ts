/**
 * The stage `adam`: one compiled training step after another, judged on held-out systems in between.
 */
import * as E from 'fp-ts/Either'

import { type Optimiser, adam as paper } from '../../codegen/rules/optimiser'
import type { Rate } from '../../spec/recipe'
import * as Key from '../random/key'
import type { Sample } from '../sample/sample'
import type { Weights } from '../weights/weights'
import { type Adam, batches } from './batches'
import type { Context, Result, StageResult } from './context'
import { type Answers, drawHeldOut, type Judgement, judge } from './held-out'
import { type TrainState, trainError } from './state'
import { type Stepper, stepper, type TrainBackend, type Values } from './stepper'
import { isFinite64 } from './vector'

/** The learning rate of step `step` (from 0) of `steps`: linear warm-up to the peak, then constant or a cosine to zero. */
export const rateAt = ({ peak, warmup, decay }: Rate, step: number, steps: number): number => {
  if (step < warmup) return (peak * (step + 1)) / warmup
  return decay === 'none' ? peak : (peak * (1 + Math.cos((Math.PI * (step - warmup)) / (steps - warmup)))) / 2
}

const split = (state: TrainState, values: Values): Pick<TrainState, 'weights' | 'moments'> => {
  const weights: Record<string, Float64Array> = {}
  const moments: Record<string, Float64Array> = {}
  for (const [name, array] of Object.entries(values)) (name in state.weights ? weights : moments)[name] = array
  return { weights, moments }
}

const problem = (values: Weights): string | undefined =>
  Object.entries(values).find(([, array]) => !isFinite64(array))?.[0]

const judged = async (machine: Stepper, samples: readonly Sample[]): Promise<Result<Judgement>> => {
  const answers: Answers[] = []
  for (const sample of samples) {
    const found = await machine.answers(sample)
    if (E.isLeft(found)) return found
    answers.push(found.right)
  }
  return E.right(judge(samples, answers))
}

export const adam = async (c: Context, stage: Adam, from: TrainState): Promise<Result<StageResult>> => {
  const { steps, evaluation } = stage
  const optimiser: Optimiser = { ...paper, weightDecay: stage.weightDecay, clip: stage.clip }
  const machine = await stepper({ backend: from.backend as TrainBackend, threads: from.threads }, c.typed, optimiser, {
    ...from.weights,
    ...from.moments
  })
  if (E.isLeft(machine)) return machine
  const { step, read, close } = machine.right
  const batch = batches(c.key, stage, c.dataset)
  const heldOut = evaluation === null ? [] : drawHeldOut(stage.family, Key.fold(c.key, 'held out'), evaluation.systems)
  let { iteration, loss, best, stale } = from
  let smallest = Number.POSITIVE_INFINITY

  const diverged = (what: string): Result<never> =>
    E.left(
      trainError(
        `adam: expected finite numbers, found ${what} not finite at step ${iteration} of ${steps}: ` +
          'the rate is likely too high; try a lower peak, a longer warm-up or a smaller clip'
      )
    )

  const now = async (): Promise<Result<TrainState>> => {
    const values = await read()
    if (E.isLeft(values)) return values
    const bad = problem(values.right)
    return bad === undefined
      ? E.right({ ...from, iteration, loss, best, stale, ...split(from, values.right) })
      : diverged(bad)
  }

  /** Judges the weights after a step, and keeps them if they are the best. */
  const judgement = async (): Promise<Result<Judgement | undefined>> => {
    if (evaluation === null || (iteration % evaluation.every !== 0 && iteration !== steps)) return E.right(undefined)
    const found = await judged(machine.right, heldOut)
    if (E.isLeft(found)) return found
    const { mse } = found.right
    if (!Number.isFinite(mse)) return diverged('an error on held-out systems')
    stale = best !== null && mse >= best.loss ? stale + 1 : 0
    if (stale > 0) return found
    const state = await now()
    if (E.isLeft(state)) return state
    best = { weights: state.right.weights, loss: mse }
    return found
  }

  const finish = async (interrupted: boolean): Promise<Result<StageResult>> => {
    const state = await now()
    if (E.isLeft(state)) return state
    return E.right(
      interrupted || best === null
        ? { state: state.right, interrupted }
        : { state: { ...state.right, weights: best.weights, loss: best.loss }, interrupted }
    )
  }

  const isPatient = (): boolean => stale < (evaluation?.patience ?? Number.POSITIVE_INFINITY)

  const run = async (): Promise<Result<StageResult>> => {
    while (iteration < steps && isPatient()) {
      const systems = await batch(iteration)
      if (E.isLeft(systems)) return systems
      const rate = rateAt(stage.rate, iteration, steps)
      const done = await step(systems.right, rate)
      if (E.isLeft(done)) return done
      iteration++
      loss = done.right
      if (!Number.isFinite(loss)) return diverged('a loss')
      smallest = Math.min(smallest, loss)
      const errors = await judgement()
      if (E.isLeft(errors)) return errors
      const go = await c.tick(
        {
          stage: from.stage,
          stages: c.recipe.stages.length,
          what: 'adam',
          start: 0,
          starts: 1,
          iteration,
          iterations: steps,
          loss,
          best: best?.loss ?? smallest,
          rate,
          ends: iteration === steps || !isPatient(),
          ...(errors.right === undefined ? {} : { heldOut: errors.right })
        },
        now
      )
      if (E.isLeft(go)) return go
      if (!go.right) return finish(true)
    }
    return finish(false)
  }

  return run().finally(close)
}
