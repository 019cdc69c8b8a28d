/**
 * Arbitrary specs for property tests: any model that the types allow, sound or not.
 */
import fc from 'fast-check'

import { type Family, L, type M, Recipe, type T, type W } from '../../spec'

const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
const positive = fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-300 })
const whole = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max })
const name = fc
  .string({ minLength: 1, maxLength: 30, unit: 'grapheme-composite' })
  .filter((s) => /^\P{C}{1,200}$/u.test(s))

const weight: fc.Arbitrary<W.Weight> = fc.oneof(
  fc.record({ _tag: fc.constant('full' as const), std: fc.oneof(fc.constant(0.05), finite) }),
  fc.record({
    _tag: fc.constant('block' as const),
    allOnes: fc.boolean(),
    muScale: fc.constantFrom<W.MuScale>('one', 'n')
  }),
  fc.record({ _tag: fc.constant('product' as const), inner: whole(1, 100) })
)

const embedding: fc.Arbitrary<T.Embedding> = fc.oneof(
  fc.record({ _tag: fc.constant('identity' as const), blocks: whole(0, 5) }),
  fc.record({ _tag: fc.constant('learned' as const), width: whole(1, 50), tokens: whole(1, 50) })
)

const encoding: fc.Arbitrary<T.Encoding> = fc.oneof(
  fc.record({
    _tag: fc.constant('equations' as const),
    embedding,
    query: fc.constantFrom<T.Query | 'none'>('paper', 'b', 'none'),
    bScale: fc.option(finite, { nil: null })
  }),
  fc.constant<T.Encoding>({ _tag: 'columns' })
)

const { layer } = fc.letrec<{ layer: L.Layer }>((tie) => ({
  layer: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ _tag: fc.constant('scale' as const), initial: finite }),
    fc.record({
      _tag: fc.constant('linearMap' as const),
      weight,
      out: fc.option(whole(1, 40), { nil: null }),
      bias: fc.boolean()
    }),
    fc.record({
      _tag: fc.constant('softmaxAttention' as const),
      heads: whole(1, 8),
      mask: fc.constantFrom<L.Mask>('none', 'causal'),
      bias: fc.boolean(),
      std: finite
    }),
    fc.record({ _tag: fc.constant('layerNorm' as const), epsilon: finite }),
    fc.record({ _tag: fc.constant('gelu' as const), form: fc.constantFrom<L.Gelu['form']>('exact', 'tanh') }),
    fc.record({ _tag: fc.constant('positions' as const), tokens: whole(1, 50), std: finite }),
    fc.record({
      _tag: fc.constant('recurrent' as const),
      cell: fc.oneof(
        fc.record({ _tag: fc.constant('lstm' as const), forgetBias: finite }),
        fc.constant<L.Cell>({ _tag: 'gru' })
      ),
      hidden: whole(1, 50),
      direction: fc.constantFrom<L.Direction>('forward', 'backward', 'both'),
      tokens: whole(1, 50),
      std: fc.option(finite, { nil: null })
    }),
    fc.record({ _tag: fc.constant('linearAttention' as const), heads: whole(1, 8), P: weight, Q: weight }),
    fc.record({
      _tag: fc.constant('chebyshev' as const),
      degree: whole(0, 100),
      low: finite,
      high: finite,
      stride: fc.constantFrom(1, 2, 4, 8)
    }),
    fc.record({
      _tag: fc.constant('krylov' as const),
      blocks: whole(0, 5),
      query: fc.constantFrom<T.Query | 'none'>('paper', 'b', 'none'),
      part: name,
      low: finite,
      high: finite,
      body: tie('layer')
    }),
    fc.constantFrom<L.Layer>(L.entries, L.columnMeans),
    fc.record({ _tag: fc.constant('equilibrate' as const), answer: finite, body: tie('layer') }),
    fc.record({ _tag: fc.constant('residual' as const), body: tie('layer') }),
    fc.record({
      _tag: fc.constant('repeat' as const),
      times: whole(1, 4),
      tied: fc.boolean(),
      body: tie('layer')
    }),
    fc.record({ _tag: fc.constant('sequence' as const), layers: fc.array(tie('layer'), { maxLength: 4 }) })
  )
}))

export const model: fc.Arbitrary<M.Model> = fc.record({
  name,
  encoding,
  body: layer,
  readout: fc.record({
    _tag: fc.constantFrom('query' as const, 'perToken' as const, 'transposed' as const),
    part: name
  })
})

const range = (value: fc.Arbitrary<number>): fc.Arbitrary<{ low: number; high: number }> =>
  fc.tuple(value, value).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }))

const kappa = fc.double({ noNaN: true, noDefaultInfinity: true, min: 1.0001 })

const spectrum = fc.constantFrom<Family.Spectrum>('uniform', 'logUniform')
const sizes = range(whole(1, 1000))
const level = fc.double({ noNaN: true, min: 0, max: 10 })
const share = fc.double({ noNaN: true, min: 0, max: 1 })

export const spd: fc.Arbitrary<Family.Spd> = fc.record({
  _tag: fc.constant('spd' as const),
  kappa: range(kappa),
  spectrum,
  sizes
})

const clean: fc.Arbitrary<Family.Family> = fc.oneof(
  spd,
  fc.record({
    _tag: fc.constant('general' as const),
    structure: fc.constantFrom<Family.Structure>('nonsymmetric', 'indefinite'),
    kappa: range(kappa),
    spectrum,
    sizes
  }),
  fc.record({
    _tag: fc.constant('collocation' as const),
    alpha: range(fc.double({ noNaN: true, min: -0.99, max: 0.99 })),
    omega: range(level),
    advection: fc.option(range(level)),
    reaction: fc.option(fc.record({ rho: range(level), gamma: range(share), nu: range(level) })),
    source: fc.record({ terms: whole(1, 30), decay: share }),
    sizes
  }),
  fc.record({
    _tag: fc.constant('newton' as const),
    p: fc.array(fc.double({ noNaN: true, min: 2, max: 8 }), { minLength: 1, maxLength: 3 }),
    ratio: whole(1, 5),
    columns: range(fc.double({ noNaN: true, min: 0.01, max: 100 })),
    noise: level,
    answer: level,
    start: level,
    iterations: whole(1, 20),
    sizes
  })
)

export const family: fc.Arbitrary<Family.Family> = fc.oneof(
  clean,
  fc.record({ _tag: fc.constant('noisy' as const), of: clean, A: level, b: level })
)

const stage: fc.Arbitrary<Recipe.Stage> = fc.oneof(
  fc.record({
    _tag: fc.constant('scalarNodes' as const),
    kappas: fc.array(kappa, { minLength: 1, maxLength: 4 }),
    nodes: whole(1, 200),
    iterations: whole(1, 1000),
    starts: whole(1, 8),
    solver: fc.constantFrom('qr' as const, 'normal' as const),
    corrections: whole(0, 20),
    path: fc.option(fc.record({ from: kappa, steps: whole(1, 100), iterations: whole(1, 100) }), { nil: null })
  }),
  fc.record({
    _tag: fc.constant('eigenvalues' as const),
    eigenvalues: fc.array(positive, { minLength: 1, maxLength: 9 }),
    iterations: whole(1, 1000),
    starts: whole(1, 8),
    solver: fc.constantFrom('qr' as const, 'normal' as const),
    corrections: whole(0, 20)
  }),
  fc.record({
    _tag: fc.constant('levenbergMarquardt' as const),
    family,
    systems: whole(1, 100),
    iterations: whole(1, 1000),
    redraw: whole(1, 100),
    starts: whole(1, 8)
  }),
  fc.record({
    _tag: fc.constant('adam' as const),
    family,
    steps: whole(1, 1000),
    batch: whole(1, 1000),
    rate: fc.record({
      peak: positive,
      warmup: whole(0, 100),
      decay: fc.constantFrom('none' as const, 'cosine' as const)
    }),
    weightDecay: positive,
    clip: fc.option(positive, { nil: null }),
    systems: fc.option(whole(1, 1000), { nil: null }),
    evaluation: fc.option(
      fc.record({ systems: whole(1, 100), every: whole(1, 100), patience: fc.option(whole(1, 9), { nil: null }) }),
      { nil: null }
    )
  })
)

const recipeFrom = (start: fc.Arbitrary<Recipe.Start>): fc.Arbitrary<Recipe.Recipe> =>
  fc.record({
    name,
    model,
    start,
    stages: fc.array(stage, { maxLength: 4 }),
    seed: fc.maxSafeNat(),
    valid: family
  })

const ownStart: fc.Arbitrary<Recipe.Start> = fc.oneof(
  fc.double({ min: 0.01, max: 2, noNaN: true }).map((scale): Recipe.Start => Recipe.random(scale)),
  fc.record({ _tag: fc.constant('closedForm' as const), kappa, noise: positive })
)

export const recipe: fc.Arbitrary<Recipe.Recipe> = recipeFrom(
  fc.oneof(
    ownStart,
    fc.record({ _tag: fc.constant('widened' as const), from: recipeFrom(ownStart), noise: positive }),
    fc.record({ _tag: fc.constant('behindClosedForm' as const), kappa, from: recipeFrom(ownStart), noise: positive }),
    fc.record({ _tag: fc.constant('continued' as const), from: recipeFrom(ownStart) })
  )
)
