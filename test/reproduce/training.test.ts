/**
 * Rows on the paper's trained models: how errors of several seeds are summed up, and what the rows find in short runs.
 */
import test from 'tape'

import { batchCg } from '../../runtime/linalg/batch'
import * as Key from '../../runtime/random/key'
import {
  type AtSize,
  atSize,
  best,
  equivalents,
  find,
  median,
  type Seeded,
  standard
} from '../../runtime/reproduce/accuracy'
import { meanSquare } from '../../runtime/reproduce/answers'
import { continues, trainer } from '../../runtime/reproduce/keep'
import { cgEquivalents } from '../../runtime/reproduce/linear-transformer/cg-equivalents'
import { figure2 } from '../../runtime/reproduce/linear-transformer/figure-2'
import type { Row, RowContext } from '../../runtime/reproduce/row'
import { closedForm } from '../../runtime/weights/closed-form'
import { RecipeJson, T, Zoo } from '../../spec'
import { right, typed } from '../support/right'

test('seeds are summed up by best and median', (t) => {
  t.equal(median([4, 1, 2]), 2, 'the middle')
  t.ok(Math.abs(median([1e-8, 1e-2, 1e-4, 1]) - 1e-3) < 1e-15, 'between two, the middle of their logarithms')
  t.equal(median([1e-200, 1e-250]), Math.sqrt(1e-200) * Math.sqrt(1e-250), 'also where their product is no number')
  t.equal(best([3, 1, 2]), 1)
  t.end()
})

test('an answer of k iterations of CG is worth k, and a useless one nothing', (t) => {
  const sample = standard(Key.key(4), 7, 30)
  for (const k of [1, 3, 6]) {
    const mse = meanSquare(batchCg(sample.A, sample.b, sample.batch, sample.n, k), sample.x)
    t.ok(Math.abs(equivalents(sample, mse, []) - k) < 1e-9, `${k}`)
    const steps = equivalents(sample, mse / 1.5, [])
    t.ok(steps > k && steps < k + 1, `a smaller error is worth ${steps}`)
  }
  t.equal(equivalents(sample, 50, []), 0, 'worse than zero')
  t.equal(equivalents(sample, Number.POSITIVE_INFINITY, []), 0, 'not finite')
  t.end()
})

test('models are measured where they fit, each with all its weights', (t) => {
  const { model, weights } = right(closedForm({ layers: 2, kappa: 5 }))
  const spoilt = Object.fromEntries(Object.entries(weights).map(([name, a]) => [name, a.map((v) => 1.01 * v)]))
  const any: Seeded = { name: 'any', model, weights: [weights, spoilt], n: null }
  const fixed: Seeded = { ...any, name: 'fixed', n: 5 }
  const swept: readonly AtSize[] = [4, 5].map((n) => right(atSize([any, fixed], standard(Key.key(1), n, 20), 3)))
  t.deepEqual(
    swept.map((at) => at.accuracies.map((a) => a.name)),
    [['any'], ['any', 'fixed']]
  )
  const { mse, steps } = find(swept, 'any', 4)!
  t.ok(mse[0]! < 1e-4 && mse[0]! < mse[1]!, `errors ${mse}`)
  t.ok(steps[0]! > steps[1]!, `worth ${steps} iterations`)
  t.ok(
    swept.every(({ cg }) => cg.length === 3 && cg[0]! > cg[1]! && cg[1]! > cg[2]!),
    'beside CG'
  )
  t.end()
})

test('recipes of the report: tuning goes on from joint training, and short ones do the same in less', (t) => {
  t.ok(continues(Zoo.blockTuned, Zoo.blockJoint), 'the tuned model begins as the joint one')
  t.ok(continues(Zoo.shortened(Zoo.blockTuned), Zoo.shortened(Zoo.blockJoint)), 'also when shortened')
  for (const recipe of Zoo.paperRecipes) {
    const short = Zoo.shortened(recipe)
    t.deepEqual(
      short.stages.map((s) => s._tag),
      recipe.stages.map((s) => s._tag),
      `${recipe.name}: the same stages`
    )
    t.deepEqual(right(RecipeJson.decodeRecipe(RecipeJson.encodeRecipe(short))), short, 'which round-trip')
    const { encoding } = recipe.model
    const embedding = encoding._tag === 'equations' ? encoding.embedding : T.identity(0)
    t.equal(typed(recipe.model).n, embedding._tag === 'learned' ? 9 : null, 'for N = 9 where the embedding is learned')
  }
  t.end()
})

const context = (row: Row): RowContext => ({
  config: 'quick',
  quick: true,
  seed: 3,
  key: Key.fold(Key.key(3), row.id),
  backends: [],
  train: trainer(null),
  progress: () => {}
})

test('figure 2 shows every matrix, and BLOCK as blocks', async (t) => {
  const { tables, plots, claims } = right(await figure2.run(context(figure2)))
  const shares = tables.map(({ rows }) => rows.map((row) => Number(row.at(-1))))
  t.ok(
    shares[1]!.every((share) => Math.abs(share - 1) < 1e-12),
    'all of a BLOCK matrix lies in I and 11^T'
  )
  t.ok(
    shares[0]!.every((share) => share > 0 && share < 0.5),
    `little of a FULL one that hardly trained: ${shares[0]}`
  )
  t.deepEqual(
    claims.map((c) => c.verdict),
    ['not reproduced'],
    'and the verdict says so'
  )
  for (const { spec } of plots) {
    const values = (spec['data'] as { readonly values: readonly number[] }).values
    t.equal(values.length, 6 * 37 ** 2, 'three layers of P and Q')
    t.equal(Math.max(...values.map(Math.abs)), 1, 'as shares of their largest')
  }
  t.end()
})

test('CG-equivalents of the shipped lean models', async (t) => {
  const { tables } = right(await cgEquivalents.run(context(cgEquivalents)))
  const [, row] = [tables[0]!.columns, tables[0]!.rows.find((r) => r[0] === 'lean, 3 layers')!]
  const at = tables[0]!.columns.indexOf('N=32')
  t.ok(Number(row[at]) > 16, `${row[at]} at N = 32`)
  t.end()
})
