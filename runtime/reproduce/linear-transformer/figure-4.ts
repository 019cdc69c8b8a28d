/** Figure 4: error by size of the paper's models beside conjugate gradients, inside and outside the sizes trained on. */
import * as E from 'fp-ts/Either'

import { type Accuracy, type AtSize, atSize, best, find, median, standard } from '../accuracy'
import type { Claim, Plot, Row, RowContext, RowResult, Table } from '../row'
import { bestAndMedianError, blocks, e, fulls, names, type Trained, trainedAll } from './paper-models'

// --- measuring -------------------------------------------------------------------------------------------------------

const iterations = 12

const sizesOf = (quick: boolean): readonly number[] =>
  quick ? [2, 9, 16, 20] : [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 32, 48, 64]

/** Systems of a size; the largest, which cost most, have many entries each. */
const systemsOf = (quick: boolean, n: number): number => (quick ? 20 : n <= 20 ? 1000 : 200)

const sweep = (c: RowContext, models: readonly Trained[]): E.Either<string, readonly AtSize[]> => {
  const found: AtSize[] = []
  const sizes = sizesOf(c.quick)
  for (const [k, n] of sizes.entries()) {
    c.progress(`errors at N = ${n}`, k, sizes.length)
    const at = atSize(models, standard(c.key, n, systemsOf(c.quick, n)), iterations)
    if (E.isLeft(at)) return at
    found.push(at.right)
  }
  return E.right(found)
}

// --- showing ---------------------------------------------------------------------------------------------------------

const tables = (models: readonly Trained[], swept: readonly AtSize[]): readonly Table[] => {
  const row = (title: string, of: (a: Accuracy) => number): Table => ({
    title,
    columns: ['model', 'trained on', ...swept.map(({ n }) => `N=${n}`)],
    rows: models.map(({ name, of: { range } }) => [
      name,
      range.low === range.high ? `${range.low}` : `${range.low}..${range.high}`,
      ...swept.map(({ n }) => {
        const a = find(swept, name, n)
        return a === undefined ? null : of(a)
      })
    ])
  })
  return [
    row('Mean square error, median of the seeds', (a) => median(a.mse)),
    row('Mean square error, best of the seeds at that size', (a) => best(a.mse)),
    {
      title: 'Mean square error of conjugate gradients on the same systems',
      columns: ['iterations', ...swept.map(({ n }) => `N=${n}`)],
      rows: Array.from({ length: iterations }, (_, k) => [k + 1, ...swept.map(({ cg }) => cg[k]!)])
    }
  ]
}

/** What is drawn; an error beyond is lost, whatever the number. */
const drawn = { least: 1e-13, most: 1e2 }

const clipped = (mse: number): number => Math.min(drawn.most, Math.max(drawn.least, mse))

const plot = (models: readonly Trained[], swept: readonly AtSize[]): Plot => {
  const points = models.flatMap(({ name, of: { range } }) =>
    swept.flatMap(({ n }) => {
      const a = find(swept, name, n)
      if (a === undefined) return []
      const where = n >= range.low && n <= range.high ? 'inside training' : 'outside training'
      return [{ n, model: name, where, mse: clipped(median(a.mse)), best: clipped(best(a.mse)) }]
    })
  )
  const cg = swept.flatMap(({ n, cg: errors }) =>
    errors.flatMap((mse, k) => (mse < drawn.least ? [] : [{ n, k: k + 1, mse }]))
  )
  const x = { field: 'n', type: 'quantitative', scale: { type: 'log', base: 2 }, title: 'unknowns N' }
  const y = {
    field: 'mse',
    type: 'quantitative',
    scale: { type: 'log', domain: [drawn.least, drawn.most] },
    title: 'mean square error'
  }
  const color = {
    field: 'model',
    type: 'nominal',
    title: null,
    sort: models.map(({ name }) => name),
    legend: { orient: 'bottom', columns: 3 }
  }
  const last = swept.at(-1)!.n
  return {
    name: 'figure-4',
    caption:
      'Error by size: median of the seeds as lines, the best as short ticks; filled inside the sizes trained on, hollow outside. ' +
      `Grey: conjugate gradients with k = 1 to ${iterations} iterations. Errors above 100 are drawn at 100.`,
    spec: {
      width: 560,
      height: 420,
      layer: [
        {
          data: { values: cg },
          mark: { type: 'line', color: '#bbbbbb', strokeWidth: 1 },
          encoding: { x, y, detail: { field: 'k' } }
        },
        {
          data: { values: cg.filter(({ n }) => n === last) },
          mark: { type: 'text', align: 'left', dx: 5, color: '#777777', fontSize: 10 },
          encoding: { x, y, text: { field: 'k' } }
        },
        { data: { values: points }, mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y, color } },
        {
          data: { values: points.filter(({ where }) => where === 'inside training') },
          mark: { type: 'point', filled: true, size: 45 },
          encoding: { x, y, color }
        },
        {
          data: { values: points.filter(({ where }) => where === 'outside training') },
          mark: { type: 'point', filled: false, fill: 'white', size: 45, strokeWidth: 1.2 },
          encoding: { x, y, color }
        },
        {
          data: { values: points },
          mark: { type: 'tick', orient: 'horizontal', thickness: 2, width: 10 },
          encoding: { x, y: { ...y, field: 'best' }, color }
        }
      ]
    }
  }
}

// --- claims ----------------------------------------------------------------------------------------------------------

const claimsOf = (swept: readonly AtSize[]): readonly Claim[] => {
  const at = (name: string, n: number): Accuracy => find(swept, name, n)!
  const ratio = (p: Accuracy, q: Accuracy): number => median(p.mse) / median(q.mse)
  const spread = ratio(at(names.nine, 16), at(names.joint, 16))
  const gain = ratio(at(names.joint, 20), at(names.tuned, 20))
  return [
    {
      claim: 'A model trained on one size is lost at others; trained on several it carries over to sizes never seen.',
      paper: 'figure 4',
      ours: `at N = 16: trained on 9 alone ${e(median(at(names.nine, 16).mse))}, on [2, 9] ${e(median(at(names.joint, 16).mse))} (medians)`,
      verdict: spread > 10 && median(at(names.joint, 16).mse) < 1e-2 ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'Fine-tuning on N in [10, 20] makes the model fit for those sizes.',
      paper: 'figure 4',
      ours: `at N = 20: ${bestAndMedianError(at(names.tuned, 20).mse)}, ${gain.toPrecision(2)} times better than before (medians)`,
      verdict: gain > 1 ? 'reproduced' : 'not reproduced',
      note: `At N = 9 the tuned model has ${bestAndMedianError(at(names.tuned, 9).mse)}, before it ${bestAndMedianError(at(names.joint, 9).mse)}.`
    }
  ]
}

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const models = await trainedAll(c, [...fulls, ...blocks])
  if (E.isLeft(models)) return models
  const swept = sweep(c, models.right)
  if (E.isLeft(swept)) return swept
  return E.right({
    claims: claimsOf(swept.right),
    tables: tables(models.right, swept.right),
    plots: [plot(models.right, swept.right)],
    backends: ['javascript float64'],
    recipes: models.right.map(({ runs }) => runs[0]!.recipe.name),
    notes: [
      `Errors on ${systemsOf(c.quick, 9)} fresh systems of every size up to 20 and ${systemsOf(c.quick, 64)} of every larger one; seeds: ${models.right
        .map(({ name, runs }) => `${name} ${runs.length}`)
        .join(', ')}.`,
      'Levenberg-Marquardt trains the BLOCK models; the paper names no optimiser. The jointly trained one finds its way on N in [2, 5] first.'
    ]
  })
}

export const figure4: Row = {
  id: 'figure-4',
  title: 'Figure 4: error by size',
  about:
    'Mean square error of FULL and BLOCK models of three layers, trained here with several seeds each, at sizes inside and ' +
    'outside those trained on, beside conjugate gradients with 1 to 12 iterations on the same systems; kappa = 5, all in float64.',
  run
}
