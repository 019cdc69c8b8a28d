/** The recipes of a chain, each with its judged model, in the order in which they are followed. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import { chain, type Recipe } from '../../spec/recipe'
import type { Result } from './context'
import { trainError } from './state'

export interface Part {
  readonly recipe: Recipe
  readonly typed: I.Typed
}

export const partsOf = (whole: Recipe): Result<readonly Part[]> =>
  pipe(
    chain(whole),
    E.traverseArray((recipe) =>
      pipe(
        I.infer(recipe.model),
        E.bimap(
          (error) => trainError(`recipe ${recipe.name}: ${I.show(error)}`),
          (typed) => ({ recipe, typed })
        )
      )
    )
  )

export const partAt = (parts: readonly Part[], at: number): Part => {
  const part = parts[at]
  if (part === undefined) throw new Error(`internal: a chain of ${parts.length} recipes has no number ${at}`)
  return part
}
