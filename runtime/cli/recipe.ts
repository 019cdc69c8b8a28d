/** Recipes by the names that people give: of the zoo, or files. */
import { readFile } from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as D from '../../spec/decoder'
import type { Recipe } from '../../spec/recipe'
import { decodeRecipe } from '../../spec/recipe-json'
import { recipes } from '../../spec/zoo/recipes'
import { show as showInput } from '../io/errors'
import { systemError } from '../io/source'
import { type Failure, fail, failure } from './exit'
import { didYouMean, quoted } from './suggest'

const readRecipe = async (file: string): Promise<E.Either<Failure, Recipe>> => {
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    return fail(
      'model',
      cause instanceof SyntaxError ? `${file}: is not JSON` : showInput(systemError(file, cause, 'read'))
    )
  }
  return pipe(
    decodeRecipe(value),
    E.mapLeft((error) => failure('model', `${file}: ${D.show(error)}`))
  )
}

/** The recipe of a name, or in a file of JSON; a Left suggests the nearest name. */
export const findRecipe = async (name: string): Promise<E.Either<Failure, Recipe>> => {
  const known = recipes.find((r) => r.name === name)
  if (known !== undefined) return E.right(known)
  if (/[\\/]|\.json$/.test(name)) return readRecipe(name)
  const names = recipes.map((r) => r.name)
  const near = didYouMean(name, names)
  return fail('model', `there is no recipe ${quoted(name)}${near === '' ? `; there are ${names.join(', ')}` : near}`)
}
