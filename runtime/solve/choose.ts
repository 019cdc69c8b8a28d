/**
 * Choosing a network for an interval of eigenvalues, and making it: a trained one or the closed form, as a polynomial in A.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Family } from '../../spec/family'
import * as I from '../../spec/infer'
import * as L from '../../spec/layer'
import type { Model } from '../../spec/model'
import * as T from '../../spec/token'
import { closedForm } from '../weights/closed-form'
import {
  type Cost,
  costsOf,
  decide,
  type Force,
  inStrides,
  priceOfMatrices,
  type Way,
  type Work
} from '../weights/cost'
import { type Specialised, specialise } from '../weights/specialise'
import { validate, type Weights } from '../weights/weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** A network with its numbers and the condition number that it was made for. */
export interface Source {
  readonly name: string
  readonly model: Model
  readonly weights: Weights
  readonly kappa: number
  /** What it was trained on, if that is known. */
  readonly valid?: Family | null
}

/** A network as it is run: its cheap form, or its tokens. */
export interface Choice {
  readonly name: string
  readonly kappa: number
  readonly depth: number
  /** Where the largest eigenvalue belongs, `2 kappa / (1 + kappa)`. */
  readonly top: number
  readonly model: Model
  readonly typed: I.Typed
  readonly weights: Weights
  /** The polynomial's degree, or null if none runs. */
  readonly degree: number | null
  readonly way: Way
  /** Products of A and a vector in a pass, or null if the tokens run; and products of matrices beside them. */
  readonly products: number | null
  readonly matrixProducts: number
  /** Why it is run this way. */
  readonly because: string
  /** Floating-point operations of a pass over all the work it was chosen for, roughly. */
  readonly operations: number
  /** The norm that a right-hand side is given: one, what a network that sees b as it is was trained on, or b's own. */
  readonly rightHandSide: 'unit' | 'sqrt(n)' | 'own'
}

// --- making a choice -------------------------------------------------------------------------------------------------

/** The number of attention layers, each copy of a repeated one counted. */
export const depthOf: (layer: L.Layer) => number = L.match<number>({
  linearMap: () => 0,
  linearAttention: () => 1,
  softmaxAttention: () => 1,
  layerNorm: () => 0,
  gelu: () => 0,
  positions: () => 0,
  recurrent: () => 1,
  entries: () => 0,
  columnMeans: () => 0,
  scale: () => 0,
  chebyshev: () => 0,
  krylov: ({ body }) => depthOf(body),
  equilibrate: ({ body }) => depthOf(body),
  residual: ({ body }) => depthOf(body),
  repeat: ({ times, body }) => times * depthOf(body),
  sequence: ({ layers }) => layers.reduce((total, layer) => total + depthOf(layer), 0)
})

const topOf = (kappa: number): number => (2 * kappa) / (1 + kappa)

const specials = new WeakMap<Weights, E.Either<string, Specialised>>()

/** What a network amounts to on all eigenvalues from zero up to its top, found once. */
const specialOf = ({ model, weights, kappa }: Source): E.Either<string, Specialised> => {
  const known = specials.get(weights)
  if (known !== undefined) return known
  const found = specialise({ model, weights, low: 0, high: topOf(kappa) })
  specials.set(weights, found)
  return found
}

/** What a choice has besides the work and the reason for it: made once for a set of weights and a stride, 0 for the tokens. */
type Form = Omit<Choice, 'because' | 'operations'>

const made = new WeakMap<Weights, Map<number, Form>>()

const once = (weights: Weights, stride: number, make: () => E.Either<string, Form>): E.Either<string, Form> => {
  const forms = made.get(weights) ?? new Map<number, Form>()
  made.set(weights, forms)
  const known = forms.get(stride)
  if (known !== undefined) return E.right(known)
  const form = make()
  if (E.isRight(form)) forms.set(stride, form.right)
  return form
}

const rightHandSideOf = ({ encoding }: Model): Choice['rightHandSide'] =>
  encoding._tag === 'columns' ? 'own' : encoding.bScale !== null ? 'unit' : 'sqrt(n)'

/** A network's cheap form, in strides or not. */
const inForm = (source: Source, special: Specialised, cost: Cost): E.Either<string, Form> =>
  once(source.weights, cost.stride, () => {
    const form = inStrides(special, cost.stride)
    return pipe(
      I.infer(form.model),
      E.bimap(
        I.show,
        (typed): Form => ({
          name: source.name,
          kappa: source.kappa,
          depth: depthOf(source.model.body),
          top: topOf(source.kappa),
          model: form.model,
          typed,
          weights: form.weights,
          degree: special.form === 'polynomial' ? special.products : null,
          way: cost.way,
          products: cost.products,
          matrixProducts: cost.matrixProducts,
          rightHandSide: special.form === 'polynomial' ? 'unit' : rightHandSideOf(source.model)
        })
      )
    )
  })

/** The network's own tokens. */
const asTokens = ({ name, model, weights, kappa }: Source, n: number): E.Either<string, Form> =>
  pipe(
    once(weights, 0, () =>
      pipe(
        I.infer(model),
        E.bimap(
          I.show,
          (typed): Form => ({
            name,
            kappa,
            depth: depthOf(model.body),
            top: topOf(kappa),
            model,
            typed,
            weights,
            degree: null,
            way: 'literal',
            products: null,
            matrixProducts: 0,
            rightHandSide: rightHandSideOf(model)
          })
        )
      )
    ),
    E.chainFirst(({ typed }) => validate(typed, n, weights))
  )

/**
 * What products of matrices cost in layers of tokens: attention forms `S = sum_m U_m X_m^T` and `S V_m`, two products for
 * every part of size n.
 */
const ofTokens = ({ tokens }: I.Typed, layers: number, { n, batch, rhs }: Work): number =>
  layers * 2 * T.squareParts(tokens).length * batch * rhs * priceOfMatrices(n)

const saying =
  (because: string, operations: number | null, work: Work) =>
  (form: E.Either<string, Form>): E.Either<string, Choice> =>
    pipe(
      form,
      E.map((own) => ({
        ...own,
        because,
        operations: operations ?? ofTokens(own.typed, depthOf(own.typed.model.body), work) / 2
      }))
    )

/** In float32 the tokens of deeper networks lose one to three digits that their cheap forms keep. */
const deepestTokens = 4

/** The costs of a network; those of its tokens, which take long to count, only where they may be the least. */
const costsOn = (source: Source, special: Specialised, work: Work, force: Force): readonly Cost[] => {
  const costs = costsOf(null, special, work)
  if (force !== null || depthOf(source.model.body) > deepestTokens) return costs
  const tokens = asTokens(source, work.n)
  if (E.isLeft(tokens)) return costs
  const { typed, depth } = tokens.right
  // The last layer forms products for what is read alone.
  const least = ofTokens(typed, depth - 1, work)
  return costs.some(({ way, price }) => way === 'lazy' && price <= least) ? costs : costsOf(typed, special, work)
}

/**
 * How a network is run on this work: as the costs of its forms have it, or as the caller insists. `Left` says why it cannot
 * run at all.
 */
export const choiceOf = (source: Source, work: Work, force: Force): E.Either<string, Choice> => {
  if (force === 'literal') return pipe(asTokens(source, work.n), saying('its tokens were asked for', null, work))
  const special = specialOf(source)
  if (E.isLeft(special)) {
    return force === 'lazy'
      ? special
      : pipe(asTokens(source, work.n), saying(`no cheaper form: ${special.left}`, null, work))
  }
  const { cost, because } = decide(costsOn(source, special.right, work, force), force)
  return pipe(
    cost.way === 'literal' ? asTokens(source, work.n) : inForm(source, special.right, cost),
    saying(because, cost.flops, work)
  )
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
export const roughChoice = (choice: Choice, work: Work): Choice | null => {
  for (let layers = 1; 2 * closedDegree(layers) < (choice.products ?? 0); layers++) {
    if (closedContraction(layers, choice.kappa) > roughly) continue
    const source = closedFormSource(layers, choice.kappa)
    const rough = E.isRight(source) ? choiceOf(source.right, work, 'lazy') : null
    return rough !== null && E.isRight(rough) ? rough.right : null
  }
  return null
}
