/**
 * The stage `scalarNodes`: Levenberg-Marquardt on systems of one unknown, the best of several starts.
 *
 * A model without all-ones terms is a function of each eigenvalue, so what it learns here holds for every n.
 */
import * as E from 'fp-ts/Either'

import type { Stage } from '../../spec/recipe'
import { nodes, scalars } from '../sample/spd'
import type { Context, Result, StageResult } from './context'
import * as LM from './levenberg-marquardt'
import { residuals } from './residuals'
import { type TrainState, trainError } from './state'
import { flatten, unflatten } from './vector'

type ScalarNodes = Extract<Stage, { readonly _tag: 'scalarNodes' }>

/** A step so damped that nothing moves: the start has found its minimum. */
const settled = 1e16

export const scalarNodes = async (c: Context, stage: ScalarNodes, from: TrainState): Promise<Result<StageResult>> => {
  const { typed, n } = c
  if (typed.n !== null) {
    return E.left(trainError(`${typed.model.name} fits n = ${typed.n} only and cannot be trained on scalar systems`))
  }
  const given = nodes(stage.kappas, stage.nodes)
  const sample = scalars(given)
  const compiled = residuals(typed, [{ n: 1, batch: sample.batch }])
  if (E.isLeft(compiled)) return E.left(trainError(compiled.left))
  const problem = compiled.right([{ sample, shares: given.weights }])
  const step = LM.trials(problem, stage.solver)

  let state = from
  for (
    ;
    state.start < stage.starts;
    state = { ...state, start: state.start + 1, iteration: 0, damping: LM.firstDamping }
  ) {
    if (state.iteration === 0 && from.stage === 0) {
      const first = c.first(state.start)
      if (E.isLeft(first)) return first
      state = { ...state, weights: first.right }
    }
    let point = LM.start(problem, flatten(typed, n, state.weights), state.damping)
    let { iteration } = state
    const now = (): TrainState => {
      const { damping, cost, theta } = point
      return { ...state, iteration, damping, loss: cost, weights: unflatten(typed, n, theta) }
    }
    while (iteration < stage.iterations && point.damping < settled) {
      point = step(point).point
      iteration++
      const go = await c.tick(
        {
          stage: state.stage,
          stages: c.recipe.stages.length,
          what: 'scalarNodes',
          start: state.start,
          starts: stage.starts,
          iteration,
          iterations: stage.iterations,
          loss: point.cost,
          best: Math.min(point.cost, state.best?.loss ?? Number.POSITIVE_INFINITY)
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
