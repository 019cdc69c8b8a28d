/**
 * Guarantees as they are shown: the forms in which a frozen network runs, each with its theorem, in words and as plain data.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Model } from '../../spec/model'
import { specialise } from '../weights/specialise'
import type { Weights } from '../weights/weights'
import {
  conjugateGradients,
  ends,
  exactPolynomial,
  type Guarantee,
  type GuaranteeOptions,
  guarantee,
  optimum,
  rounding,
  units
} from './guarantee'
import { longest } from './polynomial'

// --- model -----------------------------------------------------------------------------------------------------------

/** A way to run a network, with its theorem. */
export interface Form {
  readonly form: 'tokens' | 'polynomial'
  readonly model: Model
  readonly weights: Weights
  readonly guarantee: Guarantee
}

/** Sizes at which the rounding term is printed. */
export const shownSizes = [9, 64, 512] as const

/** Terms below this are of no consequence in any arithmetic. */
const nothing = 1e-30

// --- constructors ----------------------------------------------------------------------------------------------------

const attends = (g: Guarantee): boolean => g.network.operations.some((o) => o._tag === 'attention')

/**
 * The literal tokens and the polynomial that they amount to on the interval, where it can be found; a polynomial has that
 * form alone.
 */
export const formsOf = (
  options: GuaranteeOptions & { readonly low: number; readonly high: number }
): E.Either<string, readonly Form[]> =>
  pipe(
    guarantee(options),
    E.map((own): readonly Form[] => {
      const { model, weights } = options
      if (!attends(own)) return [{ form: 'polynomial', model, weights, guarantee: own }]
      const tokens: Form = { form: 'tokens', model, weights, guarantee: own }
      return pipe(
        specialise(options),
        E.chain((special) => {
          const cheap = { model: special.model, weights: special.weights }
          return pipe(
            guarantee({ ...options, ...cheap }),
            E.map((g): Form => ({ form: 'polynomial', ...cheap, guarantee: g }))
          )
        }),
        E.match(
          () => [tokens],
          (polynomial) => [tokens, polynomial]
        )
      )
    })
  )

// --- text ------------------------------------------------------------------------------------------------------------

/** `8.601e-8`, rounded up in its last digit, since it is a bound. */
export const upTo = (value: number, digits = 3): string => {
  if (value === 0 || !Number.isFinite(value)) return value === 0 ? '0' : 'no bound'
  const text = value.toExponential(digits)
  if (Number(text) >= value) return text
  const [mantissa, exponent] = text.split('e')
  return Number(`${(Number(mantissa) + 10 ** -digits).toFixed(digits)}e${exponent}`).toExponential(digits)
}

const near = (value: number): string => value.toExponential(3)

const perSize = (g: Guarantee, u: number): string =>
  shownSizes.map((n) => `${upTo(rounding(g, n, u), 1)} (n = ${n})`).join(', ')

const short = (value: number): string => String(Number(value.toPrecision(6)))

const named = { tokens: 'literal tokens', polynomial: 'polynomial' } as const

/** The theorem of a network in all its forms, as lines of text. */
export const lines = (forms: readonly Form[]): readonly string[] => {
  const first = forms[0]
  if (first === undefined) return []
  const g = first.guarantee
  const { low, high } = ends(g)
  const exact = exactPolynomial(g)
  const length = exact === null ? '' : `, with exact coefficients of at most ${longest(exact)} bits`
  return [
    `for every SPD A with spectrum in [${short(low)}, ${short(high)}] and whatever b, in exact arithmetic,`,
    `  ||x - xhat||_2 <= ${upTo(g.factor, 4)} ||x||_2, and the same in the A-norm: at least this reduction from x0 = 0`,
    `  (attained: ${(Math.floor((g.attained / g.factor) * 1e6) / 1e4).toFixed(4)}% of it at some lambda)`,
    `xhat = p(A) b, p of degree ${g.degree}${length}; max |p| ${upTo(g.largestP, 3)}`,
    `beside it: ${near(optimum(g))} the best of any polynomial with ${g.degree} products (Chebyshev),`,
    `  ${near(conjugateGradients(g))} the bound of ${g.degree} iterations of conjugate gradients in the A-norm`,
    ...forms.flatMap(({ form, guarantee: own }) => [
      `${named[form]}: ${upTo(own.factor, 4)} in exact arithmetic${
        own.contamination < nothing ? '' : `, and ${upTo(own.contamination, 1)} for b b^T in the attention`
      }`,
      `  in float64 add at most ${perSize(own, units.float64)}`,
      `  in float32 instead     ${perSize(own, units.float32)}`
    ])
  ]
}

/** One form as plain data. */
export const plain = ({ form, guarantee: g }: Form): Readonly<Record<string, unknown>> => ({
  form,
  model: g.name,
  ...ends(g),
  factor: g.factor,
  attained: g.attained,
  degree: g.degree,
  largestP: g.largestP,
  tokenNorms: g.tokens,
  contamination: g.contamination,
  chebyshevOptimum: optimum(g),
  conjugateGradients: conjugateGradients(g),
  rounding: Object.fromEntries(
    Object.entries(units).map(([name, u]) => [name, shownSizes.map((n) => ({ n, bound: rounding(g, n, u) }))])
  ),
  peaks: g.peaks
})
