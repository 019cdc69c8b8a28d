import fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'

import { Family, FamilyJson, Json, Recipe, RecipeJson, Zoo } from '../../spec'
import * as Arbitrary from '../support/arbitrary'
import { left, right } from '../support/right'

test('recipes round-trip, to the same bytes', (t) => {
  fc.assert(
    fc.property(Arbitrary.recipe, (r) => {
      const text = JSON.stringify(RecipeJson.encodeRecipe(r))
      return JSON.stringify(RecipeJson.encodeRecipe(right(RecipeJson.decodeRecipe(JSON.parse(text))))) === text
    }),
    { seed: 1 }
  )
  t.pass('recipes')
  t.end()
})

const recipe = Recipe.make({
  name: 'block-2',
  model: Zoo.blockLinear({ layers: 2 }),
  start: { _tag: 'closedForm', kappa: 5, noise: 0.02 },
  stages: [
    Recipe.scalarNodes({ kappas: [5] }),
    Recipe.levenbergMarquardt({ family: Family.spd({ kappa: 5, sizes: 9 }), systems: 10, iterations: 20 }),
    Recipe.adam({
      family: Family.spd({ kappa: { low: 1, high: 100 }, sizes: { low: 2, high: 9 }, spectrum: 'logUniform' }),
      steps: 10,
      batch: 4,
      rate: { peak: 1e-3, warmup: 2, decay: 'cosine' }
    })
  ],
  seed: 7,
  valid: Family.spd({ kappa: 5, sizes: { low: 2, high: 64 } })
})

test('a recipe made by the constructors round-trips', (t) => {
  t.deepEqual(right(RecipeJson.decodeRecipe(RecipeJson.encodeRecipe(recipe))), recipe)
  t.deepEqual(right(FamilyJson.decodeFamily(FamilyJson.encodeFamily(recipe.valid))), recipe.valid)
  t.end()
})

test('a recipe without what later versions added reads as it was meant', (t) => {
  const text = JSON.stringify(RecipeJson.encodeRecipe(recipe))
  const older = text.replace(',"systems":null,"evaluation":null', '')
  t.ok(older.length < text.length, 'keys left out')
  t.deepEqual(right(RecipeJson.decodeRecipe(JSON.parse(older))), recipe)
  t.end()
})

test('epochs are steps', (t) => {
  const { valid: family } = recipe
  const rate: Recipe.Rate = { peak: 1e-3, warmup: 2, decay: 'cosine' }
  const stage = Recipe.epochs({ family, epochs: 3, systems: 10, batch: 4, rate })
  t.equal(stage.steps, 9, 'three steps each, the last of them filled up')
  t.equal(stage.systems, 10)
  t.end()
})

test('errors name the place in the recipe', (t) => {
  const text = JSON.stringify(RecipeJson.encodeRecipe(recipe))
  const cases: readonly [from: string, to: string, sentence: string][] = [
    ['"seed":7', '"seed":-7', `seed: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, found -7`],
    ['"solver":"qr"', '"solver":"lu"', 'stages[0].solver: expected one of qr, normal, found "lu"'],
    ['"kappas":[5]', '"kappas":[]', 'stages[0].kappas: expected at least one condition number, found an array of 0'],
    ['"kappas":[5]', '"kappas":[5,0.5]', 'stages[0].kappas[1]: expected a condition number of at least 1, found 0.5'],
    [
      '{"low":2,"high":9}',
      '{"low":9,"high":2}',
      'stages[2].family.sizes: expected low of at most high, found an object'
    ],
    ['"peak":0.001', '"peak":0', 'stages[2].rate.peak: expected a number above 0, found 0'],
    ['"times":2', '"times":0', 'model.body.times: expected a whole number from 1 to 10000, found 0'],
    ['"noise":0.02', '"noise":-1', 'start.noise: expected a number of at least 0, found -1'],
    ['"systems":null', '"systems":0', 'stages[2].systems: expected a whole number from 1 to 1000000, found 0'],
    [
      '"evaluation":null',
      '"evaluation":{"systems":4,"every":0,"patience":null}',
      'stages[2].evaluation.every: expected a whole number from 1 to 1000000000, found 0'
    ],
    ['"corrections":0', '"corrections":-1', 'stages[0].corrections: expected a whole number from 0 to 1000, found -1'],
    [
      '"path":null',
      '"path":{"from":1,"steps":3,"iterations":4}',
      'stages[0].path.from: expected a condition number above 1, found 1'
    ]
  ]
  for (const [from, to, sentence] of cases) {
    t.ok(text.includes(from), `${from} is there`)
    t.equal(Json.show(left(RecipeJson.decodeRecipe(JSON.parse(text.replace(from, to))))), sentence)
  }
  t.ok(E.isLeft(FamilyJson.decodeFamily({ _tag: 'spd' })), 'a family without ranges')
  t.end()
})
