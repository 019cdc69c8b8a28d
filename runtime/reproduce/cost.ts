/**
 * What training costs: floating-point operations of a recipe's steps, counted in the equations of one step.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { equations } from '../../codegen/compile'
import { countEquations } from '../../codegen/count'
import { adam } from '../../codegen/rules/optimiser'
import { sizesOf } from '../../spec/family'
import * as I from '../../spec/infer'
import type { Recipe, Stage } from '../../spec/recipe'
import type { Planned } from './row'

/** Operations of one step of Adam on a batch of systems of n unknowns: forward pass, VJP and update. */
export const stepOperations = (
  typed: I.Typed,
  sizes: { readonly n: number; readonly batch: number }
): E.Either<string, number> =>
  pipe(
    equations({ _tag: 'step', optimiser: adam }, typed),
    E.map((e) => countEquations(sizes)(e).flops)
  )

/** Operations of one answer. */
export const answerOperations = (typed: I.Typed, n: number): E.Either<string, number> =>
  pipe(
    equations({ _tag: 'forward' }, typed),
    E.map((e) => countEquations({ n, batch: 1 })(e).flops)
  )

/** Of a stage with Adam, its batches at the mean of the family's sizes; `null` for stages that are not counted. */
const stageOperations = (typed: I.Typed, stage: Stage): E.Either<string, number | null> => {
  if (stage._tag !== 'adam') return E.right(null)
  const { low, high } = sizesOf(stage.family)
  return pipe(
    stepOperations(typed, { n: Math.round((low + high) / 2), batch: stage.batch }),
    E.map((flops) => flops * stage.steps)
  )
}

/** Operations of a recipe's own stages, without those of a recipe that it starts from; `null` where one is not counted. */
export const operationsOf = (recipe: Recipe): E.Either<string, number | null> =>
  pipe(
    I.infer(recipe.model),
    E.mapLeft(I.show),
    E.chain((typed) => E.traverseArray((stage: Stage) => stageOperations(typed, stage))(recipe.stages)),
    E.map((parts) => parts.reduce<number | null>((sum, part) => (sum === null || part === null ? null : sum + part), 0))
  )

/** Operations of everything that a row plans. */
export const budgetOf = (planned: readonly Planned[]): E.Either<string, number> =>
  pipe(
    planned,
    E.traverseArray(({ recipe, seeds }) =>
      E.map((operations: number | null) => (operations ?? 0) * seeds.length)(operationsOf(recipe))
    ),
    E.map((parts) => parts.reduce((sum, part) => sum + part, 0))
  )
