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
import {
  type Cost,
  costsOfPolynomial,
  decide,
  type Force,
  inStrides,
  priceOfMatrices,
  type Way,
  type Work
} from '../weights/cost'
import { asPolynomial } from '../weights/polynomial'
import type { Specialised } from '../weights/specialised'
import { validate, type Weights } from '../weights/weights'
import { isLittle, passesInAll } from './little'

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

const specials = new WeakMap<Weights, Promise<E.Either<string, Specialised>>>()

/** What a network amounts to on all eigenvalues from zero up to its top, found once. */
const specialOf = ({ model, weights, kappa }: Source): Promise<E.Either<string, Specialised>> => {
  const find = async (): Promise<E.Either<string, Specialised>> => {
    const options = { model, weights, low: 0, high: topOf(kappa) }
    const found = asPolynomial(options)
    // Any other form is compiled to be judged.
    return E.isRight(found) ? found : (await import('../weights/specialise')).specialise(options)
  }
  const found = specials.get(weights) ?? find()
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

/**
 * The costs of a network; those of its tokens, which take long to count, only where they may be the least and what they may save
 * is more than counting them takes.
 */
const costsOn = async (source: Source, special: Specialised, work: Work, force: Force): Promise<readonly Cost[]> => {
  const polynomial = special.form === 'polynomial' ? costsOfPolynomial(special.products, work) : null
  const costs = async (typed: I.Typed | null): Promise<readonly Cost[]> =>
    typed === null && polynomial !== null
      ? polynomial
      : (await import('../weights/counted')).costsOf(typed, special, work)
  if (force !== null || depthOf(source.model.body) > deepestTokens) return costs(null)
  if (polynomial?.some(({ way, flops }) => way === 'lazy' && isLittle(passesInAll * flops))) return polynomial
  const tokens = asTokens(source, work.n)
  if (E.isLeft(tokens)) return costs(null)
  const { typed, depth } = tokens.right
  // The last layer forms products for what is read alone.
  const least = ofTokens(typed, depth - 1, work)
  const own = await costs(null)
  return own.some(({ way, price }) => way === 'lazy' && price <= least) ? own : costs(typed)
}

/**
 * How a network is run on this work: as the costs of its forms have it, or as the caller insists. `Left` says why it cannot
 * run at all.
 */
export const choiceOf = async (source: Source, work: Work, force: Force): Promise<E.Either<string, Choice>> => {
  if (force === 'literal') return pipe(asTokens(source, work.n), saying('its tokens were asked for', null, work))
  const special = await specialOf(source)
  if (E.isLeft(special)) {
    return force === 'lazy'
      ? special
      : pipe(asTokens(source, work.n), saying(`no cheaper form: ${special.left}`, null, work))
  }
  const { cost, because } = decide(await costsOn(source, special.right, work, force), force)
  return pipe(
    cost.way === 'literal' ? asTokens(source, work.n) : inForm(source, special.right, cost),
    saying(because, cost.flops, work)
  )
}
