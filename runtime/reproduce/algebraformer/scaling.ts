/** Row 8: time and memory of a forward pass and of a training step by n, and accuracy by n at equal budget. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as F from '../../../spec/family'
import type { Recipe } from '../../../spec/recipe'
import { onSize, type Setting, sizedModel } from '../../../spec/zoo/algebraformer-recipes'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import { inferred } from '../answers'
import { stepOperations } from '../cost'
import type { Claim, Row, RowContext, RowResult } from '../row'
import { method } from '../stopwatch'
import { type Judged, judgeAnswers, judgeRuns, mseOf, percent, settingOf, testSystems, withRuntime } from './judged'
import { type Cost, costOf, stepBatch } from './scaling-cost'

// --- model -----------------------------------------------------------------------------------------------------------

interface Trained {
  readonly n: number
  readonly steps: number
  readonly network: Judged
  readonly mean: Judged
}

type Result<A> = E.Either<string, A>

// --- accuracy --------------------------------------------------------------------------------------------------------

/** The recipe at a size that spends the budget. */
const recipeOf = (o: Setting, n: number): Result<Recipe> =>
  pipe(
    inferred(sizedModel(o, n)),
    E.chain((typed) => stepOperations(typed, { n, batch: Math.min(o.batch, o.diffusion.systems) })),
    E.map((each) => onSize(o, n, Math.max(1, Math.round(o.scaling.operations / each))))
  )

const recipes = (o: Setting): Result<readonly Recipe[]> =>
  pipe(
    o.scaling.trained,
    E.traverseArray((n) => recipeOf(o, n))
  )

/** The mean of training answers, the same for every system. */
const meanOf = (n: number, x: Float64Array): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => {
    let total = 0
    for (let k = i; k < x.length; k += n) total += x[k]!
    return (total * n) / x.length
  })

const trainedAt = async (c: RowContext, runtime: Runtime, recipe: Recipe, n: number): Promise<Result<Trained>> => {
  const run = await c.train(recipe, c.seed)
  if (E.isLeft(run)) return run
  const family = F.diffusion({ sizes: n })
  const test = draw(family, Key.fold(Key.fold(c.key, 'test'), n), { n, batch: testSystems(c) })
  const network = await judgeRuns(runtime, 'Algebraformer', [run.right], test)
  if (E.isLeft(network)) return network
  const mean = meanOf(n, draw(family, Key.fold(Key.fold(c.key, 'mean'), n), { n, batch: testSystems(c) }).x)
  const [stage] = recipe.stages
  return E.right({
    n,
    steps: stage?._tag === 'adam' ? stage.steps : 0,
    network: network.right,
    mean: judgeAnswers(
      'mean',
      '',
      ({ batch }) => Float64Array.from({ length: batch * n }, (_, k) => mean[k % n]!),
      test
    )
  })
}

// --- claims ----------------------------------------------------------------------------------------------------------

/** The exponent p of `y ~ n^p` between two sizes. */
const growth = (from: Cost, to: Cost, of: (c: Cost) => number): number =>
  Math.log(of(to) / of(from)) / Math.log(to.n / from.n)

const relativeOf = ({ judgements }: Judged): number => judgements[0]!.relative.median

const claimsOf = (costs: readonly Cost[], trained: readonly Trained[]): readonly Claim[] => {
  const last = costs[costs.length - 1]!
  const before = costs[costs.length - 2]!
  const bytes = growth(before, last, (k) => k.step.bytes)
  const time = growth(before, last, (k) => k.forward.time)
  const errors = trained.map(({ network }) => relativeOf(network))
  return [
    {
      claim: 'Tokens of whole columns keep memory at O(n^2).',
      paper: 'O(n^2)',
      ours: `a training step's arrays grow as n^${bytes.toFixed(2)} from n = ${before.n} to ${last.n}`,
      verdict: bytes <= 2.1 ? 'reproduced' : 'not reproduced',
      note: 'Scores of attention, n^2 of them a head and block, dominate in the end; the parameters do not depend on n but for embedding and positions.'
    },
    {
      claim: 'A pass takes O(n^2) time, against O(n^3) of LU.',
      paper: '-',
      ours: `n^${time.toFixed(2)} from n = ${before.n} to ${last.n}`,
      verdict: time <= 2.3 ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'At an equal budget of training larger systems are answered worse.',
      paper: '-',
      ours: trained.map(({ n }, k) => `n = ${n}: ${percent(errors[k]!)}`).join('; '),
      verdict: errors[errors.length - 1]! > errors[0]! ? 'reproduced' : 'not reproduced'
    }
  ]
}

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<Result<RowResult>> => {
  const o = settingOf(c)
  const planned = recipes(o)
  if (E.isLeft(planned)) return planned
  return withRuntime(async (runtime) => {
    const [costs, trained]: [Cost[], Trained[]] = [[], []]
    for (const [k, n] of o.scaling.timed.entries()) {
      c.progress(`time and memory at n = ${n}`, k, o.scaling.timed.length)
      const found = await costOf(c, runtime, n)
      if (E.isLeft(found)) return found
      costs.push(found.right)
    }
    for (const [k, n] of o.scaling.trained.entries()) {
      const found = await trainedAt(c, runtime, planned.right[k]!, n)
      if (E.isLeft(found)) return found
      trained.push(found.right)
    }
    return E.right({
      claims: claimsOf(costs, trained),
      tables: [
        {
          title: `Time and memory: a pass on one system, a training step on ${stepBatch}`,
          columns: [
            'n',
            'forward (ms)',
            'forward (bytes)',
            'forward (operations)',
            'step (ms)',
            'step (bytes)',
            'step (operations)'
          ],
          rows: costs.map(({ n, forward, step }) => [
            n,
            forward.time,
            forward.bytes,
            forward.operations,
            step.time,
            step.bytes,
            step.operations
          ])
        },
        {
          title: `Accuracy on diffusion after ${o.scaling.operations.toExponential(0)} operations of training`,
          columns: [
            'n',
            'steps',
            'MSE',
            'relative L2 (median)',
            'backward error (median)',
            'MSE of the mean predictor'
          ],
          rows: trained.map(({ n, steps, network, mean }) => [
            n,
            steps,
            mseOf(network),
            relativeOf(network),
            network.judgements[0]!.backward,
            mseOf(mean)
          ])
        }
      ],
      plots: [
        {
          name: 'scaling-cost',
          caption: `Milliseconds of a pass on one system and of a training step on ${stepBatch}, by n.`,
          spec: {
            data: {
              values: costs.flatMap(({ n, forward, step }) => [
                { n, what: 'forward, 1 system', time: forward.time },
                { n, what: `training step, ${stepBatch} systems`, time: step.time }
              ])
            },
            mark: { type: 'line', point: true },
            encoding: {
              x: { field: 'n', type: 'quantitative', scale: { type: 'log', base: 2 } },
              y: { field: 'time', type: 'quantitative', scale: { type: 'log' }, title: 'milliseconds' },
              color: { field: 'what', type: 'nominal', title: null }
            }
          }
        },
        {
          name: 'scaling-accuracy',
          caption:
            'Mean square error on diffusion by n after the same number of training operations, beside the mean predictor.',
          spec: {
            data: {
              values: trained.flatMap(({ n, network, mean }) => [
                { n, what: 'Algebraformer', error: mseOf(network) },
                { n, what: 'mean predictor', error: mseOf(mean) }
              ])
            },
            mark: { type: 'line', point: true },
            encoding: {
              x: { field: 'n', type: 'quantitative' },
              y: { field: 'error', type: 'quantitative', scale: { type: 'log' }, title: 'mean square error' },
              color: { field: 'what', type: 'nominal', title: null }
            }
          }
        }
      ],
      backends: ['wasm float32'],
      recipes: planned.right.map(({ name }) => name),
      notes: [
        `Bytes are what the plan's arrays take while it runs (parameters and optimiser state included), known before it runs. ${method(c.quick ? { warmUp: 20, rounds: 5 } : {})}`,
        `Every n trains the same network from ${o.diffusion.systems} systems on batches of ${o.batch}, for as many steps as the budget allows; seed ${c.seed}.`
      ]
    })
  })
}

export const scaling: Row = {
  id: 'scaling',
  title: 'Scaling with n',
  about:
    'Time and memory of a forward pass and of a training step by n, and the accuracy on diffusion by n when every size is given the ' +
    'same number of floating-point operations to train.',
  trainings: (config, seed) =>
    pipe(
      recipes(settingOf({ config })),
      E.match(
        () => [],
        (all) => all.map((recipe) => ({ recipe, seeds: [seed] }))
      )
    ),
  run
}
