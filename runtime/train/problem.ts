/** What of a recipe cannot be followed, judged before anything runs. */
import * as E from 'fp-ts/Either'

import { sizesOf } from '../../spec/family'
import type * as I from '../../spec/infer'
import type { Recipe } from '../../spec/recipe'
import { validate } from '../weights/weights'
import { batchesProblem } from './batches'
import type { TrainState } from './state'
import type { TrainBackend } from './stepper'

/** What a run is asked for, as `follow` takes it. */
interface Asked {
  readonly seed?: number
  readonly backend?: TrainBackend
  readonly threads?: number
  readonly resume?: TrainState
}

/** What of a recipe or its options cannot be followed, before anything runs. */
export const problem = (recipe: Recipe, typed: I.Typed, options: Asked): string | undefined => {
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
  const { resume, backend, seed, threads = resume?.threads ?? 1 } = options
  if (threads > 1 && (backend ?? resume?.backend) !== 'wasm') {
    return `threads: expected 1 on the backend ${backend ?? resume?.backend ?? 'javascript'}, found ${threads}: wasm takes more`
  }
  const small = recipe.stages.find((s) => s._tag === 'adam' && s.batch < threads)
  if (small?._tag === 'adam') return `threads: expected at most the ${small.batch} systems of a batch, found ${threads}`
  if (resume === undefined) return undefined
  if (seed !== undefined && seed !== resume.seed) {
    return `resume: expected seed ${resume.seed}, which the run began with, found ${seed}: leave the seed out`
  }
  if (backend !== undefined && backend !== resume.backend) {
    return `resume: expected backend ${resume.backend}, which the run began on, found ${backend}: leave it out`
  }
  if (threads !== resume.threads) {
    return `resume: expected ${resume.threads} threads, with which the run began, found ${threads}: leave the number out`
  }
  if (resume.stage > recipe.stages.length) {
    return `resume: expected a stage up to ${recipe.stages.length}, found ${resume.stage}: the state is of another recipe`
  }
  const judged = validate(typed, typed.n ?? 1, resume.weights)
  return E.isLeft(judged) ? `resume: ${judged.left}` : undefined
}
