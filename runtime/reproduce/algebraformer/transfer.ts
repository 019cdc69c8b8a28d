/** Row 2: transfer from diffusion to reaction-diffusion and advection-diffusion, beside training from scratch. */
import * as E from 'fp-ts/Either'

import type { Collocation } from '../../../spec/family'
import type { Recipe } from '../../../spec/recipe'
import {
  advectionOf,
  onDiffusion,
  reactionOf,
  type Setting,
  scratchOn,
  tunedOn
} from '../../../spec/zoo/algebraformer-recipes'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import { trainedOn } from '../../train/batches'
import type { Claim, Config, Plot, Row, RowContext, RowResult, Table } from '../row'
import { competitors } from './competitors'
import {
  e,
  errorCells,
  errorColumns,
  type Judged,
  judgeAnswers,
  judgeRuns,
  mseOf,
  seedsOf,
  settingOf,
  testSystems,
  trainedAll,
  withRuntime
} from './judged'

// --- model -----------------------------------------------------------------------------------------------------------

interface Target {
  readonly name: 'reaction' | 'advection'
  readonly title: string
  readonly family: (o: Setting) => Collocation
}

const targets: readonly Target[] = [
  { name: 'reaction', title: 'reaction-diffusion', family: reactionOf },
  { name: 'advection', title: 'advection-diffusion', family: advectionOf }
]

interface Ways {
  readonly tuned: Recipe
  readonly short: Recipe
  readonly long: Recipe
}

const waysOf = (o: Setting, { name, family }: Target): Ways => {
  const { systems, epochs, scratch } = o[name]
  const long = { systems, epochs: scratch }
  return {
    tuned: tunedOn(o, name, family(o), { systems, epochs }),
    short: scratchOn(o, name, family(o), { systems, epochs }),
    long: scratchOn(o, name, family(o), long)
  }
}

/** Seeds of this row: long trainings cost as much as the first row's. */
const seedsHere = (config: Config, seed: number): readonly number[] => seedsOf(config, seed, 2)

interface Transferred {
  readonly target: Target
  readonly before: Judged
  readonly tuned: Judged
  readonly short: Judged
  readonly long: Judged
  readonly simple: readonly Judged[]
}

// --- running ---------------------------------------------------------------------------------------------------------

const transfer = async (c: RowContext, target: Target, runtime: Runtime): Promise<E.Either<string, Transferred>> => {
  const o = settingOf(c)
  const ways = waysOf(o, target)
  const seeds = seedsHere(c.config, c.seed)
  const test = draw(target.family(o), Key.fold(Key.fold(c.key, target.name), 'test'), { n: o.n, batch: testSystems(c) })
  const judged: Judged[] = []
  const { epochs, scratch } = o[target.name]
  const named: readonly (readonly [string, Recipe])[] = [
    ['the diffusion network as it is', onDiffusion(o, 'algebraformer')],
    [`fine-tuned for ${epochs} epochs`, ways.tuned],
    [`from scratch for ${epochs} epochs`, ways.short],
    [`from scratch for ${scratch} epochs`, ways.long]
  ]
  for (const [name, recipe] of named) {
    const runs = await trainedAll(c, recipe, seeds)
    if (E.isLeft(runs)) return runs
    const one = await judgeRuns(runtime, name, runs.right, test)
    if (E.isLeft(one)) return one
    judged.push(one.right)
  }
  const fitted = trainedOn(ways.short, c.seed)
  if (fitted === null) throw new Error('internal: a recipe of a fixed set without one')
  const simple = competitors(fitted).map((f) => judgeAnswers(f.name, f.chosen, f.answer, test))
  const [before, tuned, short, long] = judged as [Judged, Judged, Judged, Judged]
  return E.right({ target, before, tuned, short, long, simple })
}

// --- claims ----------------------------------------------------------------------------------------------------------

/**
 * Epochs from scratch with the error of fine-tuning, between both lengths by the logarithms; null where the longer one does not
 * come there.
 */
export const parity = (
  tuned: number,
  short: { readonly epochs: number; readonly mse: number },
  long: { readonly epochs: number; readonly mse: number }
): number | null => {
  if (tuned >= short.mse) return short.epochs
  if (tuned < long.mse) return null
  const share = Math.log(short.mse / tuned) / Math.log(short.mse / long.mse)
  return short.epochs * (long.epochs / short.epochs) ** share
}

const parityOf = (o: Setting, t: Transferred): number | null => {
  const { epochs, scratch } = o[t.target.name]
  return parity(mseOf(t.tuned), { epochs, mse: mseOf(t.short) }, { epochs: scratch, mse: mseOf(t.long) })
}

const claimOf = (o: Setting, t: Transferred): Claim => {
  const { systems, epochs, scratch } = o[t.target.name]
  const at = parityOf(o, t)
  const where = at === null ? `more than ${scratch}` : `about ${Math.round(at)}`
  return {
    claim: `On ${t.target.title} (${systems} systems) fine-tuning reaches in ${epochs} epochs what training from scratch reaches in ${scratch}.`,
    paper: '100 epochs against 1,000 (in another place, 500)',
    ours: `MSE ${e(mseOf(t.tuned))} fine-tuned; from scratch ${e(mseOf(t.short))} after ${epochs} epochs, ${e(mseOf(t.long))} after ${scratch}; parity at ${where} epochs`,
    verdict: mseOf(t.tuned) <= mseOf(t.long) ? 'reproduced' : 'not reproduced'
  }
}

const headStart = (o: Setting, all: readonly Transferred[]): Claim => ({
  claim: 'After as many epochs, fine-tuning is better than training from scratch.',
  paper: '-',
  ours: all
    .map(
      (t) => `${t.target.title}: ${e(mseOf(t.tuned))} against ${e(mseOf(t.short))} (${o[t.target.name].epochs} epochs)`
    )
    .join('; '),
  verdict: all.every((t) => mseOf(t.tuned) < mseOf(t.short)) ? 'reproduced' : 'not reproduced'
})

const beyond = (all: readonly Transferred[]): Claim => {
  const best = ({ simple }: Transferred): Judged => simple.reduce((p, q) => (mseOf(q) < mseOf(p) ? q : p))
  return {
    claim: 'The fine-tuned network beats the simple competitors on the same few systems.',
    paper: '-',
    ours: all
      .map((t) => `${t.target.title}: ${e(mseOf(t.tuned))} against ${e(mseOf(best(t)))} (${best(t).name})`)
      .join('; '),
    verdict: all.every((t) => mseOf(t.tuned) < mseOf(best(t))) ? 'reproduced' : 'not reproduced'
  }
}

// --- showing ---------------------------------------------------------------------------------------------------------

const tableOf = (o: Setting, t: Transferred): Table => ({
  title: `${t.target.title}, ${o[t.target.name].systems} training systems`,
  columns: errorColumns,
  rows: [t.before, t.tuned, t.short, t.long, ...t.simple].map(errorCells)
})

const plot = (o: Setting, all: readonly Transferred[]): Plot => ({
  name: 'transfer',
  caption: 'Test MSE after fine-tuning and after training from scratch, by epochs; every seed is a point.',
  spec: {
    width: 300,
    height: 220,
    data: {
      values: all.flatMap((t) => {
        const { epochs, scratch } = o[t.target.name]
        const points = (way: string, at: number, j: Judged) =>
          j.judgements.map(({ mse }) => ({ family: t.target.title, way, epochs: at, mse }))
        return [
          ...points('fine-tuned', epochs, t.tuned),
          ...points('from scratch', epochs, t.short),
          ...points('from scratch', scratch, t.long)
        ]
      })
    },
    mark: { type: 'point', filled: true, size: 60 },
    encoding: {
      column: { field: 'family', type: 'nominal', title: null },
      x: { field: 'epochs', type: 'quantitative', scale: { type: 'log' } },
      y: { field: 'mse', type: 'quantitative', scale: { type: 'log' }, title: 'test MSE' },
      color: { field: 'way', type: 'nominal', title: null }
    }
  }
})

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> =>
  withRuntime(async (runtime) => {
    const o = settingOf(c)
    const all: Transferred[] = []
    for (const target of targets) {
      const one = await transfer(c, target, runtime)
      if (E.isLeft(one)) return one
      all.push(one.right)
    }
    return E.right({
      claims: [...all.map((t) => claimOf(o, t)), headStart(o, all), beyond(all)],
      tables: all.map((t) => tableOf(o, t)),
      plots: [plot(o, all)],
      backends: ['wasm float32'],
      recipes: targets.flatMap((t) => Object.values(waysOf(o, t)).map(({ name }) => name)),
      notes: [
        'Every length is a training of its own with its own cosine, so that no error is one of a rate that has not come down yet. Between both lengths from scratch the epochs to parity are interpolated by logarithms.',
        'Fine-tuning begins with the weights of the diffusion row, by the same seed, with the same rate, warm-up and cosine as training from scratch. Rates from a tenth to three times of it, tried at n = 16 and width 64 with one seed, change the error after fine-tuning on reaction-diffusion by a tenth; on advection-diffusion a third and three times of it are worse.'
      ]
    })
  })

export const transferRow: Row = {
  id: 'transfer',
  title: 'Transfer: fine-tuning against training from scratch',
  about:
    'The Algebraformer of the diffusion family, trained on with few systems of another one, beside the same network from random ' +
    'weights for as many and for many more epochs; and the simple competitors on the same few systems.',
  trainings: (config, seed) => {
    const o = settingOf({ config })
    return targets.flatMap((t) =>
      Object.values(waysOf(o, t)).map((recipe) => ({ recipe, seeds: seedsHere(config, seed) }))
    )
  },
  run
}
