/** Row 7: the first answer and later ones, single and batched, beside LU in the same batch setting. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { plan as planFor } from '../../../codegen/compile'
import * as F from '../../../spec/family'
import { type Setting, settings, sizedModel } from '../../../spec/zoo/algebraformer-recipes'
import { open } from '../../backends/open'
import type { Executable } from '../../backends/runtime'
import { batchLu } from '../../linalg/batch'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import { initialise } from '../../weights/initialise'
import { inferred, singles } from '../answers'
import { answerOperations } from '../cost'
import type { Claim, Row, RowContext, RowResult } from '../row'
import { method, quantile, race } from '../stopwatch'
import { settingOf } from './judged'

// --- model -----------------------------------------------------------------------------------------------------------

/** Milliseconds of one model at one batch. */
interface Times {
  readonly name: string
  readonly n: number
  readonly batch: number
  /** From the spec to a runnable program, weights loaded. */
  readonly compile: number
  /** The first call after that. */
  readonly first: number
  /** Later calls. */
  readonly later: number
  /** LU in float64 on the same batch. */
  readonly lu: number
  /** Floating-point operations of one answer. */
  readonly operations: number
}

type Result<A> = E.Either<string, A>

interface Subject {
  readonly name: string
  readonly o: Setting
  readonly n: number
  readonly batches: readonly number[]
}

const subjects = (c: RowContext): readonly Subject[] => {
  const o = settingOf(c)
  const own: Subject = { name: 'this report', o, n: o.n, batches: c.quick ? [1, 8] : [1, 100] }
  return c.quick ? [own] : [own, { name: 'published size', o: settings.full, n: settings.full.n, batches: [1, 8] }]
}

// --- measuring -------------------------------------------------------------------------------------------------------

/** Fresh starts that medians of compiling and of first calls are taken of. */
const starts = 5

const median = (values: readonly number[]): number =>
  quantile(
    [...values].sort((p, q) => p - q),
    0.5
  )

/** Compiles anew and answers once; what it took, and the program. */
const begin = async (
  { o, n }: Subject,
  batch: number
): Promise<
  Result<{
    readonly compile: number
    readonly first: number
    readonly executable: Executable
    readonly call: () => Promise<unknown>
    readonly close: () => Promise<void>
  }>
> => {
  const model = sizedModel(o, n)
  const { A, b } = draw(F.diffusion({ sizes: n }), Key.key(1), { n, batch })
  const data = singles({ A, b })
  const judged = inferred(model)
  if (E.isLeft(judged)) return judged
  const weights = singles(initialise(judged.right, n, Key.key(2)))
  const opened = await open('wasm')()
  if (E.isLeft(opened)) return E.left(opened.left.message)
  const runtime = opened.right
  const start = performance.now()
  const made = pipe(
    inferred(model),
    E.chain((typed) => planFor(runtime.target, { _tag: 'forward' }, typed, { n, batch }))
  )
  if (E.isLeft(made)) return made
  const compiled = await runtime.compile(made.right)()
  if (E.isLeft(compiled)) return E.left(compiled.left.message)
  const executable = compiled.right
  const loaded = executable.load(weights)
  if (E.isLeft(loaded)) return E.left(loaded.left.message)
  const ready = performance.now()
  const call = async (): Promise<void> => {
    const ran = await executable.run(data, ['x'])()
    if (E.isLeft(ran)) throw new Error(ran.left.message)
  }
  await call()
  const first = performance.now() - ready
  return E.right({ compile: ready - start, first, executable, call, close: () => runtime.close() })
}

const measure = async (c: RowContext, subject: Subject, batch: number): Promise<Result<Times>> => {
  const { name, n, o } = subject
  const [compile, first]: [number[], number[]] = [[], []]
  const operations = pipe(
    inferred(sizedModel(o, n)),
    E.chain((typed) => answerOperations(typed, n))
  )
  if (E.isLeft(operations)) return operations
  for (let k = 0; k < starts; k++) {
    c.progress(`${name}, batch ${batch}`, k, starts)
    const begun = await begin(subject, batch)
    if (E.isLeft(begun)) return begun
    compile.push(begun.right.compile)
    first.push(begun.right.first)
    if (k < starts - 1) {
      await begun.right.close()
      continue
    }
    const { A, b } = draw(F.diffusion({ sizes: n }), Key.key(1), { n, batch })
    const contestants = [
      { name: 'network', run: begun.right.call },
      { name: 'LU', run: () => batchLu(A, b, batch, n) }
    ]
    const times = await race(contestants, c.quick ? { warmUp: 20, rounds: 5 } : {})
    await begun.right.close()
    return E.right({
      name,
      n,
      batch,
      compile: median(compile),
      first: median(first),
      later: times[0]!.median,
      lu: times[1]!.median,
      operations: operations.right
    })
  }
  throw new Error('internal: no start')
}

// --- claims ----------------------------------------------------------------------------------------------------------

const ms = (value: number): string => `${value.toPrecision(3)} ms`

const claimsOf = (all: readonly Times[]): readonly Claim[] => {
  const one = all.filter(({ batch }) => batch === 1)
  const largest = one[one.length - 1]!
  const ratios = all.map((t) => t.later / t.lu)
  return [
    {
      claim: 'The first answer takes long: about a second for a PyTorch model, mostly in starting up.',
      paper: 'about 1 s',
      ours: `${largest.name}: ${ms(largest.compile)} from the spec to a program, ${ms(largest.first)} for its first answer, ${ms(largest.later)} for later ones`,
      verdict: 'not testable here',
      note: 'Ours is another program on another machine; what is measured is that its first answer costs no second.'
    },
    {
      claim: 'From the spec to the first answer takes less than a second.',
      paper: '-',
      ours: one.map((t) => `${t.name}: ${ms(t.compile + t.first)}`).join('; '),
      verdict: one.every((t) => t.compile + t.first < 1000) ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'A pass of the network is faster than LU of the same batch.',
      paper: '-',
      ours: all
        .map((t, k) => `${t.name}, n = ${t.n}, batch ${t.batch}: ${ratios[k]!.toPrecision(3)} times LU's time`)
        .join('; '),
      verdict: ratios.every((r) => r < 1) ? 'reproduced' : 'not reproduced',
      note: 'A pass takes thousands of times the operations of LU, which is exact besides.'
    }
  ]
}

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<Result<RowResult>> => {
  const all: Times[] = []
  for (const subject of subjects(c)) {
    for (const batch of subject.batches) {
      const found = await measure(c, subject, batch)
      if (E.isLeft(found)) return found
      all.push(found.right)
    }
  }
  return E.right({
    claims: claimsOf(all),
    tables: [
      {
        title: 'Milliseconds',
        columns: [
          'network',
          'n',
          'batch',
          'compile',
          'first call',
          'later calls',
          'a system',
          'LU in float64',
          'network / LU',
          'operations an answer',
          'operations of LU'
        ],
        rows: all.map((t) => [
          t.name,
          t.n,
          t.batch,
          t.compile,
          t.first,
          t.later,
          t.later / t.batch,
          t.lu,
          t.later / t.lu,
          t.operations,
          (2 / 3) * t.n ** 3 + 2 * t.n ** 2
        ])
      }
    ],
    plots: [
      {
        name: 'latency',
        caption:
          'Milliseconds of compiling, of the first call and of later ones, and of LU in float64 on the same batch.',
        spec: {
          data: {
            values: all.flatMap((t) =>
              (['compile', 'first', 'later', 'lu'] as const).map((what) => ({
                network: `${t.name}, batch ${t.batch}`,
                what: { compile: 'compile', first: 'first call', later: 'later calls', lu: 'LU in float64' }[what],
                time: t[what]
              }))
            )
          },
          mark: { type: 'point', filled: true, size: 60 },
          encoding: {
            x: { field: 'time', type: 'quantitative', scale: { type: 'log' }, title: 'milliseconds' },
            y: { field: 'network', type: 'nominal', title: null },
            color: {
              field: 'what',
              type: 'nominal',
              title: null,
              sort: ['compile', 'first call', 'later calls', 'LU in float64']
            }
          }
        }
      }
    ],
    backends: ['wasm float32', 'javascript float64'],
    recipes: [],
    notes: [
      `Compiling and first calls: medians of ${starts} fresh compilations in a process that has compiled before. ${method(c.quick ? { warmUp: 20, rounds: 5 } : {})}`,
      'Weights are initial ones: times do not depend on them. The time of a whole process, from the command to the answer, is measured by `npm run bench:start`.'
    ]
  })
}

export const latency: Row = {
  id: 'latency',
  title: 'Latency of answers',
  about:
    'The first call of a freshly compiled network and later calls, for one system and for a batch, beside LU with partial pivoting ' +
    'in float64 on the same batch. The network at the size of this report and at the published one (n = 64, width 256, 12 blocks).',
  run
}
