/** Learning rates of the diffusion row: every architecture at several peaks in short courses, judged on systems of their own. */
import * as E from 'fp-ts/Either'

import {
  type Architecture,
  architectures,
  diffusionOf,
  ratesOnDiffusion,
  type Setting
} from '../../../spec/zoo/algebraformer-recipes'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Claim, Planned, Row, RowContext, RowResult } from '../row'
import { titles } from './diffusion'
import { e, judgeRun, settingOf, testSystems, withRuntime } from './judged'

interface Tried {
  readonly peak: number
  readonly mse: number
}

type Found = ReadonlyMap<Architecture, readonly Tried[]>

// --- claims ----------------------------------------------------------------------------------------------------------

/** An error so many times the least still counts as the least: seeds of one network differ by more. */
const alike = 1.25

const claimOf = ({ rate }: Setting, found: Found): Claim => {
  const each = [...found].map(([architecture, tried]) => {
    const best = tried.reduce((p, q) => (q.mse < p.mse ? q : p))
    const own = tried.find(({ peak }) => peak === rate[architecture])
    return {
      name: titles[architecture],
      best,
      own: own ?? { peak: rate[architecture], mse: Number.POSITIVE_INFINITY }
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

// --- the row ---------------------------------------------------------------------------------------------------------

const planned = (o: Setting, seed: number): readonly Planned[] =>
  architectures.flatMap((a) => ratesOnDiffusion(o, a).map(({ recipe }) => ({ recipe, seeds: [seed] })))

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> =>
  withRuntime(async (runtime) => {
    const o = settingOf(c)
    const sample = draw(diffusionOf(o), Key.fold(c.key, 'test'), { n: o.n, batch: testSystems(c) })
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
    const { tried, epochs } = o.rates
    return E.right({
      claims: [claimOf(o, found)],
      tables: [
        {
          title: `MSE after ${epochs} epochs by peak learning rate, on ${sample.batch} systems that no other row sees`,
          columns: ['network', ...tried.map(String)],
          rows: [...found].map(([architecture, all]) => [titles[architecture], ...all.map(({ mse }) => mse)])
        }
      ],
      plots: [],
      backends: ['wasm float32'],
      recipes: planned(o, c.seed).map(({ recipe }) => recipe.name),
      notes: [
        'The other rows train Algebraformer at its rate here; a short course wants a higher rate than a long one, if it wants another.'
      ]
    })
  })

export const rates: Row = {
  id: 'rates',
  title: 'Learning rates',
  about:
    'Every architecture of the diffusion row at several peak learning rates, in short courses with a warm-up and a cosine of their own.',
  trainings: (config, seed) => planned(settingOf({ config }), seed),
  run
}
