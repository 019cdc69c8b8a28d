/** Row 4: error against noise on A, on b and on both, beside what LU makes of the same noise. */
import * as E from 'fp-ts/Either'

import * as F from '../../../spec/family'
import { diffusionOf, onDiffusion, onNoise, trainedNoise } from '../../../spec/zoo/algebraformer-recipes'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Claim, Plot, Row, RowContext, RowResult, Table } from '../row'
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

type On = 'A' | 'b' | 'both'

interface At {
  readonly on: On
  readonly level: number
  readonly methods: readonly Judged[]
}

const places: readonly On[] = ['A', 'b', 'both']

const names = { clean: 'Algebraformer', noisy: 'Algebraformer, trained with noise', lu: 'LU in float64' }

const levelsOf = (quick: boolean): readonly number[] =>
  quick ? [0, 1e-2, 1e-1] : [0, 1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1]

const noiseOf = (on: On, level: number): { readonly A: number; readonly b: number } => ({
  A: on === 'b' ? 0 : level,
  b: on === 'A' ? 0 : level
})

const relative = ({ methods }: At, name: string): number =>
  methods.find((m) => m.name === name)!.judgements[0]!.relative.median

// --- claims ----------------------------------------------------------------------------------------------------------

/** The least level of noise from which on the network is nearer to the clean answer than LU. */
const crossing = (all: readonly At[], on: On, name: string): number | null =>
  all.filter((at) => at.on === on).find((at) => relative(at, name) < relative(at, names.lu))?.level ?? null

const claimsOf = (all: readonly At[]): readonly Claim[] => {
  const growth = (name: string): number =>
    relative(all.find((at) => at.on === 'both' && at.level === trainedNoise)!, name) - relative(all[0]!, name)
  const [ours, lu] = [growth(names.clean), growth(names.lu)]
  const from = places.map((on) => {
    const level = crossing(all, on, names.clean)
    return `on ${on}: ${level === null ? 'at no level tried' : `from ${e(level)} on`}`
  })
  const at = all.find((one) => one.on === 'both' && one.level === trainedNoise)!
  return [
    {
      claim: 'The network is robust to noise on its inputs, where LU amplifies it.',
      paper: 'levels not published',
      ours: `noise of ${percent(trainedNoise)} on A and b adds ${percent(ours)} to the relative error of the network and ${percent(lu)} to that of LU`,
      verdict: ours < lu ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'With enough noise the network is nearer than LU to the answer of the clean system.',
      paper: '-',
      ours: from.join('; '),
      verdict: places.every((on) => crossing(all, on, names.clean) !== null) ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'Training with noise makes the network more robust.',
      paper: '-',
      ours: `at ${percent(trainedNoise)} on both ${percent(relative(at, names.noisy))} against ${percent(relative(at, names.clean))}`,
      verdict: relative(at, names.noisy) < relative(at, names.clean) ? 'reproduced' : 'not reproduced'
    }
  ]
}

// --- showing ---------------------------------------------------------------------------------------------------------

const tableOf = (all: readonly At[], on: On): Table => {
  const own = all.filter((at) => at.on === on)
  return {
    title: `Relative error (median) to the answer of the clean system, noise on ${on}`,
    columns: ['method', ...own.map(({ level }) => `noise ${level === 0 ? '0' : level.toExponential(0)}`)],
    rows: own[0]!.methods.map(({ name }) => [name, ...own.map((at) => relative(at, name))])
  }
}

const plot = (all: readonly At[]): Plot => ({
  name: 'noise',
  caption: 'Relative error (median) to the answer of the clean system by the relative noise on A, on b, and on both.',
  spec: {
    width: 220,
    height: 220,
    data: {
      values: all
        .filter(({ level }) => level > 0)
        .flatMap((at) =>
          at.methods.map(({ name }) => ({
            on: at.on,
            noise: at.level,
            method: name,
            error: Math.max(relative(at, name), 1e-16)
          }))
        )
    },
    mark: { type: 'line', point: true },
    encoding: {
      column: { field: 'on', type: 'nominal', title: 'noise on' },
      x: { field: 'noise', type: 'quantitative', scale: { type: 'log' }, title: 'relative noise' },
      y: { field: 'error', type: 'quantitative', scale: { type: 'log' }, title: 'relative error' },
      color: { field: 'method', type: 'nominal', title: null, legend: { orient: 'bottom', columns: 2 } }
    }
  }
})

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const o = settingOf(c)
  const clean = await c.train(onDiffusion(o, 'algebraformer'), c.seed)
  if (E.isLeft(clean)) return clean
  const noisy = await c.train(onNoise(o), c.seed)
  if (E.isLeft(noisy)) return noisy
  const lu = factorisations.find(({ name }) => name === names.lu)!
  const levels = levelsOf(c.quick)
  return withRuntime(async (runtime) => {
    const all: At[] = []
    for (const on of places)
      for (const [k, level] of levels.entries()) {
        c.progress(`errors with noise on ${on}`, k, levels.length)
        const family = F.noisy(noiseOf(on, level))(diffusionOf(o))
        const test = draw(family, Key.fold(c.key, 'test'), { n: o.n, batch: testSystems(c) })
        const first = await judgeRuns(runtime, names.clean, [clean.right], test)
        if (E.isLeft(first)) return first
        const second = await judgeRuns(runtime, names.noisy, [noisy.right], test)
        if (E.isLeft(second)) return second
        all.push({ on, level, methods: [first.right, second.right, judgeAnswers(lu.name, '', lu.answer, test)] })
      }
    return E.right({
      claims: claimsOf(all),
      tables: places.map((on) => tableOf(all, on)),
      plots: [plot(all)],
      backends: ['wasm float32', 'javascript float64'],
      recipes: [onDiffusion(o, 'algebraformer').name, onNoise(o).name],
      notes: [
        `Noise is normal, relative in the Frobenius norm of A and the 2-norm of b. Entries of A differ by orders of magnitude, so that noise of one size for all of them drowns the small ones: A is far more sensitive than b. "Trained with noise": the same network, gone on with for ${o.noise.epochs} epochs on ${o.noise.systems} systems with noise of ${percent(trainedNoise)} on both.`
      ]
    })
  })
}

export const noise: Row = {
  id: 'noise',
  title: 'Noise on the inputs',
  about:
    'The diffusion network of the first row, and one trained on with noise, on systems with noise on A, on b, and on both, judged by ' +
    'the answer of the clean system; LU in float64 solves the noisy systems exactly, and so shows how they amplify it.',
  trainings: (config, seed) => [{ recipe: onNoise(settingOf({ config })), seeds: [seed] }],
  run
}
