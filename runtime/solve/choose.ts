/**
 * Choosing a network for an interval of eigenvalues, and making it: a trained one or the closed form, as a polynomial in A.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import * as L from '../../spec/layer'
import type { Model } from '../../spec/model'
import { closedForm } from '../weights/closed-form'
import { specialise } from '../weights/specialise'
import { validate, type Weights } from '../weights/weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** A network with its numbers and the condition number that it was made for. */
export interface Source {
  readonly name: string
  readonly model: Model
  readonly weights: Weights
  readonly kappa: number
}

/** A network as it is run: its polynomial, or its tokens. */
export interface Choice {
  readonly name: string
  readonly kappa: number
  readonly depth: number
  /** Where the largest eigenvalue belongs, `2 kappa / (1 + kappa)`. */
  readonly top: number
  readonly model: Model
  readonly typed: I.Typed
  readonly weights: Weights
  /** The polynomial's degree, or null if the tokens run. */
  readonly degree: number | null
  /** The norm that a right-hand side is given: one, or what a network that sees b as it is was trained on. */
  readonly rightHandSide: 'unit' | 'sqrt(n)'
}

// --- making a choice -------------------------------------------------------------------------------------------------

/** The number of attention layers, each copy of a repeated one counted. */
export const depthOf: (layer: L.Layer) => number = L.match<number>({
  linearMap: () => 0,
  linearAttention: () => 1,
  scale: () => 0,
  chebyshev: () => 0,
  residual: ({ body }) => depthOf(body),
  repeat: ({ times, body }) => times * depthOf(body),
  sequence: ({ layers }) => layers.reduce((total, layer) => total + depthOf(layer), 0)
})

const topOf = (kappa: number): number => (2 * kappa) / (1 + kappa)

const made = new WeakMap<Weights, Choice>()

/** The polynomial that a network amounts to, on all eigenvalues from zero up to its top. */
const asPolynomial = ({ name, model, weights, kappa }: Source): E.Either<string, Choice> => {
  const known = made.get(weights)
  if (known !== undefined) return E.right(known)
  const top = topOf(kappa)
  return pipe(
    specialise({ model, weights, low: 0, high: top }),
    E.bindTo('found'),
    E.bind('typed', ({ found }) => pipe(I.infer(found.model), E.mapLeft(I.show))),
    E.map(({ found, typed }): Choice => {
      const degree = (found.weights['chebyshev.coefficients']?.length ?? 1) - 1
      const depth = depthOf(model.body)
      const rightHandSide = 'unit'
      return { name, kappa, depth, top, model: found.model, typed, weights: found.weights, degree, rightHandSide }
    }),
    E.map((choice) => {
      made.set(weights, choice)
      return choice
    })
  )
}

/** The network's own tokens. */
const asTokens = ({ name, model, weights, kappa }: Source, n: number): E.Either<string, Choice> =>
  pipe(
    I.infer(model),
    E.mapLeft(I.show),
    E.chainFirst((typed) => validate(typed, n, weights)),
    E.map((typed): Choice => {
      const { encoding } = model
      const rightHandSide = encoding._tag === 'equations' && encoding.bScale !== null ? 'unit' : 'sqrt(n)'
      const depth = depthOf(model.body)
      return { name, kappa, depth, top: topOf(kappa), model, typed, weights, degree: null, rightHandSide }
    })
  )

/**
 * How a network is run: as its polynomial, unless its tokens are asked for or it is no polynomial. `Left` says why it
 * cannot run at all.
 */
export const choiceOf = (source: Source, n: number, literal: boolean): E.Either<string, Choice> => {
  if (literal) return asTokens(source, n)
  const polynomial = asPolynomial(source)
  return E.isRight(polynomial) ? polynomial : asTokens(source, n)
}

// --- closed forms ----------------------------------------------------------------------------------------------------

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
export const roughChoice = (choice: Choice, n: number): Choice | null => {
  for (let layers = 1; 2 * closedDegree(layers) < (choice.degree ?? 0); layers++) {
    if (closedContraction(layers, choice.kappa) > roughly) continue
    const source = closedFormSource(layers, choice.kappa)
    const rough = E.isRight(source) ? choiceOf(source.right, n, false) : null
    return rough !== null && E.isRight(rough) ? rough.right : null
  }
  return null
}
