/** Closed forms as networks to choose: the one that needs the fewest products for a condition number, and short ones. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { closedForm } from '../weights/closed-form'
import type { Work } from '../weights/cost'
import { type Choice, choiceOf, type Source } from './choose'

// --- making them ----------------------------------------------------------------------------------------------------

const known = new Map<string, Source>()

/** The closed form for `kappa` as a source, made once. */
export const closedFormSource = (layers: number, kappa: number): E.Either<string, Source> => {
  const name = `closed-form-${layers}-kappa-${kappa}`
  const source = known.get(name)
  if (source !== undefined) return E.right(source)
  return pipe(
    closedForm({ layers, kappa }),
    E.map(({ model, weights }) => {
      const fresh: Source = { name, model, weights, kappa }
      known.set(name, fresh)
      return fresh
    })
  )
}

/** Matrix-vector products of one pass of the closed form. */
const closedDegree = (layers: number): number => 2 * 3 ** (layers - 1) - 1

/** What float32 leaves of a residual whatever the network: rounding, amplified by the condition number. */
export const floor32 = (kappa: number): number => 2e-7 * kappa

/** `1 / T_m(z)`, `z = (kappa + 1)/(kappa - 1)`: what one pass of the closed form leaves of a residual at most. */
export const closedContraction = (layers: number, kappa: number): number => {
  const z = (kappa + 1) / (kappa - 1)
  return 1 / Math.cosh(2 * 3 ** (layers - 1) * Math.acosh(z))
}

/** A relative residual that leaves a backward error at float64's limit. */
const wanted = 1e-14

export const passesFor = (contraction: number): number =>
  contraction < 1 ? Math.max(2, Math.ceil(Math.log(wanted) / Math.log(contraction))) : Infinity

/** The most layers: with more, one pass costs more than all passes of fewer, at any condition number within reach. */
const deepest = 6

/** Up to what condition number float32 passes with float64 residuals still shrink a residual fast enough. */
export const largestKappa = 2e4

/** Products that a pass takes besides those of the network: its residual, its backward error. */
const besides = 3

const roundUp = (kappa: number, coarse: boolean): number => {
  if (coarse) return Number((10 ** (Math.ceil(4 * Math.log10(kappa) - 1e-9) / 4)).toPrecision(3))
  const unit = 10 ** (Math.floor(Math.log10(kappa)) - 1)
  return Number((Math.ceil(kappa / unit - 1e-9) * unit).toPrecision(2))
}

/** The closed form that needs the fewest products in all passes for `kappa`; `coarse` keeps to four steps a decade. */
export const bestClosedForm = (kappa: number, coarse: boolean): E.Either<string, Source> => {
  const rounded = roundUp(Math.max(kappa, 1.5), coarse)
  const cost = (layers: number): number =>
    passesFor(Math.max(closedContraction(layers, rounded), floor32(rounded))) * (closedDegree(layers) + besides)
  let best = 1
  for (let layers = 2; layers <= deepest; layers++) if (cost(layers) < cost(best)) best = layers
  return closedFormSource(best, rounded)
}

/** What one pass of a network for the condition estimate may leave of a residual. */
export const roughly = 0.1

/** The shortest closed form that solves to one digit where a network solves to many, if it is much shorter. */
export const roughChoice = async (choice: Choice, work: Work): Promise<Choice | null> => {
  for (let layers = 1; 2 * closedDegree(layers) < (choice.products ?? 0); layers++) {
    if (closedContraction(layers, choice.kappa) > roughly) continue
    const source = closedFormSource(layers, choice.kappa)
    const rough = E.isRight(source) ? await choiceOf(source.right, work, 'lazy') : null
    return rough !== null && E.isRight(rough) ? rough.right : null
  }
  return null
}
