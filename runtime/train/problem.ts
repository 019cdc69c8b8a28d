/** What of a recipe cannot be followed, judged before anything runs. */
import * as E from 'fp-ts/Either'

import { sizesOf } from '../../spec/family'
import type { Dataset } from '../data/dataset'
import { validate } from '../weights/weights'
import { batchesProblem } from './batches'
import { startsAgain } from './first-weights'
import type { Part } from './parts'
import type { TrainState } from './state'
import type { TrainBackend } from './stepper'

/** What a run is asked for, as `follow` takes it. */
interface Asked {
  readonly seed?: number
  readonly backend?: TrainBackend
  readonly threads?: number
  readonly dataset?: Dataset
  readonly resume?: TrainState
}

const recipeProblem = ({ recipe, typed }: Part): string | undefined => {
  for (const [k, stage] of recipe.stages.entries()) {
    const place = `recipe ${recipe.name}: stage ${k + 1}`
    if (stage._tag !== 'adam' && k > 0 && stage.starts > 1) {
      return `${place}: expected 1 start after the first stage, found ${stage.starts}`
    }
    if (stage._tag === 'scalarNodes' || stage._tag === 'eigenvalues') continue
    const { low, high } = sizesOf(stage.family)
    if (typed.n !== null && (low !== typed.n || high !== typed.n)) {
      return `${place}: expected systems of n = ${typed.n}, which the model is made for, found sizes ${low} to ${high}`
    }
    const batches = stage._tag === 'adam' ? batchesProblem(stage) : undefined
    if (batches !== undefined) return `${place}: ${batches}`
  }
  return undefined
}

const threadsProblem = (parts: readonly Part[], { resume, backend, ...asked }: Asked): string | undefined => {
  const threads = asked.threads ?? resume?.threads ?? 1
  const on = backend ?? resume?.backend ?? 'javascript'
  if (threads > 1 && on !== 'wasm') {
    return `threads: expected 1 on the backend ${on}, found ${threads}: wasm takes more`
  }
  const stages = parts.flatMap(({ recipe }) => recipe.stages)
  const small = stages.find((s) => s._tag === 'adam' && s.batch < threads)
  return small?._tag === 'adam'
    ? `threads: expected at most the ${small.batch} systems of a batch, found ${threads}`
    : undefined
}

/** What of the state does not fit the recipe that it is in. */
const stateProblem = (parts: readonly Part[], state: TrainState): string | undefined => {
  const at = parts.length - 1 - state.ahead
  const [own, before] = [parts[at], parts[at - 1]]
  if (own === undefined) {
    return `resume: expected at most ${parts.length - 1} recipes ahead, found ${state.ahead}: the state is of another recipe`
  }
  const { recipe, typed } = own
  if (state.stage > recipe.stages.length) {
    return `resume: expected a stage up to ${recipe.stages.length}, found ${state.stage}: the state is of another recipe`
  }
  const judged = validate(typed, typed.n ?? 1, state.weights)
  if (E.isLeft(judged)) return `resume: ${judged.left}`
  if (before === undefined || state.stage > 0 || !startsAgain(recipe)) return undefined
  if (state.base === null) return `resume: expected the weights that ${before.recipe.name} gave, found none`
  const base = validate(before.typed, before.typed.n ?? 1, state.base)
  return E.isLeft(base) ? `resume: weights of ${before.recipe.name}: ${base.left}` : undefined
}

const dataProblem = (began: string | null, dataset: Dataset | undefined): string | undefined => {
  if (began === (dataset?.id ?? null)) return undefined
  if (dataset === undefined) return 'resume: expected the dataset that the run began with, found none: give it again'
  return began === null
    ? `resume: expected no dataset, as the run began without one, found ${dataset.folder}: leave it out`
    : `resume: expected the dataset that the run began with, found another in ${dataset.folder}`
}

const resumeProblem = (parts: readonly Part[], state: TrainState, o: Asked): string | undefined => {
  const { seed, backend, threads, dataset } = o
  if (seed !== undefined && seed !== state.seed) {
    return `resume: expected seed ${state.seed}, which the run began with, found ${seed}: leave the seed out`
  }
  if (backend !== undefined && backend !== state.backend) {
    return `resume: expected backend ${state.backend}, which the run began on, found ${backend}: leave it out`
  }
  if (threads !== undefined && threads !== state.threads) {
    return `resume: expected ${state.threads} threads, with which the run began, found ${threads}: leave the number out`
  }
  return dataProblem(state.data, dataset) ?? stateProblem(parts, state)
}

/** What of recipes or options cannot be followed, before anything runs. */
export const problem = (parts: readonly Part[], o: Asked): string | undefined => {
  for (const part of parts) {
    const found = recipeProblem(part)
    if (found !== undefined) return found
  }
  return threadsProblem(parts, o) ?? (o.resume === undefined ? undefined : resumeProblem(parts, o.resume, o))
}
