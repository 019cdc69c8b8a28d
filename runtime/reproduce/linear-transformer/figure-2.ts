/** Figure 2: the weights of trained FULL and BLOCK models at N = 9, written out as matrices. */
import * as E from 'fp-ts/Either'

import type { Typed } from '../../../spec/infer'
import * as T from '../../../spec/token'
import { matrix, stretches } from '../../interpreter/matrices'
import { sizeAt, type Weights } from '../../weights/weights'
import { attentions } from '../../weights/widen'
import { inferred } from '../answers'
import type { Claim, Plot, Row, RowContext, RowResult, Table } from '../row'
import { blocks, fulls, names, type Trained, trained } from './paper-models'

// --- matrices --------------------------------------------------------------------------------------------------------

const n = 9

/** One P or Q of one layer, D x D in C order. */
interface Written {
  readonly layer: number
  readonly name: 'P' | 'Q'
  readonly D: number
  readonly entries: Float64Array
  /** The largest magnitude; colours are shares of it. */
  readonly largest: number
  /** What the pattern `mu1 I + mu2 11^T` holds of the block that takes A to A, as a share of its squared norm. */
  readonly pattern: number
  /** The norm of that block. */
  readonly norm: number
}

/** Squared norms of an n x n block and of its projection onto `span{I, 11^T}`. */
const projected = (block: Float64Array): { readonly whole: number; readonly pattern: number } => {
  let [diagonal, off, whole] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const value = block[i * n + j]!
      if (i === j) diagonal += value
      else off += value
      whole += value * value
    }
  }
  return { whole, pattern: diagonal ** 2 / n + off ** 2 / (n * (n - 1)) }
}

interface Shown {
  readonly matrices: readonly Written[]
  /** Where the parts of a token begin. */
  readonly cuts: readonly number[]
}

const written = (of: Trained, weights: Weights): E.Either<string, Shown> =>
  E.map((typed: Typed): Shown => {
    const layers = attentions(typed.body)
    const matrices = layers.flatMap(({ layer, path, before }, k) => {
      if (layer._tag !== 'linearAttention') return []
      const D = sizeAt(T.width(before), n)
      return (['P', 'Q'] as const).map((name): Written => {
        const full = matrix(`${path}.${name}`, layer[name], weights, 0, before, n, D)
        const entries = Float64Array.from({ length: D * D }, (_, at) => full.get(Math.floor(at / D), at % D))
        const A = Float64Array.from({ length: n * n }, (_, at) => full.get(Math.floor(at / n), at % n))
        const { whole, pattern } = projected(A)
        const largest = entries.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
        return {
          layer: k + 1,
          name,
          D,
          entries,
          largest,
          pattern: whole === 0 ? 1 : pattern / whole,
          norm: Math.sqrt(whole)
        }
      })
    })
    const cuts = stretches(layers[0]!.before, n).map(({ from }) => from)
    return { matrices, cuts }
  })(inferred(of.model))

// --- showing ---------------------------------------------------------------------------------------------------------

/** Three decimals are more than an eye tells apart. */
const shade = (value: number): number => Math.round(1000 * value) / 1000

const plot = (name: string, caption: string, { matrices, cuts }: Shown): Plot => {
  const { D } = matrices[0]!
  const place = (expression: string, as: string) => ({ calculate: expression, as })
  const extent = { scale: { domain: [0, D], nice: false }, axis: null }
  // Every facet holds each entry once, so that one of them draws its lines.
  const line = (axis: 'x' | 'y', cut: number) => ({
    transform: [{ filter: 'datum.row === 0 && datum.column === 0' }],
    mark: { type: 'rule', color: '#666666', strokeWidth: 0.5, aria: false },
    encoding: { [axis]: { datum: cut, ...extent } }
  })
  return {
    name,
    caption,
    spec: {
      data: { values: matrices.flatMap(({ entries, largest }) => [...entries].map((v) => shade(v / (largest || 1)))) },
      transform: [
        { window: [{ op: 'row_number', as: 'at' }] },
        place(`(datum.at - 1) % ${D}`, 'column'),
        place(`floor((datum.at - 1) / ${D}) % ${D}`, 'row'),
        place(`floor((datum.at - 1) / ${2 * D * D}) + 1`, 'layer'),
        place(`floor((datum.at - 1) / ${D * D}) % 2 === 0 ? 'P' : 'Q'`, 'matrix'),
        place('datum.column + 1', 'columnEnd'),
        place('datum.row + 1', 'rowEnd')
      ],
      facet: {
        row: { field: 'matrix', type: 'nominal', title: null },
        column: { field: 'layer', type: 'ordinal', title: 'layer' }
      },
      spec: {
        width: 185,
        height: 185,
        layer: [
          {
            mark: { type: 'rect', strokeWidth: 0, aria: false },
            encoding: {
              x: { field: 'column', type: 'quantitative', ...extent },
              x2: { field: 'columnEnd' },
              y: { field: 'row', type: 'quantitative', ...extent, scale: { ...extent.scale, reverse: true } },
              y2: { field: 'rowEnd' },
              color: {
                field: 'data',
                type: 'quantitative',
                scale: { scheme: 'purpleorange', domain: [-1, 1], domainMid: 0 },
                title: 'entry / largest'
              }
            }
          },
          ...cuts.slice(1).flatMap((cut) => (['x', 'y'] as const).map((axis) => line(axis, cut)))
        ]
      }
    }
  }
}

const table = (title: string, { matrices }: Shown): Table => ({
  title,
  columns: ['layer', 'matrix', 'largest entry', 'norm of the block A to A', 'share of it in I and 11^T'],
  rows: matrices.map((m) => [m.layer, m.name, m.largest, m.norm, m.pattern])
})

/** The share of all blocks that take A to A together. */
const patternOf = ({ matrices }: Shown): number => {
  const whole = matrices.reduce((sum, m) => sum + m.norm ** 2, 0)
  return matrices.reduce((sum, m) => sum + m.pattern * m.norm ** 2, 0) / whole
}

// --- the row ---------------------------------------------------------------------------------------------------------

/** Above it a block is called block-structured. */
const structured = 0.8

const bestRun = (of: Trained): Weights => of.runs.reduce((p, q) => (q.loss < p.loss ? q : p)).weights

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const found: { readonly of: Trained; readonly shown: Shown }[] = []
  for (const model of [...fulls, ...blocks].filter(({ name }) => name === names.adam || name === names.nine)) {
    const one = await trained(c, model)
    if (E.isLeft(one)) return one
    const shown = written(one.right, bestRun(one.right))
    if (E.isLeft(shown)) return shown
    found.push({ of: one.right, shown: shown.right })
  }
  const [full, block] = found
  if (full === undefined || block === undefined) return E.left('figure-2: expected FULL and BLOCK among the models')
  const share = patternOf(full.shown)
  const byChance = 2 / n ** 2
  const claim: Claim = {
    claim: 'The weights that FULL learns have the block pattern that BLOCK is made of.',
    paper: 'seen in figure 2',
    ours: `${(100 * share).toFixed(0)}% of the squared norm of the blocks A to A lies in I and 11^T (by chance ${(100 * byChance).toFixed(1)}%)`,
    verdict: share >= structured ? 'reproduced' : 'not reproduced',
    note: `Counted as reproduced from ${100 * structured}% on. The embedding is learned, so only blocks between A and A can be compared.`
  }
  return E.right({
    claims: [claim],
    tables: [table(full.of.name, full.shown), table(block.of.name, block.shown)],
    plots: [
      plot('figure-2-full', 'P and Q of FULL by layer; parts A, b and a learned embedding of 27 numbers.', full.shown),
      plot('figure-2-block', 'P and Q of BLOCK by layer, written out at N = 9; parts A, b, H1, H2, H3.', block.shown)
    ],
    backends: ['javascript float64'],
    recipes: [full.of.runs[0]!.recipe.name, block.of.runs[0]!.recipe.name],
    notes: [
      'Of several seeds the one with the smallest loss is shown. Colours are shares of the largest magnitude of each matrix, which the tables state; grey lines part A, b and the embedding.'
    ]
  })
}

export const figure2: Row = {
  id: 'figure-2',
  title: 'Figure 2: weights of trained models at N = 9',
  about:
    'P and Q of every layer of FULL (free matrices, a learned embedding of 27 numbers, from random weights by Adam) and of ' +
    'BLOCK (82 scalars a layer, written out at N = 9), both trained on N = 9 alone.',
  run
}
