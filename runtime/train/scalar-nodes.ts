/**
 * The stages `scalarNodes` and `eigenvalues`: Levenberg-Marquardt on systems of one unknown, the best of several starts.
 *
 * A model without all-ones terms is a function of each eigenvalue, so what it learns here holds for every n. Row operations
 * without an identity block are a function of each singular value, so that it holds for every square matrix.
 */
import * as E from 'fp-ts/Either'

import type { Stage } from '../../spec/recipe'
import { mirrored, type Nodes, nodes, scalars } from '../sample/spd'
import type { Context, Result, StageResult } from './context'
import * as LM from './levenberg-marquardt'
import { type Residuals, residuals } from './residuals'
import { type TrainState, trainError } from './state'
import { flatten, unflatten } from './vector'

type OnScalars = Extract<Stage, { readonly _tag: 'scalarNodes' | 'eigenvalues' }>

/** A step so damped that nothing moves: the start has found its minimum. */
const settled = 1e16
/** Where a path has moved by a step, the next optimum is near: almost a Gauss-Newton step. */
const pathDamping = 1e-9

// --- phases ----------------------------------------------------------------------------------------------------------

/** Iterations up to number `end` of a start are on these nodes. */
interface Phase {
  readonly nodes: Nodes
  readonly end: number
  /** What a phase begins with. */
  readonly damping: number
}

/** `arcosh((kappa + 1) / (kappa - 1))`: what the attainable accuracy is exponential in. */
const rateOf = (kappa: number): number => Math.acosh((kappa + 1) / Math.max(kappa - 1, 2 ** -40))

/** The condition number at a share of the way, linear in the rate. */
const onTheWay = (from: number, to: number, share: number): number => {
  const rate = rateOf(from) + share * (rateOf(to) - rateOf(from))
  return 1 / Math.tanh(rate / 2) ** 2
}

const phasesOf = (stage: OnScalars): readonly Phase[] => {
  if (stage._tag === 'eigenvalues') {
    const { eigenvalues, iterations } = stage
    const weights = new Float64Array(eigenvalues.length).fill(1 / eigenvalues.length)
    return [{ nodes: { lambdas: Float64Array.from(eigenvalues), weights }, end: iterations, damping: LM.firstDamping }]
  }
  const { kappas, path, iterations } = stage
  const at = (k: number, steps: number, from: number): Nodes =>
    nodes(
      kappas.map((kappa) => onTheWay(from, kappa, k / steps)),
      stage.nodes
    )
  const way = path ?? { from: 1, steps: 0, iterations: 0 }
  const first = Array.from({ length: way.steps }, (_, k) => ({
    nodes: at(k, way.steps, way.from),
    end: (k + 1) * way.iterations,
    damping: k === 0 ? LM.firstDamping : pathDamping
  }))
  const last = { nodes: nodes(kappas, stage.nodes), end: way.steps * way.iterations + iterations }
  return [...first, { ...last, damping: path === null ? LM.firstDamping : pathDamping }]
}

// --- training --------------------------------------------------------------------------------------------------------

export const scalarNodes = async (c: Context, stage: OnScalars, from: TrainState): Promise<Result<StageResult>> => {
  const { typed, n } = c
  if (typed.n !== null) {
    return E.left(trainError(`${typed.model.name} fits n = ${typed.n} only and cannot be trained on scalar systems`))
  }
  // An answer read over all tokens is meant for indefinite matrices: nodes of both signs.
  const signed = typed.model.readout._tag === 'transposed' ? mirrored : (given: Nodes): Nodes => given
  const phases = phasesOf(stage).map((phase) => ({ ...phase, nodes: signed(phase.nodes) }))
  const last = phases[phases.length - 1]!
  const compiled = residuals(typed, [{ n: 1, batch: last.nodes.lambdas.length }])
  if (E.isLeft(compiled)) return E.left(trainError(compiled.left))
  const manner = stage.corrections === 0 ? LM.straight : LM.ledBack(stage.corrections)

  let state = from
  for (
    ;
    state.start < stage.starts;
    state = { ...state, start: state.start + 1, iteration: 0, damping: LM.firstDamping }
  ) {
    if (state.iteration === 0 && state.start > 0) {
      const first = c.first(state.start)
      if (E.isLeft(first)) return first
      state = { ...state, weights: first.right }
    }
    let { iteration } = state
    let problem = problemOf(compiled.right, last.nodes)
    let point: LM.Point = { theta: flatten(typed, n, state.weights), cost: Infinity, damping: state.damping }
    const now = (): TrainState => {
      const { damping, cost, theta } = point
      return { ...state, iteration, damping, loss: cost, weights: unflatten(typed, n, theta) }
    }
    for (const [k, phase] of phases.entries()) {
      if (iteration >= phase.end && phase !== last) continue
      const fresh = iteration === (phases[k - 1]?.end ?? 0)
      problem = problemOf(compiled.right, phase.nodes)
      point = LM.start(problem, point.theta, fresh && k > 0 ? phase.damping : point.damping)
      const step = LM.trials(problem, stage.solver, manner)
      while (iteration < phase.end && point.damping < settled) {
        point = step(point).point
        iteration++
        const go = await c.tick(
          {
            stage: state.stage,
            stages: c.recipe.stages.length,
            what: stage._tag,
            start: state.start,
            starts: stage.starts,
            iteration,
            iterations: last.end,
            loss: point.cost,
            best: Math.min(point.cost, state.best?.loss ?? Number.POSITIVE_INFINITY),
            ends: phase === last && (iteration >= phase.end || point.damping >= settled)
          },
          async () => E.right(now())
        )
        if (E.isLeft(go)) return go
        if (!go.right) return E.right({ state: now(), interrupted: true })
      }
      if (phase !== last) iteration = phase.end
    }
    const done = now()
    const better = done.best === null || done.loss < done.best.loss
    state = { ...done, best: better ? { weights: done.weights, loss: done.loss } : done.best }
  }
  return E.right({ state: { ...state, ...(state.best ?? {}) }, interrupted: false })
}

const problemOf = (programs: Residuals, given: Nodes): LM.LeastSquares =>
  programs([{ sample: scalars(given), shares: given.weights }])
