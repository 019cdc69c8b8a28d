/** Part of row 1: every architecture at several peak learning rates in short courses, judged on systems of their own. */
import * as E from 'fp-ts/Either'

import {
  type Architecture,
  architectures,
  diffusionOf,
  ratesOnDiffusion
} from '../../../spec/zoo/algebraformer-recipes'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Claim, Config, Planned, RowContext, Table } from '../row'
import { e, judgeRun, settingOf, testSystems } from './judged'

// --- model -----------------------------------------------------------------------------------------------------------

interface Tried {
  readonly peak: number
  readonly mse: number
}

export interface Rates {
  readonly claims: readonly Claim[]
  readonly tables: readonly Table[]
}

// --- claims ----------------------------------------------------------------------------------------------------------

/** An error so many times the least still counts as the least: seeds of one network differ by more. */
const alike = 1.25

const claimOf = (
  titles: Readonly<Record<Architecture, string>>,
  rates: Readonly<Record<Architecture, number>>,
  found: ReadonlyMap<Architecture, readonly Tried[]>
): Claim => {
  const each = [...found].map(([architecture, tried]) => {
    const best = tried.reduce((p, q) => (q.mse < p.mse ? q : p))
    const own = tried.find(({ peak }) => peak === rates[architecture])
    return {
      name: titles[architecture],
      best,
      own: own ?? { peak: rates[architecture], mse: Number.POSITIVE_INFINITY }
    }
  })
  return {
    claim: 'Each network is trained at the best of the learning rates that were tried, or at one as good.',
    paper: '-',
    ours: each
      .map(({ name, best, own }) => `${name} ${e(own.mse)} at ${own.peak}, best ${e(best.mse)} at ${best.peak}`)
      .join('; '),
    verdict: each.every(({ best, own }) => own.mse <= alike * best.mse) ? 'reproduced' : 'not reproduced',
    note: `One seed each, in short courses; an error up to ${alike} times the least counts as good.`
  }
}

// --- running ---------------------------------------------------------------------------------------------------------

export const rateRuns = (config: Config, seed: number): readonly Planned[] =>
  architectures.flatMap((a) =>
    ratesOnDiffusion(settingOf({ config }), a).map(({ recipe }) => ({ recipe, seeds: [seed] }))
  )

/** Trains and judges at every rate; nothing where a configuration tries none. */
export const triedRates = async (
  c: RowContext,
  runtime: Runtime,
  titles: Readonly<Record<Architecture, string>>
): Promise<E.Either<string, Rates>> => {
  const o = settingOf(c)
  if (o.rates === null) return E.right({ claims: [], tables: [] })
  const sample = draw(diffusionOf(o), Key.fold(c.key, 'rates'), { n: o.n, batch: testSystems(c) })
  const found = new Map<Architecture, readonly Tried[]>()
  for (const architecture of architectures) {
    const tried: Tried[] = []
    for (const { peak, recipe } of ratesOnDiffusion(o, architecture)) {
      const run = await c.train(recipe, c.seed)
      if (E.isLeft(run)) return run
      const judged = await judgeRun(runtime, run.right, sample)
      if (E.isLeft(judged)) return judged
      tried.push({ peak, mse: judged.right.mse })
    }
    found.set(architecture, tried)
  }
  return E.right({
    claims: [claimOf(titles, o.rate, found)],
    tables: [
      {
        title: `MSE after ${o.rates.epochs} epochs by peak learning rate, on ${sample.batch} other systems`,
        columns: ['network', ...o.rates.tried.map(String)],
        rows: [...found].map(([architecture, tried]) => [titles[architecture], ...tried.map(({ mse }) => mse)])
      }
    ]
  })
}
