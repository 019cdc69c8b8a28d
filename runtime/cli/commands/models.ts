/** `ansatz models`: the zoo, the shipped checkpoints and the recipes. */
import * as E from 'fp-ts/Either'

import * as Dim from '../../../spec/dim'
import * as F from '../../../spec/family'
import type * as I from '../../../spec/infer'
import * as Json from '../../../spec/json'
import * as Parameter from '../../../spec/parameter'
import { encodeRecipe } from '../../../spec/recipe-json'
import * as Tree from '../../../spec/tree'
import { catalogue } from '../../../spec/zoo/catalogue'
import { recipes } from '../../../spec/zoo/recipes'
import { render } from '../../checkpoint/card'
import type { Checkpoint } from '../../checkpoint/checkpoint'
import { formsOf, lines, plain } from '../../guarantee/statement'
import type { Outcome } from '../exit'
import { findModel, readCheckpoint, shippedFile, shippedNames } from '../model'
import { say, sayJson, scientific, table } from '../print'

interface Options {
  readonly json?: boolean
}

/** The size at which a model that is made for one n is shown. */
const usual = 9

const parametersOf = (typed: I.Typed): string => {
  const total = Parameter.total(typed.parameters)
  const shown = typed.n === null ? total : Dim.substitute('n', typed.n)(total)
  return `${Dim.show(shown)}${typed.n === null ? '' : ` (n = ${typed.n})`}`
}

// --- the list --------------------------------------------------------------------------------------------------------

const bestOf = ({ card }: Checkpoint): string => {
  const errors = (card?.measured ?? []).map((m) => m.mse)
  return errors.length === 0 ? '' : `MSE ${scientific(Math.min(...errors))} to ${scientific(Math.max(...errors))}`
}

const list = async (o: Options): Promise<Outcome> => {
  const zoo: { readonly name: string; readonly parameters: string; readonly about: string }[] = []
  for (const [name, { about }] of Object.entries(catalogue)) {
    const found = await findModel(name, { weights: false })
    const typed = E.isRight(found) ? found.right.typed(usual) : found
    if (E.isLeft(typed)) return typed
    zoo.push({ name, parameters: parametersOf(typed.right), about })
  }
  const ships: { readonly name: string; readonly checkpoint: Checkpoint }[] = []
  for (const name of await shippedNames()) {
    const checkpoint = await readCheckpoint(shippedFile(name))
    if (E.isLeft(checkpoint)) return checkpoint
    ships.push({ name, checkpoint: checkpoint.right })
  }
  if (o.json === true) {
    sayJson({
      zoo,
      checkpoints: ships.map(({ name, checkpoint: { card, recipe, seed, loss } }) => ({
        name,
        recipe: recipe?.name ?? null,
        seed,
        loss,
        card
      })),
      recipes: recipes.map((r) => ({ name: r.name, model: r.model.name, valid: F.show(r.valid) }))
    })
    return E.right('done')
  }
  const indent = (text: string): string => text.replace(/^/gm, '  ')
  say('Architectures (ansatz print NAME)')
  say(indent(table([['', 'parameters', ''], ...zoo.map((z) => [z.name, z.parameters, z.about])], [1])))
  say('  also block-linear-LAYERS, full-linear-LAYERS, column-linear-LAYERS, polynomial-DEGREE for other numbers')
  say('\nCheckpoints (ansatz solve A.mtx --model NAME; ansatz models NAME shows the card)')
  say(
    indent(
      table(
        ships.map(({ name, checkpoint: c }) => [
          name,
          String(c.card?.parameters ?? ''),
          c.card?.valid ?? '',
          bestOf(c)
        ]),
        [1]
      )
    )
  )
  say('\nRecipes (ansatz train NAME)')
  say(indent(table(recipes.map((r) => [r.name, r.model.name, F.show(r.valid)]))))
  return E.right('done')
}

// --- guarantees ------------------------------------------------------------------------------------------------------

/** The theorem of trained weights, computed from them; none for a network that is no polynomial in A. */
const guaranteeOf = ({ model, weights, recipe }: Checkpoint): ReturnType<typeof formsOf> => {
  if (recipe === null) return E.left('it does not say which systems it is for')
  const kappa = F.kappaOf(recipe.valid)?.high
  if (recipe.valid._tag !== 'spd' || kappa === undefined) {
    return E.left('it is not for positive definite systems of a known condition number')
  }
  return formsOf({ model, weights, low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) })
}

const guaranteeText = (checkpoint: Checkpoint): string =>
  E.match(
    (reason: string) => `  guarantee   none: ${reason}`,
    (forms: Parameters<typeof lines>[0]) =>
      lines(forms)
        .map((line, k) => `  ${k === 0 ? 'guarantee   ' : '            '}${line}`)
        .join('\n')
  )(guaranteeOf(checkpoint))

// --- one -------------------------------------------------------------------------------------------------------------

const one = async (name: string, o: Options): Promise<Outcome> => {
  const recipe = recipes.find((r) => r.name === name)
  const found = await findModel(name, { weights: true })
  if (E.isLeft(found)) {
    if (recipe === undefined) return found
    sayJson(encodeRecipe(recipe))
    return E.right('done')
  }
  const typed = found.right.typed(usual)
  if (E.isLeft(typed)) return typed
  const { checkpoint } = found.right
  if (o.json === true) {
    sayJson({
      name,
      model: Json.encode(typed.right.model),
      card: checkpoint?.card ?? null,
      recipe: checkpoint?.recipe == null ? null : encodeRecipe(checkpoint.recipe),
      seed: checkpoint?.seed ?? null,
      loss: checkpoint?.loss ?? null,
      guarantee:
        checkpoint == null
          ? null
          : E.toUnion(
              E.bimap(
                () => null,
                (f: Parameters<typeof lines>[0]) => f.map(plain)
              )(guaranteeOf(checkpoint))
            )
    })
    return E.right('done')
  }
  if (checkpoint?.card != null) say(`${render(name, checkpoint.card)}\n${guaranteeText(checkpoint)}\n`)
  else if (Object.hasOwn(catalogue, name)) say(`${name}: ${catalogue[name]?.about}\n`)
  say(Tree.showTyped(typed.right))
  if (checkpoint?.recipe != null && recipes.some((r) => r.name === checkpoint.recipe?.name))
    say(
      `\nRecipe ${checkpoint.recipe.name}, seed ${checkpoint.seed}: ansatz train ${checkpoint.recipe.name} gives the same bytes`
    )
  return E.right('done')
}

export const models = (name: string | undefined, o: Options): Promise<Outcome> =>
  name === undefined ? list(o) : one(name, o)
