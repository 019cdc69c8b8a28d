/** Row 3: error by condition number, of a network that was trained on [1e3, 1e4]. */
import * as E from 'fp-ts/Either'

import * as F from '../../../spec/family'
import { conditionedOf, onConditioned, trainedKappa } from '../../../spec/zoo/algebraformer-recipes'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Sample } from '../../sample/sample'
import type { Judgement } from '../../train/held-out'
import type { Claim, Plot, Row, RowContext, RowResult, Table } from '../row'
import { competitors } from './competitors'
import {
  e,
  factorisations,
  type Judged,
  judgeAnswers,
  judgeRuns,
  percent,
  settingOf,
  testSystems,
  withRuntime
} from './judged'

// --- model -----------------------------------------------------------------------------------------------------------

interface At {
  readonly kappa: number
  readonly methods: readonly Judged[]
}

const network = 'Algebraformer'

const kappasOf = (quick: boolean): readonly number[] => (quick ? [1e3, 1e4, 1e6] : [1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6])

const isInside = (kappa: number): boolean => kappa >= trainedKappa.low && kappa <= trainedKappa.high

const judgementOf = ({ methods }: At, name: string): Judgement => methods.find((m) => m.name === name)!.judgements[0]!

const relativeOf = (at: At, name = network): number => judgementOf(at, name).relative.median

// --- claims ----------------------------------------------------------------------------------------------------------

const claimsOf = (all: readonly At[]): readonly Claim[] => {
  const inside = all.filter(({ kappa }) => isInside(kappa))
  const outside = all.filter(({ kappa }) => kappa >= 1e5)
  const worst = (list: readonly At[]): number => Math.max(...list.map((at) => relativeOf(at)))
  const others = all[0]!.methods.map(({ name }) => name).filter((name) => name !== network && !name.startsWith('LU'))
  const middleAt = inside[inside.length >> 1]!
  const best = others.reduce((p, q) => (relativeOf(middleAt, q) < relativeOf(middleAt, p) ? q : p))
  const shown = all.map((at) => `${at.kappa.toExponential(0)}: ${percent(relativeOf(at))}`).join(', ')
  return [
    {
      claim: 'Condition numbers about 1e5 are handled.',
      paper: 'the systems of the paper have about 1e5',
      ours: `relative error by condition number ${shown}`,
      verdict: Math.min(...outside.map((at) => relativeOf(at))) < 0.1 ? 'reproduced' : 'not reproduced',
      note: 'A relative error below 10% counts. The matrices are random, with bases of their own: the diffusion family has two coefficients, and is another matter.'
    },
    {
      claim: 'The error grows outside the condition numbers that were trained on.',
      paper: 'expected',
      ours: `at most ${percent(worst(inside))} inside, ${percent(worst(outside))} on [1e5, 1e6]`,
      verdict: worst(outside) > 1.1 * worst(inside) ? 'reproduced' : 'not reproduced',
      note: 'By more than a tenth. With a uniform spectrum all eigenvalues but the least are of the size of the greatest, whatever the condition number.'
    },
    {
      claim: 'Inside them the network beats the simple competitors.',
      paper: '-',
      ours: `${percent(relativeOf(middleAt))} against ${percent(relativeOf(middleAt, best))} (${best}) at ${e(middleAt.kappa)}`,
      verdict: relativeOf(middleAt) < relativeOf(middleAt, best) ? 'reproduced' : 'not reproduced'
    }
  ]
}

// --- showing ---------------------------------------------------------------------------------------------------------

const table = (title: string, all: readonly At[], of: (j: Judgement) => number): Table => ({
  title,
  columns: ['method', ...all.map(({ kappa }) => `kappa ${kappa.toExponential(0)}`)],
  rows: all[0]!.methods.map(({ name }) => [name, ...all.map((at) => of(judgementOf(at, name)))])
})

const plot = (all: readonly At[]): Plot => ({
  name: 'condition',
  caption: `Relative error (median) by condition number; trained on [${e(trainedKappa.low)}, ${e(trainedKappa.high)}].`,
  spec: {
    width: 480,
    height: 280,
    data: {
      values: all.flatMap((at) =>
        at.methods.map(({ name, judgements: [j] }) => ({
          kappa: at.kappa,
          method: name,
          error: Math.max(j!.relative.median, 1e-16)
        }))
      )
    },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'kappa', type: 'quantitative', scale: { type: 'log' }, title: 'condition number' },
      y: { field: 'error', type: 'quantitative', scale: { type: 'log' }, title: 'relative error' },
      color: { field: 'method', type: 'nominal', title: null, legend: { orient: 'bottom', columns: 2 } }
    }
  }
})

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const o = settingOf(c)
  const { n, steps, batch } = o.conditioned
  const recipe = onConditioned(o)
  const trained = await c.train(recipe, c.seed)
  if (E.isLeft(trained)) return trained
  const fitted: Sample = draw(conditionedOf(o, trainedKappa), Key.fold(c.key, 'fitted'), {
    n,
    batch: o.diffusion.systems
  })
  const simple = competitors(fitted)
  const kappas = kappasOf(c.quick)
  return withRuntime(async (runtime) => {
    const all: At[] = []
    for (const [k, kappa] of kappas.entries()) {
      c.progress(`errors at condition number ${e(kappa)}`, k, kappas.length)
      const family = conditionedOf(o, { low: kappa, high: kappa })
      const test = draw(family, Key.fold(Key.fold(c.key, 'test'), k), { n, batch: testSystems(c) })
      const own = await judgeRuns(runtime, network, [trained.right], test)
      if (E.isLeft(own)) return own
      const others = [
        ...simple.map((f) => judgeAnswers(f.name, f.chosen, f.answer, test)),
        ...factorisations.map((f) => judgeAnswers(f.name, '', f.answer, test))
      ]
      all.push({ kappa, methods: [own.right, ...others] })
    }
    return E.right({
      claims: claimsOf(all),
      tables: [
        table('Relative error (median)', all, (j) => j.relative.median),
        table('Mean square error', all, (j) => j.mse),
        table('Backward error (median)', all, (j) => j.backward)
      ],
      plots: [plot(all)],
      backends: ['wasm float32', 'javascript float64'],
      recipes: [recipe.name],
      notes: [
        `${F.show(conditionedOf(o, trainedKappa))}; ${steps} steps on ${batch} fresh systems each, x ~ N(0, I). The answer zero has relative error 1. The paper says neither which matrices nor which x.`,
        `The competitors are fitted to ${fitted.batch} systems of the same law.`
      ]
    })
  })
}

export const condition: Row = {
  id: 'condition',
  title: 'Condition numbers: inside and outside those trained on',
  about:
    'A network trained on random symmetric positive definite matrices with condition numbers in [1e3, 1e4], judged at condition numbers ' +
    'from 1e3 to 1e6, beside the simple competitors and LU.',
  trainings: (config, seed) => [{ recipe: onConditioned(settingOf({ config })), seeds: [seed] }],
  run
}
