/**
 * The stage `levenbergMarquardt`: on sampled systems of every size of the family, drawn anew after a number of accepted
 * steps, so that what is learned is the family and not one sample.
 */
import * as E from 'fp-ts/Either'

import { type Family, sizesOf } from '../../spec/family'
import type { Stage } from '../../spec/recipe'
import * as Key from '../random/key'
import { draw } from '../sample/draw'
import { count } from '../weights/weights'
import type { Context, Result, StageResult } from './context'
import * as LM from './levenberg-marquardt'
import { type Residuals, residuals } from './residuals'
import { type TrainState, trainError } from './state'
import { flatten, unflatten } from './vector'

type Sampled = Extract<Stage, { readonly _tag: 'levenbergMarquardt' }>

/** A step so damped that this sample has nothing left to teach. */
const settled = 1e10

/** All sizes of a family, smallest first. */
export const allSizes = (family: Family): readonly number[] => {
  const { low, high } = sizesOf(family)
  return Array.from({ length: high - low + 1 }, (_, k) => low + k)
}

const drawn = (c: Context, { family, systems }: Sampled, programs: Residuals, number: number): LM.LeastSquares => {
  const key = Key.fold(c.key, number)
  const sizes = allSizes(family)
  return programs(
    sizes.map((n) => ({
      sample: draw(family, Key.fold(key, n), { n, batch: systems }),
      shares: new Float64Array(systems).fill(1 / (systems * sizes.length))
    }))
  )
}

/** The beginning of an independent start. */
const atStart = (state: TrainState, start: number): TrainState => ({
  ...state,
  start,
  iteration: 0,
  draw: 0,
  accepted: 0,
  damping: LM.firstDamping
})

export const sampled = async (c: Context, stage: Sampled, from: TrainState): Promise<Result<StageResult>> => {
  const { typed, n } = c
  const sizes = allSizes(stage.family)
  const compiled = residuals(
    typed,
    sizes.map((size) => ({ n: size, batch: stage.systems }))
  )
  if (E.isLeft(compiled)) return E.left(trainError(compiled.left))
  const rows = sizes.reduce((total, size) => total + size * stage.systems, 0)
  const solver = rows < count(typed, n) ? 'dual' : 'normal'

  let state = from
  for (; state.start < stage.starts; state = atStart(state, state.start + 1)) {
    if (state.iteration === 0 && state.start > 0) {
      const first = c.first(state.start)
      if (E.isLeft(first)) return first
      state = { ...state, weights: first.right }
    }
    let { iteration, draw: number, accepted } = state
    let problem = drawn(c, stage, compiled.right, number)
    let step = LM.trials(problem, solver, LM.bending)
    let point = LM.start(problem, flatten(typed, n, state.weights), state.damping)
    const now = (): TrainState => {
      const { damping, cost, theta } = point
      return { ...state, iteration, draw: number, accepted, damping, loss: cost, weights: unflatten(typed, n, theta) }
    }
    while (iteration < stage.iterations) {
      const trial = step(point)
      point = trial.point
      iteration++
      accepted += trial.accepted ? 1 : 0
      const { cost } = point
      const stuck = point.damping > settled
      if (accepted === stage.redraw || stuck) {
        number++
        accepted = 0
        problem = drawn(c, stage, compiled.right, number)
        step = LM.trials(problem, solver, LM.bending)
        point = LM.start(problem, point.theta, stuck ? LM.firstDamping : point.damping)
      }
      const go = await c.tick(
        {
          stage: state.stage,
          stages: c.recipe.stages.length,
          what: 'levenbergMarquardt',
          start: state.start,
          starts: stage.starts,
          iteration,
          iterations: stage.iterations,
          loss: cost,
          best: Math.min(cost, state.best?.loss ?? Number.POSITIVE_INFINITY),
          ends: iteration === stage.iterations
        },
        async () => E.right(now())
      )
      if (E.isLeft(go)) return go
      if (!go.right) return E.right({ state: now(), interrupted: true })
    }
    const done = now()
    const better = done.best === null || done.loss < done.best.loss
    state = { ...done, best: better ? { weights: done.weights, loss: done.loss } : done.best }
  }
  return E.right({ state: { ...state, ...(state.best ?? {}) }, interrupted: false })
}
