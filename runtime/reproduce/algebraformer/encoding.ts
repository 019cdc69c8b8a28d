/** Row 5: masks and positions, and what a token for every entry of A would cost instead of one for every column. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { plan as planFor } from '../../../codegen/compile'
import { peakBytes } from '../../../codegen/peak'
import type { Model } from '../../../spec/model'
import { algebraformer } from '../../../spec/zoo/algebraformer'
import { diffusionOf, type Setting, type Variant, variantOn } from '../../../spec/zoo/algebraformer-recipes'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import { initialise } from '../../weights/initialise'
import { compiled, inferred, singles } from '../answers'
import { answerOperations } from '../cost'
import type { Claim, Row, RowContext, RowResult } from '../row'
import { race } from '../stopwatch'
import {
  e,
  errorCells,
  errorColumns,
  type Judged,
  judgeRuns,
  mseOf,
  settingOf,
  testSystems,
  trainedAll,
  withRuntime
} from './judged'

// --- model -----------------------------------------------------------------------------------------------------------

interface Named {
  readonly name: string
  readonly key: string
  readonly variant: Variant
}

const variants: readonly Named[] = [
  { name: 'no mask, learned positions', key: 'columns', variant: {} },
  { name: 'causal mask, learned positions', key: 'causal', variant: { mask: 'causal' } },
  { name: 'no mask, no positions', key: 'unplaced', variant: { positions: 'none' } }
]

const of = (o: Setting, { key, variant }: Named) => variantOn(o, key, variant)

// --- tokens ----------------------------------------------------------------------------------------------------------

/** What a pass over so many tokens takes. */
interface Cost {
  readonly tokens: number
  /** Float32 arrays while a training step of one system runs, without the parameters, the optimiser's state and the system. */
  readonly bytes: number
  readonly operations: number
  /** Of one answer, in milliseconds. */
  readonly milliseconds: number
}

/**
 * The same blocks over any number of tokens: those of a system of as many unknowns, whose tokens are longer than single entries
 * would be; its A is not counted.
 */
const blocksOver = ({ width, blocks, heads }: Setting, tokens: number): Model =>
  algebraformer({ n: tokens, width, blocks, heads })

const costOf = async (runtime: Runtime, o: Setting, tokens: number): Promise<E.Either<string, Cost>> => {
  const model = blocksOver(o, tokens)
  const sizes = { n: tokens, batch: 1 }
  const found = pipe(
    inferred(model),
    E.bindTo('typed'),
    E.bind('step', ({ typed }) => planFor(runtime.target, { _tag: 'gradient' }, typed, sizes)),
    E.bind('operations', ({ typed }) => answerOperations(typed, tokens))
  )
  if (E.isLeft(found)) return found
  const { typed, step, operations } = found.right
  const weights = initialise(typed, tokens, Key.key(1))
  const parameters = Object.values(weights).reduce((sum, { length }) => sum + length, 0)
  const executable = await compiled({ name: 'tokens', model, weights }, runtime, sizes)
  if (E.isLeft(executable)) return executable
  const A = new Float64Array(tokens * tokens).fill(1 / tokens)
  const data = singles({ A, b: new Float64Array(tokens).fill(1) })
  const [timed] = await race([{ name: 'answer', run: () => executable.right.run(data, ['x'])() }], {
    rounds: 5,
    limit: 3000
  })
  await executable.right.dispose()
  // Parameters lie there twice: as inputs, and as gradients.
  const bytes = peakBytes(step) - 4 * (2 * parameters + A.length)
  return E.right({ tokens, bytes, operations, milliseconds: timed!.median })
}

// --- claims ----------------------------------------------------------------------------------------------------------

const claimsOf = (judged: readonly Judged[], columns: Cost, entries: Cost): readonly Claim[] => {
  const [plain, causal, unplaced] = judged.map(mseOf) as [number, number, number]
  return [
    {
      claim: 'A token for every column takes far less memory than one for every entry.',
      paper: 'O(n^2) against O(n^4)',
      ours: `${columns.tokens} tokens: ${e(columns.bytes)} bytes of a training step; ${entries.tokens} tokens: ${e(entries.bytes)} bytes, ${(entries.bytes / columns.bytes).toFixed(0)} times as many`,
      verdict: entries.bytes > columns.tokens * columns.bytes ? 'reproduced' : 'not reproduced',
      note: 'More than n times as much counts: n is what the number of tokens grows by, and only attention grows faster.'
    },
    {
      claim: 'A token for every column is as accurate as one for every entry.',
      paper: 'an ablation at n = 16',
      ours: `${e(plain)} with columns; no network over entries was trained`,
      verdict: 'not testable here',
      note: `An answer over entries takes ${(entries.operations / columns.operations).toFixed(0)} times the operations, so that its training takes as many times the budget of this row.`
    },
    {
      claim: 'A causal mask, which "decoder-only" may mean, loses accuracy.',
      paper: 'the paper does not say whether attention is causal',
      ours: `${e(causal)} with the mask, ${e(plain)} without`,
      verdict: causal > plain ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'Without positions the solve cannot be represented: b_i is paired with column i by place only.',
      paper: '-',
      ours: `${e(unplaced)} without, ${e(plain)} with them`,
      verdict: unplaced > 2 * plain ? 'reproduced' : 'not reproduced',
      note: 'An error more than twice as large counts. Within one family the columns tell where they stand: a differentiation matrix has large entries around its diagonal.'
    }
  ]
}

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> =>
  withRuntime(async (runtime) => {
    const o = settingOf(c)
    const test = draw(diffusionOf(o), Key.fold(c.key, 'test'), { n: o.n, batch: testSystems(c) })
    const judged: Judged[] = []
    for (const variant of variants) {
      const runs = await trainedAll(c, of(o, variant), [c.seed])
      if (E.isLeft(runs)) return runs
      const one = await judgeRuns(runtime, variant.name, runs.right, test)
      if (E.isLeft(one)) return one
      judged.push(one.right)
    }
    c.progress('memory and time by tokens', 0, 1)
    const columns = await costOf(runtime, o, o.n)
    if (E.isLeft(columns)) return columns
    const entries = await costOf(runtime, o, o.n ** 2)
    if (E.isLeft(entries)) return entries
    return E.right({
      claims: claimsOf(judged, columns.right, entries.right),
      tables: [
        { title: `Errors after ${o.encoding.epochs} epochs`, columns: errorColumns, rows: judged.map(errorCells) },
        {
          title: 'One system: a training step and an answer by the number of tokens',
          columns: ['tokens', 'bytes of a training step', 'operations of an answer', 'milliseconds of an answer'],
          rows: [columns.right, entries.right].map((cost) => [
            cost.tokens,
            cost.bytes,
            cost.operations,
            cost.milliseconds
          ])
        }
      ],
      plots: [],
      backends: ['wasm float32'],
      recipes: variants.map((variant) => of(o, variant).name),
      notes: [
        'Bytes are those of the plan of a gradient, by lifetimes, without parameters and matrix: what grows with the tokens. The blocks over n^2 tokens are the same blocks; their embedding reads longer tokens than (A_ij, b_i) would be, which adds to the parameters and not to the bytes that are shown.',
        'The network without positions has a learned number for every answer behind its last layer, since a network that fits any n is not one that reads columns of n entries; the number tells no column from another.'
      ]
    })
  })

export const encoding: Row = {
  id: 'encoding',
  title: 'Encoding, mask and positions',
  about:
    'The diffusion network with and without a causal mask, with and without positions, trained for as many epochs each; and memory and ' +
    'time of its blocks over n tokens, one a column, and over n^2, one an entry.',
  trainings: (config, seed) =>
    variants.map((variant) => ({ recipe: of(settingOf({ config }), variant), seeds: [seed] })),
  run
}
