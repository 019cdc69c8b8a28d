/**
 * Families and recipes as JSON, both ways.
 */
import type * as E from 'fp-ts/Either'

import * as D from './decoder'
import { encodeFamily, decodeFamilyAt as family, kappa, mostSize, notNegative, positive } from './family-json'
import * as Json from './json'
import type { Evaluation, Path, Rate, Recipe, Stage, Start } from './recipe'

const mostSteps = 1_000_000_000

// --- encoding --------------------------------------------------------------------------------------------------------

const encodePath = (path: Path | null): D.Json =>
  path === null ? null : { from: path.from, steps: path.steps, iterations: path.iterations }

const encodeEvaluation = (evaluation: Evaluation | null): D.Json =>
  evaluation === null ? null : { systems: evaluation.systems, every: evaluation.every, patience: evaluation.patience }

const encodeStage = (stage: Stage): D.Json => {
  switch (stage._tag) {
    case 'scalarNodes': {
      const { _tag, kappas, nodes, iterations, starts, solver, corrections, path } = stage
      return { _tag, kappas: [...kappas], nodes, iterations, starts, solver, corrections, path: encodePath(path) }
    }
    case 'eigenvalues': {
      const { _tag, eigenvalues, iterations, starts, solver, corrections } = stage
      return { _tag, eigenvalues: [...eigenvalues], iterations, starts, solver, corrections }
    }
    case 'levenbergMarquardt': {
      const { _tag, family, systems, iterations, redraw, starts } = stage
      return { _tag, family: encodeFamily(family), systems, iterations, redraw, starts }
    }
    case 'adam': {
      const { _tag, family, steps, batch, rate, weightDecay, clip, systems, evaluation } = stage
      const { peak, warmup, decay } = rate
      return {
        _tag,
        family: encodeFamily(family),
        steps,
        batch,
        rate: { peak, warmup, decay },
        weightDecay,
        clip,
        systems,
        evaluation: encodeEvaluation(evaluation)
      }
    }
  }
}

const encodeStart = (start: Start): D.Json => {
  switch (start._tag) {
    case 'random':
      return { _tag: start._tag, scale: start.scale }
    case 'closedForm':
      return { _tag: start._tag, kappa: start.kappa, noise: start.noise }
    case 'widened':
      return { _tag: start._tag, from: encodeRecipe(start.from), noise: start.noise }
    case 'behindClosedForm':
      return { _tag: start._tag, kappa: start.kappa, from: encodeRecipe(start.from), noise: start.noise }
    case 'continued':
      return { _tag: start._tag, from: encodeRecipe(start.from) }
  }
}

/** A recipe as a plain value that JSON can hold, its keys in a fixed order. */
export const encodeRecipe = (recipe: Recipe): D.Json => ({
  name: recipe.name,
  model: Json.encode(recipe.model),
  start: encodeStart(recipe.start),
  stages: recipe.stages.map(encodeStage),
  seed: recipe.seed,
  valid: encodeFamily(recipe.valid)
})

// --- decoding --------------------------------------------------------------------------------------------------------

const aboveOne = D.that(D.number, (value) => value > 1, 'a condition number above 1')

const start: D.Decoder<Start> = D.union<Start>({
  random: D.struct({ _tag: D.tag('random'), scale: positive }),
  closedForm: D.struct({
    _tag: D.tag('closedForm'),
    kappa: aboveOne,
    noise: notNegative
  }),
  widened: D.struct({
    _tag: D.tag('widened'),
    from: D.lazy(() => recipe),
    noise: notNegative
  }),
  behindClosedForm: D.struct({
    _tag: D.tag('behindClosedForm'),
    kappa: aboveOne,
    from: D.lazy(() => recipe),
    noise: notNegative
  }),
  continued: D.struct({ _tag: D.tag('continued'), from: D.lazy(() => recipe) })
})

const rate: D.Decoder<Rate> = D.struct<Rate>({
  peak: positive,
  warmup: D.whole(0, mostSteps),
  decay: D.oneOf('none', 'cosine')
})

const steps = D.whole(1, mostSteps)

const evaluation: D.Decoder<Evaluation> = D.struct<Evaluation>({
  systems: D.whole(1, mostSize),
  every: steps,
  patience: D.nullable(steps)
})

const solver = D.oneOf('qr', 'normal')

const mostCorrections = 1000

const path: D.Decoder<Path> = D.struct<Path>({ from: aboveOne, steps, iterations: steps })

const stage: D.Decoder<Stage> = D.union<Stage>({
  scalarNodes: D.struct({
    _tag: D.tag('scalarNodes'),
    kappas: D.that(D.array(kappa, mostSize), (k) => k.length > 0, 'at least one condition number'),
    nodes: D.whole(1, mostSize),
    iterations: steps,
    starts: D.whole(1, mostSize),
    solver,
    corrections: D.or(0, D.whole(0, mostCorrections)),
    path: D.or(null, D.nullable(path))
  }),
  eigenvalues: D.struct({
    _tag: D.tag('eigenvalues'),
    eigenvalues: D.that(D.array(positive, mostSize), (k) => k.length > 0, 'at least one eigenvalue'),
    iterations: steps,
    starts: D.whole(1, mostSize),
    solver,
    corrections: D.whole(0, mostCorrections)
  }),
  levenbergMarquardt: D.struct({
    _tag: D.tag('levenbergMarquardt'),
    family,
    systems: D.whole(1, mostSize),
    iterations: steps,
    redraw: steps,
    starts: D.or(1, D.whole(1, mostSize))
  }),
  adam: D.struct({
    _tag: D.tag('adam'),
    family,
    steps,
    batch: D.whole(1, mostSize),
    rate,
    weightDecay: notNegative,
    clip: D.nullable(positive),
    systems: D.or(null, D.nullable(D.whole(1, mostSize))),
    evaluation: D.or(null, D.nullable(evaluation))
  })
})

const recipe: D.Decoder<Recipe> = D.struct<Recipe>({
  name: D.name,
  model: Json.model,
  start,
  stages: D.array(stage, mostSize),
  seed: D.whole(0, Number.MAX_SAFE_INTEGER),
  valid: family
})

/** The recipe that a JSON value describes, or the first place where it describes none. */
export const decodeRecipe = (value: unknown): E.Either<D.DecodeError, Recipe> => recipe(value, '', 0)
