/**
 * Recipes for the experiments of Sittoni and Tudisco 2025, at the published size and at two smaller ones. The paper publishes the
 * optimiser (AdamW with a cosine), the widths, the numbers of samples and epochs; what else is here is ours.
 */
import { pipe } from 'fp-ts/function'

import type { Family } from '../family'
import * as F from '../family'
import * as L from '../layer'
import * as M from '../model'
import * as R from '../recipe'
import { algebraformer } from './algebraformer'
import { gru, lstm } from './recurrent'

// --- model -----------------------------------------------------------------------------------------------------------

export type Architecture = 'algebraformer' | 'gru' | 'lstm'

export const architectures: readonly Architecture[] = ['algebraformer', 'gru', 'lstm']

/** A set of systems, and how often it is gone through. */
export interface Course {
  readonly systems: number
  readonly epochs: number
}

/** The sizes of one configuration of all experiments. */
export interface Setting {
  readonly n: number
  readonly width: number
  readonly blocks: number
  readonly heads: number
  /** Widths and layers of the recurrent networks, chosen to have as many parameters as the Transformer. */
  readonly recurrent: { readonly layers: number; readonly lstm: number; readonly gru: number }
  readonly batch: number
  /** The peak learning rate. */
  readonly rate: Readonly<Record<Architecture, number>>
  /** The rates that are tried, in courses of so many epochs. */
  readonly rates: { readonly tried: readonly number[]; readonly epochs: number }
  readonly seeds: number
  readonly diffusion: Course
  /** One seed of every architecture trains for so many epochs more; null: none does. */
  readonly longer: Course | null
  /** Fine-tuning, and the longest training from scratch. */
  readonly reaction: Course & { readonly scratch: number }
  readonly advection: Course & { readonly scratch: number }
  /** Random matrices of prescribed condition numbers: fresh systems at every step. */
  readonly conditioned: { readonly n: number; readonly steps: number; readonly batch: number }
  readonly noise: Course
  readonly encoding: Course
  /** For both encodings: all entries as tokens take many times the operations. */
  readonly entries: Course
  readonly newton: Course
  /** Sizes that are timed, sizes that are trained on, and the operations that each of these is given. */
  readonly scaling: {
    readonly timed: readonly number[]
    readonly trained: readonly number[]
    readonly operations: number
  }
}

export const settings: Readonly<Record<'quick' | 'reduced' | 'full', Setting>> = {
  quick: {
    n: 6,
    width: 16,
    blocks: 2,
    heads: 2,
    recurrent: { layers: 2, lstm: 12, gru: 14 },
    batch: 20,
    rate: { algebraformer: 2e-3, gru: 6e-3, lstm: 6e-3 },
    rates: { tried: [2e-3, 6e-3], epochs: 3 },
    seeds: 1,
    diffusion: { systems: 200, epochs: 20 },
    longer: { systems: 200, epochs: 40 },
    reaction: { systems: 40, epochs: 10, scratch: 40 },
    advection: { systems: 60, epochs: 5, scratch: 20 },
    conditioned: { n: 4, steps: 100, batch: 20 },
    noise: { systems: 100, epochs: 5 },
    encoding: { systems: 100, epochs: 5 },
    entries: { systems: 100, epochs: 3 },
    newton: { systems: 100, epochs: 20 },
    scaling: { timed: [4, 8], trained: [4, 6], operations: 1e9 }
  },
  reduced: {
    n: 16,
    width: 64,
    blocks: 4,
    heads: 4,
    recurrent: { layers: 2, lstm: 76, gru: 88 },
    batch: 32,
    rate: { algebraformer: 1e-3, gru: 2.4e-2, lstm: 2.4e-2 },
    rates: { tried: [5e-4, 1e-3, 3e-3, 6e-3, 1.2e-2, 2.4e-2, 4.8e-2], epochs: 15 },
    seeds: 3,
    diffusion: { systems: 2000, epochs: 100 },
    longer: { systems: 2000, epochs: 300 },
    reaction: { systems: 250, epochs: 100, scratch: 1000 },
    advection: { systems: 1500, epochs: 20, scratch: 200 },
    conditioned: { n: 8, steps: 12_000, batch: 64 },
    noise: { systems: 2000, epochs: 20 },
    encoding: { systems: 2000, epochs: 50 },
    entries: { systems: 2000, epochs: 10 },
    newton: { systems: 2000, epochs: 100 },
    scaling: { timed: [16, 32, 64, 128, 256], trained: [8, 12, 16, 24, 32], operations: 1e12 }
  },
  full: {
    n: 64,
    width: 256,
    blocks: 12,
    heads: 8,
    recurrent: { layers: 4, lstm: 340, gru: 394 },
    batch: 256,
    rate: { algebraformer: 3e-4, gru: 1e-2, lstm: 1e-2 },
    rates: { tried: [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], epochs: 20 },
    seeds: 3,
    diffusion: { systems: 50_000, epochs: 400 },
    longer: null,
    reaction: { systems: 250, epochs: 100, scratch: 1000 },
    advection: { systems: 1500, epochs: 100, scratch: 1000 },
    conditioned: { n: 64, steps: 78_400, batch: 256 },
    noise: { systems: 50_000, epochs: 40 },
    encoding: { systems: 50_000, epochs: 40 },
    entries: { systems: 50_000, epochs: 1 },
    newton: { systems: 50_000, epochs: 100 },
    scaling: { timed: [16, 32, 64, 128, 256], trained: [16, 32, 64, 128, 256], operations: 1e15 }
  }
}

// --- models ----------------------------------------------------------------------------------------------------------

/** Answers for rows of norm 1 and a right-hand side of root mean square 1, as multiples of which networks see solutions. */
const answer: Readonly<Record<'collocation' | 'matrices', number>> = { collocation: 64, matrices: 1 }

/** The same network between an equilibration and its undoing. */
const equilibrated = (of: M.Model, scale: number): M.Model =>
  M.make({ ...of, name: `${of.name}-equilibrated`, body: L.equilibrate({ answer: scale })(of.body) })

export interface Variant {
  readonly mask?: L.Mask
  readonly positions?: 'learned' | 'none'
}

const bare = (o: Setting, architecture: Architecture, n: number, variant: Variant = {}): M.Model => {
  const { layers, ...widths } = o.recurrent
  switch (architecture) {
    case 'algebraformer':
      return algebraformer({ n, width: o.width, blocks: o.blocks, heads: o.heads, ...variant })
    case 'gru':
      return gru({ n, width: widths.gru, layers })
    case 'lstm':
      return lstm({ n, width: widths.lstm, layers })
  }
}

// --- families --------------------------------------------------------------------------------------------------------

export const diffusionOf = ({ n }: Setting): F.Collocation => F.diffusion({ sizes: n })
export const reactionOf = ({ n }: Setting): F.Collocation => F.reactionDiffusion({ sizes: n })
export const advectionOf = ({ n }: Setting): F.Collocation => F.advectionDiffusion({ sizes: n })
export const newtonOf = ({ n }: Setting): F.Newton => F.newton({ sizes: n })

/** Symmetric positive definite matrices with a uniform spectrum. */
export const conditionedOf = ({ conditioned: { n } }: Setting, kappa: F.Range): F.Spd => F.spd({ kappa, sizes: n })

/** The condition numbers that are trained on. */
export const trainedKappa: F.Range = { low: 1e3, high: 1e4 }

/** Relative noise of A and of b that a network is trained with. */
export const trainedNoise = 1e-2

// --- recipes ---------------------------------------------------------------------------------------------------------

/** AdamW with 5% of warm-up and a cosine to zero. */
const course = (o: Setting, family: Family, { systems, epochs }: Course, peak = o.rate.algebraformer): R.Stage => {
  const batch = Math.min(o.batch, systems)
  const steps = epochs * Math.ceil(systems / batch)
  const rate: R.Rate = { peak, warmup: Math.ceil(0.05 * steps), decay: 'cosine' }
  return R.epochs({ family, systems, epochs, batch, rate, weightDecay: 0.01 })
}

const recipe = (name: string, model: M.Model, start: R.Start, stage: R.Stage, valid: Family): R.Recipe =>
  R.make({ name, model, start, stages: [stage], seed: 1, valid })

const named = (o: Setting, name: string): string => `${name}-n${o.n}-width${o.width}`

const diffusing = (
  o: Setting,
  architecture: Architecture,
  name: string,
  to: Course,
  peak = o.rate[architecture]
): R.Recipe => {
  const family = diffusionOf(o)
  const model = equilibrated(bare(o, architecture, o.n), answer.collocation)
  const stage = course(o, family, to, peak)
  return recipe(named(o, `${architecture}-${name}`), model, R.random(), stage, family)
}

/** An architecture on the diffusion family. */
export const onDiffusion = (o: Setting, architecture: Architecture): R.Recipe =>
  diffusing(o, architecture, 'diffusion', o.diffusion)

/** The same for more epochs, where there is time for it. */
export const onDiffusionLonger = (o: Setting, architecture: Architecture): R.Recipe | null =>
  o.longer === null ? null : diffusing(o, architecture, `diffusion-${o.longer.epochs}`, o.longer)

/** The same for the epochs and with each of the rates that are tried. */
export const ratesOnDiffusion = (
  o: Setting,
  architecture: Architecture
): readonly { readonly peak: number; readonly recipe: R.Recipe }[] =>
  o.rates.tried.map((peak) => {
    const to = { systems: o.diffusion.systems, epochs: o.rates.epochs }
    return { peak, recipe: diffusing(o, architecture, `diffusion-rate-${peak}`, to, peak) }
  })

/** The Algebraformer of the diffusion family, gone on with on another one. */
export const tunedOn = (o: Setting, name: string, family: Family, to: Course): R.Recipe => {
  const from = onDiffusion(o, 'algebraformer')
  const start = R.continued({ from })
  return recipe(named(o, `algebraformer-${name}-tuned-${to.epochs}`), from.model, start, course(o, family, to), family)
}

/** The same model on a family from random weights. */
export const scratchOn = (o: Setting, name: string, family: Family, to: Course): R.Recipe => {
  const { model } = onDiffusion(o, 'algebraformer')
  const title = named(o, `algebraformer-${name}-scratch-${to.epochs}`)
  return recipe(title, model, R.random(), course(o, family, to), family)
}

/** The diffusion network, gone on with on systems with noise. */
export const onNoise = (o: Setting): R.Recipe => {
  const family = F.noisy({ A: trainedNoise, b: trainedNoise })(diffusionOf(o))
  return tunedOn(o, 'noise', family, o.noise)
}

/** On random matrices with condition numbers in [1e3, 1e4], fresh ones at every step. */
export const onConditioned = (o: Setting): R.Recipe => {
  const { n, steps, batch } = o.conditioned
  const family = conditionedOf(o, trainedKappa)
  const rate: R.Rate = { peak: o.rate.algebraformer, warmup: Math.ceil(0.05 * steps), decay: 'cosine' }
  const stage = R.adam({ family, steps, batch, rate, weightDecay: 0.01 })
  const model = equilibrated(bare(o, 'algebraformer', n), answer.matrices)
  return recipe(`algebraformer-conditioned-n${n}-width${o.width}`, model, R.random(), stage, family)
}

/** A learned number for every answer, behind the network: it fixes n, and tells no column from another. */
const withOffsets = (of: M.Model, tokens: number): M.Model =>
  M.make({ ...of, body: pipe(of.body, L.andThen(L.positions({ tokens }))) })

/** Masks and positions, on the diffusion family. */
export const variantOn = (o: Setting, name: string, variant: Variant): R.Recipe => {
  const family = diffusionOf(o)
  const network = bare(o, 'algebraformer', o.n, variant)
  const placed = variant.positions === 'none' ? withOffsets(network, o.n) : network
  const model = equilibrated(placed, answer.collocation)
  return recipe(named(o, `algebraformer-${name}`), model, R.random(), course(o, family, o.encoding), family)
}

/** A token for every column, or for every entry of A, on the diffusion family. */
export const encodedAs = (o: Setting, encoding: 'columns' | 'entries'): R.Recipe => {
  const family = diffusionOf(o)
  const model = equilibrated(
    algebraformer({ n: o.n, width: o.width, blocks: o.blocks, heads: o.heads, encoding }),
    answer.collocation
  )
  const title = named(o, `algebraformer-${encoding}-${o.entries.epochs}`)
  return recipe(title, model, R.random(), course(o, family, o.entries), family)
}

/** On the systems of Newton's method. */
export const onNewton = (o: Setting): R.Recipe => {
  const family = newtonOf(o)
  const model = equilibrated(bare(o, 'algebraformer', o.n), answer.matrices)
  return recipe(named(o, 'algebraformer-newton'), model, R.random(), course(o, family, o.newton), family)
}

/** The network of a setting for systems of n unknowns. */
export const sizedModel = (o: Setting, n: number): M.Model =>
  equilibrated(bare(o, 'algebraformer', n), answer.collocation)

/** On diffusion with n unknowns for so many steps, from as many systems as `diffusion` trains on. */
export const onSize = (o: Setting, n: number, steps: number): R.Recipe => {
  const family = F.diffusion({ sizes: n })
  const rate: R.Rate = { peak: o.rate.algebraformer, warmup: Math.ceil(0.05 * steps), decay: 'cosine' }
  const { systems } = o.diffusion
  const stage = R.adam({ family, steps, batch: Math.min(o.batch, systems), systems, rate, weightDecay: 0.01 })
  return recipe(`algebraformer-size-n${n}-width${o.width}`, sizedModel(o, n), R.random(), stage, family)
}
