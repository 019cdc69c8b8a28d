/**
 * Model cards: what a model was trained on, where it is valid and how accurate it was measured to be, in float64.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { type CompileError, toJavaScript } from '../../codegen/compile'
import * as F from '../../spec/family'
import * as I from '../../spec/infer'
import type { Recipe, Stage } from '../../spec/recipe'
import { load64 } from '../javascript/run'
import * as Key from '../random/key'
import { draw } from '../sample/draw'
import { depthOf } from '../solve/choose'
import { count, type Weights } from '../weights/weights'
import type { Card, Measured } from './card-json'

export type { Card, Measured } from './card-json'

// --- model -----------------------------------------------------------------------------------------------------------

/** What measures are taken of; by default the sizes and condition numbers of the recipe's own family. */
export interface MeasureOptions {
  readonly kappas: readonly number[]
  readonly sizes: readonly number[]
  readonly spectrum: F.Spectrum
  /** The most systems of one size and condition number; large sizes take fewer. */
  readonly systems: number
  readonly seed: number
}

// --- measuring -------------------------------------------------------------------------------------------------------

/** Multiplications are bounded by taking fewer systems where they are large. */
const systemsOf = (n: number, most: number): number =>
  Math.max(Math.min(most, 50), Math.min(most, Math.floor(3e7 / n ** 3)))

const meanSquare = (x: Float64Array, target: Float64Array): number =>
  x.reduce((sum, value, k) => sum + (value - target[k]!) ** 2, 0) / x.length

/**
 * The mean square error `mean (x - target)^2` of a model on random systems of each condition number and size, through the
 * compiled float64 program.
 */
export const measure = (
  typed: I.Typed,
  weights: Weights,
  o: MeasureOptions
): E.Either<CompileError, readonly Measured[]> =>
  pipe(
    o.sizes.filter((n) => typed.n === null || typed.n === n),
    E.traverseArray((n) => {
      const batch = systemsOf(n, o.systems)
      return pipe(
        toJavaScript({ _tag: 'forward' }, typed, { n, batch }),
        E.map((program) => {
          const executable = load64(program)
          return o.kappas.map((kappa): Measured => {
            const family = F.spd({ kappa, sizes: n, spectrum: o.spectrum })
            const key = Key.fold(Key.fold(Key.key(o.seed), `card kappa ${kappa}`), n)
            const { A, b, x } = draw(family, key, { n, batch })
            const answer = executable.run({ ...weights, A, b })['x']!
            return { kappa, n, systems: batch, mse: meanSquare(answer, x) }
          })
        })
      )
    }),
    E.map((rows) => rows.flat().sort((p, q) => (p.kappa ?? 0) - (q.kappa ?? 0) || p.n - q.n))
  )

/** The same on `systems` systems of a family at each of its sizes that the model fits, at most `mostSizes` of them. */
export const measureOn = (
  typed: I.Typed,
  weights: Weights,
  family: F.Family,
  o: Pick<MeasureOptions, 'systems' | 'seed'>
): E.Either<CompileError, readonly Measured[]> => {
  const { low, high } = F.sizesOf(family)
  const sizes = typed.n === null ? [...new Set([low, high])] : [typed.n].filter((n) => low <= n && n <= high)
  return pipe(
    sizes,
    E.traverseArray((n) => {
      const batch = systemsOf(n, o.systems)
      return pipe(
        toJavaScript({ _tag: 'forward' }, typed, { n, batch }),
        E.map((program): Measured => {
          const { A, b, x } = draw(family, Key.fold(Key.fold(Key.key(o.seed), 'card'), n), { n, batch })
          return { kappa: null, n, systems: batch, mse: meanSquare(load64(program).run({ ...weights, A, b })['x']!, x) }
        })
      )
    })
  )
}

// --- cards -----------------------------------------------------------------------------------------------------------

const cardSizes = [2, 9, 16, 32, 64]
const ladder = [1, 2, 5, 10, 30, 100, 300, 1000]

/** Both ends of a range of condition numbers and round ones between. */
const kappasOf = ({ low, high }: F.Range): readonly number[] => [
  ...new Set([low, ...ladder.filter((kappa) => kappa > low && kappa < high), high])
]

const stageLine = (stage: Stage): string => {
  switch (stage._tag) {
    case 'scalarNodes': {
      const { kappas, nodes, iterations, starts, path } = stage
      const best = starts === 1 ? '' : `, best of ${starts} starts`
      const numbers = `condition number${kappas.length === 1 ? '' : 's'} ${kappas.join(', ')}`
      const way = path === null ? '' : `, reached from ${path.from} in ${path.steps} steps of ${path.iterations}`
      return `Levenberg-Marquardt on ${nodes} scalar nodes each for ${numbers}${way}, ${iterations} iterations${best}`
    }
    case 'eigenvalues': {
      const { eigenvalues, iterations, starts } = stage
      const best = starts === 1 ? '' : `, best of ${starts} starts`
      return `Levenberg-Marquardt on ${eigenvalues.length} given eigenvalues, ${iterations} iterations${best}`
    }
    case 'levenbergMarquardt': {
      const { family, systems, iterations, redraw, starts } = stage
      const redrawn = `redrawn every ${redraw} steps`
      const best = starts === 1 ? '' : `, best of ${starts} starts`
      return `Levenberg-Marquardt on ${systems} systems of every size (${F.show(family)}), ${redrawn}, ${iterations} iterations${best}`
    }
    case 'adam': {
      const { family, steps, batch, weightDecay, systems, evaluation } = stage
      const from = systems === null ? '' : ` from ${systems} systems`
      const best = evaluation === null ? '' : `, the best on ${evaluation.systems} held-out systems kept`
      const by = weightDecay === 0 ? 'Adam' : 'AdamW'
      return `${by} on batches of ${batch}${from} (${F.show(family)}), ${steps} steps${best}`
    }
  }
}

/** What came before the first stage, where that was training too. */
const startLines = ({ start, model }: Recipe): readonly string[] => {
  switch (start._tag) {
    case 'random':
    case 'closedForm':
      return []
    case 'continued':
      return trainedLines(start.from)
    case 'widened':
      return [...trainedLines(start.from), 'written out as full matrices']
    case 'behindClosedForm': {
      const first = depthOf(model.body) - depthOf(start.from.model.body)
      const layers = first === 1 ? 'a closed-form layer' : `${first} closed-form layers`
      return [...trainedLines(start.from), `behind ${layers} for condition number ${start.kappa}`]
    }
  }
}

/** How a recipe trains, one line a step. */
export const trainedLines = (recipe: Recipe): readonly string[] => [
  ...startLines(recipe),
  ...recipe.stages.map(stageLine)
]

/** The card of weights that a recipe gave. */
export const card = (recipe: Recipe, weights: Weights): E.Either<string, Card> =>
  pipe(
    I.infer(recipe.model),
    E.mapLeft(I.show),
    E.chain((typed) =>
      pipe(
        recipe.valid._tag === 'spd'
          ? measure(typed, weights, {
              kappas: kappasOf(recipe.valid.kappa),
              sizes: typed.n === null ? cardSizes : [typed.n],
              spectrum: recipe.valid.spectrum,
              systems: 1000,
              seed: 0
            })
          : measureOn(typed, weights, recipe.valid, { systems: 1000, seed: 0 }),
        E.map((measured) => ({
          trained: trainedLines(recipe),
          valid: F.show(recipe.valid),
          parameters: count(typed, typed.n ?? 1),
          measured
        }))
      )
    )
  )

// --- rendering -------------------------------------------------------------------------------------------------------

/** Columns, the first to the left and the others to the right. */
const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)))
  return rows.map((row) =>
    row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  ')
  )
}

/** The card as text: a paragraph on training, and a table of mean square errors, condition numbers down, sizes across. */
export const render = (name: string, { trained, valid, parameters, measured }: Card): string => {
  const sizes = [...new Set(measured.map((m) => m.n))]
  const kappas = [...new Set(measured.map((m) => m.kappa))]
  const cell = (kappa: number | null, n: number): string =>
    measured.find((m) => m.kappa === kappa && m.n === n)?.mse.toExponential(1) ?? '-'
  const onItself = measured.some((m) => m.kappa === null)
  const systems = [...new Set(measured.map((m) => m.systems))]
  const many = systems.length === 1 ? `${systems[0]}` : `${Math.min(...systems)} to ${Math.max(...systems)}`
  return [
    name,
    `  parameters  ${parameters}`,
    `  valid for   ${valid}${onItself ? '' : ', scaled so that its spectrum lies in [2/(1+kappa), 2 kappa/(1+kappa)]'}`,
    ...trained.map((line, k) => `  ${k === 0 ? 'trained by  ' : '            '}${line}`),
    ...(measured.length === 0
      ? []
      : [
          `  measured    mean square error of x${onItself ? '' : ' ~ N(0, I)'}, float64, ${many} random systems${onItself ? '' : ' each'}`,
          ...table([
            [onItself ? '' : 'kappa', ...sizes.map((n) => `n = ${n}`)],
            ...kappas.map((kappa) => [
              kappa === null ? 'its own family' : String(kappa),
              ...sizes.map((n) => cell(kappa, n))
            ])
          ]).map((line) => `              ${line}`)
        ])
  ].join('\n')
}
