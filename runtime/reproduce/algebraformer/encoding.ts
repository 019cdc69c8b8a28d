/** Row 5: masks and positions, and a token for every entry of A instead of one for every column. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { plan as planFor } from '../../../codegen/compile'
import { peakBytes } from '../../../codegen/peak'
import { diffusionOf, encodedAs, type Setting, type Variant, variantOn } from '../../../spec/zoo/algebraformer-recipes'
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

type Encoding = 'columns' | 'entries'

const encodings: readonly { readonly name: string; readonly encoding: Encoding }[] = [
  { name: 'a token for every column', encoding: 'columns' },
  { name: 'a token for every entry', encoding: 'entries' }
]

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
  /** Float32 arrays while the gradient of one system is computed, without parameters and their gradients. */
  readonly bytes: number
  readonly operations: number
  /** Of one answer, in milliseconds. */
  readonly milliseconds: number
}

const costOf = async (runtime: Runtime, o: Setting, encoding: Encoding): Promise<E.Either<string, Cost>> => {
  const { model, name } = encodedAs(o, encoding)
  const { n } = o
  const sizes = { n, batch: 1 }
  const found = pipe(
    inferred(model),
    E.bindTo('typed'),
    E.bind('step', ({ typed }) => planFor(runtime.target, { _tag: 'gradient' }, typed, sizes)),
    E.bind('operations', ({ typed }) => answerOperations(typed, n))
  )
  if (E.isLeft(found)) return found
  const { typed, step, operations } = found.right
  const weights = initialise(typed, n, Key.key(1))
  const parameters = Object.values(weights).reduce((sum, { length }) => sum + length, 0)
  const executable = await compiled({ name, model, weights }, runtime, sizes)
  if (E.isLeft(executable)) return executable
  const data = singles({ A: new Float64Array(n * n).fill(1 / n), b: new Float64Array(n).fill(1) })
  const [timed] = await race([{ name, run: () => executable.right.run(data, ['x'])() }], { rounds: 5, limit: 3000 })
  await executable.right.dispose()
  // Parameters lie there twice: as inputs, and as gradients.
  const bytes = peakBytes(step) - 8 * parameters
  return E.right({ tokens: encoding === 'columns' ? n : n ** 2, bytes, operations, milliseconds: timed!.median })
}

// --- claims ----------------------------------------------------------------------------------------------------------

const claimsOf = (judged: readonly Judged[], encoded: readonly Judged[], costs: readonly Cost[]): readonly Claim[] => {
  const [columns, entries] = costs as [Cost, Cost]
  const [byColumns, byEntries] = encoded.map(mseOf) as [number, number]
  const [plain, causal, unplaced] = judged.map(mseOf) as [number, number, number]
  return [
    {
      claim: 'A token for every column takes far less memory than one for every entry.',
      paper: 'O(n^2) against O(n^4)',
      ours: `${columns.tokens} tokens: ${e(columns.bytes)} bytes for the gradient of one system; ${entries.tokens} tokens: ${e(entries.bytes)} bytes, ${(entries.bytes / columns.bytes).toFixed(0)} times as many`,
      verdict: entries.bytes > columns.tokens * columns.bytes ? 'reproduced' : 'not reproduced',
      note: 'More than n times as much counts: n is what the number of tokens grows by, and only attention grows faster.'
    },
    {
      claim: 'A token for every column is as accurate as one for every entry.',
      paper: 'an ablation at n = 16',
      ours: `${e(byColumns)} with columns, ${e(byEntries)} with entries, after as many epochs`,
      verdict: byColumns <= byEntries ? 'reproduced' : 'not reproduced',
      note: `An answer over entries takes ${(entries.operations / columns.operations).toFixed(0)} times the operations; both were trained for few epochs, which the entries' budget allows.`
    },
    {
      claim: 'A causal mask, which "decoder-only" may mean, loses accuracy.',
      paper: 'the paper does not say whether attention is causal',
      ours: `${e(causal)} with the mask, ${e(plain)} without`,
      verdict: causal > plain ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'Learned positions more than halve the error, though within one family the network manages without them.',
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
    const encoded: Judged[] = []
    const costs: Cost[] = []
    for (const { name, encoding: as } of encodings) {
      const runs = await trainedAll(c, encodedAs(o, as), [c.seed])
      if (E.isLeft(runs)) return runs
      const one = await judgeRuns(runtime, name, runs.right, test)
      if (E.isLeft(one)) return one
      encoded.push(one.right)
      const cost = await costOf(runtime, o, as)
      if (E.isLeft(cost)) return cost
      costs.push(cost.right)
    }
    return E.right({
      claims: claimsOf(judged, encoded, costs),
      tables: [
        { title: `Errors after ${o.encoding.epochs} epochs`, columns: errorColumns, rows: judged.map(errorCells) },
        { title: `Errors after ${o.entries.epochs} epochs`, columns: errorColumns, rows: encoded.map(errorCells) },
        {
          title: 'One system, by the number of tokens',
          columns: ['tokens', 'bytes for a gradient', 'operations of an answer', 'milliseconds of an answer'],
          rows: costs.map((cost) => [cost.tokens, cost.bytes, cost.operations, cost.milliseconds])
        }
      ],
      plots: [],
      backends: ['wasm float32'],
      recipes: [
        ...variants.map((variant) => of(o, variant)),
        ...encodings.map((one) => encodedAs(o, one.encoding))
      ].map(({ name }) => name),
      notes: [
        'Bytes are those of the plan of a gradient, by lifetimes, without parameters and their gradients: what grows with the tokens. Over entries the same blocks read n^2 tokens (A_ji, b_j), each in a place of its own, and x_i is the mean of what they say at column i.',
        'The network without positions has a learned number for every answer behind its last layer, since a network that fits any n is not one that reads columns of n entries; the number tells no column from another.'
      ]
    })
  })

export const encoding: Row = {
  id: 'encoding',
  title: 'Encoding, mask and positions',
  about:
    'The diffusion network with and without a causal mask, with and without positions, trained for as many epochs each; and the ' +
    'same blocks over n tokens, one a column, and over n^2, one an entry: error, memory and time.',
  trainings: (config, seed) =>
    [
      ...variants.map((variant) => of(settingOf({ config }), variant)),
      ...encodings.map((one) => encodedAs(settingOf({ config }), one.encoding))
    ].map((recipe) => ({ recipe, seeds: [seed] })),
  run
}
