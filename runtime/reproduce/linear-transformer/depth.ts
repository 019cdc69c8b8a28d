/** Depth, tied weights, identity blocks, heads and embeddings: one changed at a time, the rest and the training equal. */
import * as E from 'fp-ts/Either'

import type { Recipe } from '../../../spec/recipe'
import type { BlockLinearOptions } from '../../../spec/zoo/block-linear'
import { type Effort, type Embedding, embedded, onScalars } from '../../../spec/zoo/depth-recipes'
import { count } from '../../weights/weights'
import { type Accuracy, atSize, best, median, type Seeded, standard } from '../accuracy'
import { closedFormModel, inferred } from '../answers'
import type { Cell, Claim, Plot, Row, RowContext, RowResult, Table } from '../row'

// --- model -----------------------------------------------------------------------------------------------------------

type Group = 'depth' | 'tied' | 'blocks' | 'heads'

/** One architecture on scalar nodes. */
interface Variant {
  readonly name: string
  readonly group: Group
  readonly layers: number
  readonly options: BlockLinearOptions
}

/** An architecture as it was measured; `seeds` is 1 for the closed form. */
interface Measured {
  readonly name: string
  readonly group: Group | 'closed form' | 'embedding'
  readonly layers: number
  readonly scalars: number
  readonly at: ReadonlyMap<number, Accuracy>
}

const variant = (group: Group, name: string, options: BlockLinearOptions): Variant => ({
  name,
  group,
  layers: options.layers,
  options
})

const layersOf = (layers: number): string => (layers === 1 ? '1 layer' : `${layers} layers`)

const variants = (quick: boolean): readonly Variant[] => {
  const depths = quick ? [1, 2, 3] : [1, 2, 3, 4, 5]
  const compared = quick ? 2 : 3
  return [
    ...depths.map((layers) => variant('depth', layersOf(layers), { layers })),
    ...depths
      .filter((layers) => layers > 1)
      .map((layers) => variant('tied', `${layersOf(layers)}, tied`, { layers, tied: true })),
    ...[2, 3].map((identityBlocks) =>
      variant('blocks', `${layersOf(compared)}, ${identityBlocks} identity blocks`, {
        layers: compared,
        identityBlocks
      })
    ),
    ...(quick ? [2] : [2, 4]).map((heads) =>
      variant('heads', `${layersOf(compared)}, ${heads} heads`, { layers: compared, heads })
    )
  ]
}

const efforts: Readonly<Record<'quick' | 'full', Effort>> = {
  quick: { starts: 2, iterations: 60, steps: 8, perStep: 8 },
  full: { starts: 4, iterations: 300, steps: 40, perStep: 20 }
}

const embeddings: readonly Embedding[] = ['learned', 'identity', 'identity, then learned']

const sizes = [9, 64] as const

// --- training and measuring --------------------------------------------------------------------------------------------

/** Models with more scalars take longer. */
const seedsOf = (c: RowContext, group: Measured['group']): readonly number[] => {
  const many = group === 'blocks' || group === 'heads' ? 3 : 5
  return Array.from({ length: c.quick ? 1 : many }, (_, k) => c.seed + 1000 * k)
}

const trained = async (
  c: RowContext,
  group: Measured['group'],
  name: string,
  recipe: Recipe
): Promise<E.Either<string, Seeded>> => {
  const weights: Seeded['weights'][number][] = []
  for (const seed of seedsOf(c, group)) {
    const run = await c.train(recipe, seed)
    if (E.isLeft(run)) return run
    weights.push(run.right.weights)
  }
  return E.right({ name, model: recipe.model, weights, n: null })
}

const scalarsOf = ({ model, n }: Seeded): number => {
  const typed = inferred(model)
  return E.isRight(typed) ? count(typed.right, n ?? 1) : Number.NaN
}

/** All of them on the same systems of every size. */
const measured = (
  c: RowContext,
  found: readonly { readonly of: Pick<Measured, 'group' | 'layers'>; readonly seeded: Seeded }[],
  at: readonly number[]
): E.Either<string, readonly Measured[]> => {
  const maps = found.map(() => new Map<number, Accuracy>())
  for (const n of at) {
    const systems = c.quick ? 10 : n > 20 ? 8 : 300
    const swept = atSize(
      found.map(({ seeded }) => seeded),
      standard(c.key, n, systems),
      0
    )
    if (E.isLeft(swept)) return swept
    for (const [k, accuracy] of swept.right.accuracies.entries()) maps[k]!.set(n, accuracy)
  }
  return E.right(
    found.map(({ of, seeded }, k) => ({ ...of, name: seeded.name, scalars: scalarsOf(seeded), at: maps[k]! }))
  )
}

// --- showing ---------------------------------------------------------------------------------------------------------

const tenths = (steps: number): Cell => (Number.isFinite(steps) ? Math.round(10 * steps) / 10 : null)

const most = (steps: readonly number[]): number => steps.reduce((a, b) => (b >= a ? b : a), Number.NEGATIVE_INFINITY)

const table = (title: string, rows: readonly Measured[], at: readonly number[]): Table => ({
  title,
  columns: ['model', 'scalars', ...at.flatMap((n) => [`N=${n} best`, `N=${n} median`, `N=${n} CG-equivalents, best`])],
  rows: rows.map((m) => [
    m.name,
    m.scalars,
    ...at.flatMap((n): readonly Cell[] => {
      const a = m.at.get(n)
      return a === undefined ? [null, null, null] : [best(a.mse), median(a.mse), tenths(most(a.steps))]
    })
  ])
})

/** Below this nothing but rounding is left. */
const least = 1e-32

const plot = (all: readonly Measured[]): Plot => {
  const n = sizes[0]
  const labels = { depth: 'trained', tied: 'trained, tied', 'closed form': 'closed form' } as const
  const values = all.flatMap(({ group, layers, at }) => {
    const a = at.get(n)
    if (a === undefined || !(group === 'depth' || group === 'tied' || group === 'closed form')) return []
    const clip = (mse: number): number => Math.max(least, mse)
    return [{ layers, model: labels[group], best: clip(best(a.mse)), median: clip(median(a.mse)) }]
  })
  const x = { field: 'layers', type: 'ordinal', title: 'layers', axis: { labelAngle: 0 } }
  const y = (field: string) => ({ field, type: 'quantitative', scale: { type: 'log' }, title: 'mean square error' })
  const color = { field: 'model', type: 'nominal', title: null, sort: Object.values(labels) }
  return {
    name: 'depth',
    caption: `Error by depth at N = ${n}, float64: the best of the seeds as lines, the median as hollow points.`,
    spec: {
      data: { values },
      layer: [
        { mark: { type: 'line', point: true }, encoding: { x, y: y('best'), color } },
        { mark: { type: 'point', filled: false, size: 70 }, encoding: { x, y: y('median'), color } }
      ]
    }
  }
}

// --- claims ----------------------------------------------------------------------------------------------------------

const e = (value: number): string => value.toExponential(1)

const bestAt = (m: Measured | undefined, n: number): number => {
  const a = m?.at.get(n)
  return a === undefined ? Number.NaN : best(a.mse)
}

const claimsOf = (all: readonly Measured[], embeddingsAt: number): readonly Claim[] => {
  const n = sizes[0]
  const of = (group: Measured['group'], layers?: number): readonly Measured[] =>
    all.filter((m) => m.group === group && (layers === undefined || m.layers === layers))
  const depth = (layers: number, group: Measured['group'] = 'depth'): number => bestAt(of(group, layers)[0], n)
  const verdict = (holds: boolean): Claim['verdict'] => (holds ? 'reproduced' : 'not reproduced')
  const [compared] = of('heads').map((m) => m.layers)
  const wider = Math.min(...[...of('blocks'), ...of('heads')].map((m) => bestAt(m, n)))
  const [learned = Number.NaN, identity = Number.NaN, both = Number.NaN] = of('embedding').map((m) =>
    bestAt(m, embeddingsAt)
  )
  return [
    {
      claim:
        'Every layer multiplies the digits by about three: the residual polynomial of L layers has degree 3^L - 1.',
      paper: '-',
      ours: `${[1, 2, 3].map((layers) => e(depth(layers))).join(', ')} for L = 1, 2, 3 at N = ${n}`,
      verdict: verdict(depth(2) < depth(1) ** 2 && depth(3) < depth(2) ** 2)
    },
    {
      claim: 'Layers with tied weights (looped) are as good as layers of their own.',
      paper: '-',
      ours: `${e(depth(3, 'tied'))} tied, ${e(depth(3))} untied at three layers`,
      verdict: verdict(depth(3, 'tied') <= 10 * depth(3))
    },
    {
      claim: `More identity blocks or heads than one make ${compared} layers better.`,
      paper: 'three identity blocks are used',
      ours: `${e(wider)} at best with more, ${e(depth(compared ?? 3))} with one, N = ${n}`,
      verdict: verdict(wider < depth(compared ?? 3) / 2),
      note: 'one block and one head have 23 free combinations of scalars for the 26 coefficients of three layers'
    },
    {
      claim: `A learned embedding (FULL) is no better than the identity (BLOCK), N = ${embeddingsAt}.`,
      paper: 'FULL learns its embedding, BLOCK has the identity',
      ours: `${e(learned)} learned, ${e(identity)} identity, ${e(both)} learned from there`,
      verdict: verdict(identity <= 2 * Math.min(learned, both)),
      note: 'FULL has more free numbers than BLOCK everywhere, not in its embedding alone'
    }
  ]
}

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const effort = efforts[c.quick ? 'quick' : 'full']
  const list = variants(c.quick)
  const found: { readonly of: Pick<Measured, 'group' | 'layers'>; readonly seeded: Seeded }[] = []
  const recipes: string[] = []
  const total = list.length + embeddings.length
  for (const [k, { name, group, layers, options }] of list.entries()) {
    c.progress(name, k, total)
    const recipe = onScalars(options, effort)
    const seeded = await trained(c, group, name, recipe)
    if (E.isLeft(seeded)) return seeded
    recipes.push(recipe.name)
    found.push({ of: { group, layers }, seeded: seeded.right })
    if (group !== 'depth') continue
    const closed = closedFormModel(layers, 5)
    if (E.isLeft(closed)) return closed
    const { model, weights } = closed.right
    const own: Seeded = { name: `${name}, closed form`, model, weights: [weights], n: null }
    found.push({ of: { group: 'closed form', layers }, seeded: own })
  }
  c.progress('errors', list.length, total)
  const onNodes = measured(c, found, c.quick ? [9, 16] : sizes)
  if (E.isLeft(onNodes)) return onNodes

  const n = 3
  const layers = 2
  const budget = c.quick ? { systems: 20, iterations: 20 } : { systems: 100, iterations: 200 }
  const full: typeof found = []
  for (const [k, embedding] of embeddings.entries()) {
    c.progress(`embedding: ${embedding}`, list.length + k, total)
    const recipe = embedded(embedding, { n, layers, ...budget })
    const kind = embedding === 'identity' ? 'BLOCK' : 'FULL'
    const seeded = await trained(c, 'embedding', `${kind}, ${layers} layers: ${embedding}`, recipe)
    if (E.isLeft(seeded)) return seeded
    recipes.push(recipe.name)
    full.push({
      of: { group: 'embedding', layers },
      seeded: { ...seeded.right, n: kind === 'FULL' ? n : null }
    })
  }
  const onMatrices = measured(c, full, [n])
  if (E.isLeft(onMatrices)) return onMatrices

  const all = [...onNodes.right, ...onMatrices.right]
  const at = c.quick ? [9, 16] : sizes
  const rows = (...groups: readonly Measured['group'][]): readonly Measured[] =>
    onNodes.right.filter((m) => groups.includes(m.group))
  return E.right({
    claims: claimsOf(all, n),
    tables: [
      table(
        'Depth, weights of their own or tied; one identity block, one head',
        rows('depth', 'tied', 'closed form'),
        at
      ),
      table('Identity blocks and heads', rows('blocks', 'heads'), at),
      table('Embeddings, trained on sampled systems', onMatrices.right, [n])
    ],
    plots: [plot(all)],
    backends: ['javascript float64'],
    recipes,
    notes: [
      'BLOCK has no all-ones terms here and the query is a one in the b slot, so that a model is a function of each eigenvalue and is trained on those: its error hardly depends on N.',
      'Every architecture gets the same effort, so that wide models are further from what they could do: with more, two identity blocks reach 3e-22 (recipe block-linear-3-blocks2), which is the best of degree 26.',
      'Four and five layers at condition number 5 could leave less than float64 resolves; what they leave shows training and rounding, not the architecture.',
      'CG ends at N iterations, which caps CG-equivalents at small N; a dash stands where no count is as accurate.'
    ]
  })
}

export const depth: Row = {
  id: 'depth',
  title: 'Depth, tied weights, identity blocks, heads, embeddings',
  about:
    'One thing is changed at a time. Every BLOCK model is trained in the same way: Levenberg-Marquardt on scalar nodes from random ' +
    'weights for condition number 30, then followed to 5, with the same number of starts and iterations. The closed form of the same depth ' +
    'stands beside it. Embeddings are compared at three unknowns, in the convention of the paper, trained on sampled systems.',
  run
}
