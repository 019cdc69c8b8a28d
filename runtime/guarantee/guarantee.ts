/**
 * A theorem for a frozen network: by how much it reduces the error of every symmetric positive definite system with its
 * spectrum in a region. See Note [What is guaranteed] and, in `rounding.ts`, Note [Rounding, normwise].
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Model } from '../../spec/model'
import type { Weights } from '../weights/weights'
import { type Network, network } from './network'
import { cgBound, chebyshevOptimum } from './optimum'
import { degrees, type Polynomial, polynomials } from './polynomial'
import { type Hull, type Region, residuals, supremum } from './range'
import { roundingBound, units } from './rounding'
import { type Walk, walk } from './walk'

export { units } from './rounding'
export type { Polynomial, Region }

// --- model -----------------------------------------------------------------------------------------------------------

/** A local maximum of `|1 - lambda p(lambda)|`. */
export interface Peak {
  readonly lambda: number
  readonly residual: number
}

/** The largest norm of a part of size n of the tokens before an operation. */
export interface TokenNorm {
  readonly operation: number
  readonly block: number
  /** `max |X_m(lambda)|`, the 2-norm of the block. */
  readonly norm: number
}

export interface Guarantee {
  readonly _tag: 'Guarantee'
  readonly name: string
  readonly region: Region
  /** `||x - xhat||_2 <= factor ||x||_2` in exact arithmetic with b clean: a bound on `max |1 - lambda p(lambda)|`. */
  readonly factor: number
  /** What is attained somewhere in the region: `factor` is no larger than need be. */
  readonly attained: number
  /** The degree of p, and the products with A that it takes. */
  readonly degree: number
  /** Where the error is reduced least, the worst first. */
  readonly peaks: readonly Peak[]
  /** A bound on `max |p(lambda)|`. */
  readonly largestP: number
  readonly tokens: readonly TokenNorm[]
  /** What `b b^T` in the attention adds in exact arithmetic: zero for a polynomial. */
  readonly contamination: number
  readonly network: Network
  /** The ranges of all that the network computes, which rounding is bounded by. */
  readonly hulls: Walk<Hull>
}

export interface GuaranteeOptions {
  readonly model: Model
  readonly weights: Weights
  /** By how much the bound may exceed what is attained, relatively. */
  readonly tolerance?: number
}

const usual = 1e-6

// --- peaks -----------------------------------------------------------------------------------------------------------

/** Points for every degree: enough that no peak of a polynomial hides between two. */
const pointsPerDegree = 16

/** The middle of the parabola through three values at -1, 0, 1. */
const vertex = (before: number, at: number, after: number): number => {
  const bend = before - 2 * at + after
  return bend < 0 ? Math.max(-1, Math.min(1, (before - after) / (2 * bend))) : 0
}

const byResidual = (p: Peak, q: Peak): number => q.residual - p.residual

/** Local maxima on an interval, ends included, by sampling and a parabola in the angle; they illustrate, they prove nothing. */
const peaksOn = (net: Network, region: Extract<Region, { _tag: 'interval' }>, degree: number): readonly Peak[] => {
  const { low, high } = region
  const f = residuals(net, region)
  const value = (lambda: number): number => Math.abs(f([lambda])[0]!)
  const count = pointsPerDegree * (degree + 2)
  const at = (k: number): number =>
    k <= 0 ? low : k >= count ? high : (low + high - (high - low) * Math.cos((Math.PI * k) / count)) / 2
  const values = Array.from({ length: count + 1 }, (_, k) => value(at(k)))
  const found: Peak[] = []
  values.forEach((size, k) => {
    const [before, after] = [values[k - 1], values[k + 1]]
    if (size < (before ?? 0) || size <= (after ?? 0)) return
    const lambda = before === undefined || after === undefined ? at(k) : at(k + vertex(before, size, after))
    const better = value(lambda)
    found.push(better >= size ? { lambda, residual: better } : { lambda: at(k), residual: size })
  })
  return found.sort(byResidual)
}

const peaksOf = (net: Network, region: Region, degree: number): readonly Peak[] => {
  if (region._tag === 'interval') return peaksOn(net, region, degree)
  const values = residuals(net, region)(region.at)
  return region.at.map((lambda, k) => ({ lambda, residual: Math.abs(values[k]!) })).sort(byResidual)
}

// --- constructors ----------------------------------------------------------------------------------------------------

const largestOf = ({ low, high }: Hull): number => Math.max(Math.abs(low), Math.abs(high))

const tokensOf = ({ operations }: Network, { steps }: Walk<Hull>): readonly TokenNorm[] =>
  steps.flatMap(({ before }, operation) =>
    operations[operation]?._tag === 'attention'
      ? before.X.map((hull, block) => ({ operation, block, norm: largestOf(hull) }))
      : []
  )

const over = (region: Region, { model, weights, tolerance = usual }: GuaranteeOptions): E.Either<string, Guarantee> =>
  pipe(
    network(model, weights),
    E.chain((net) => {
      const found = supremum(net, region, tolerance)
      if (found === undefined || !Number.isFinite(found.bound)) {
        return E.left(
          `${model.name}: expected |1 - lambda p(lambda)| to be bounded on the region, found that subdividing does not ` +
            'settle: the network is too deep for it, or diverges there; try a narrower interval'
        )
      }
      const { bound, attained, hulls } = found
      const degree = Math.max(0, walk(degrees, net).answer)
      return E.right<string, Guarantee>({
        _tag: 'Guarantee',
        name: model.name,
        region,
        factor: bound,
        attained,
        degree,
        peaks: peaksOf(net, region, degree),
        largestP: largestOf(hulls.answer),
        tokens: tokensOf(net, hulls),
        contamination: roundingBound(net, hulls, { n: 1, u: 0 }),
        network: net,
        hulls
      })
    })
  )

/**
 * The guarantee of a frozen BLOCK network, or of a polynomial, on every spectrum in `[low, high]`. `Left` says why a network
 * has none: it is no polynomial in A, or the interval is not one of positive numbers.
 */
export const guarantee = (
  options: GuaranteeOptions & { readonly low: number; readonly high: number }
): E.Either<string, Guarantee> => {
  const { low, high } = options
  return low > 0 && low < high && Number.isFinite(high)
    ? over({ _tag: 'interval', low, high }, options)
    : E.left(`interval: expected 0 < low < high, both finite, found [${low}, ${high}]`)
}

/** The guarantee on spectra made of the given eigenvalues alone. */
export const guaranteeAt = (
  options: GuaranteeOptions & { readonly at: readonly number[] }
): E.Either<string, Guarantee> => {
  const { at } = options
  const bad = at.findIndex((lambda) => !(lambda > 0 && Number.isFinite(lambda)))
  return at.length > 0 && bad === -1
    ? over({ _tag: 'points', at }, options)
    : E.left(`eigenvalues: expected positive numbers, found ${at.length === 0 ? 'none' : `${at[bad]} at entry ${bad}`}`)
}

// --- destructors -----------------------------------------------------------------------------------------------------

/**
 * What rounding and the scaled b add for systems of n unknowns in arithmetic of unit u:
 * `||x - xhat||_2 <= (factor + rounding) ||x||_2`. Infinite where n u is too large for a bound.
 */
export const rounding = (g: Guarantee, n: number, u: number = units.float64): number => {
  const bound = roundingBound(g.network, g.hulls, { n, u })
  return Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound
}

/** The ends of the region. */
export const ends = ({ region }: Guarantee): { readonly low: number; readonly high: number } =>
  region._tag === 'interval'
    ? { low: region.low, high: region.high }
    : { low: Math.min(...region.at), high: Math.max(...region.at) }

/** The best that any polynomial of the same degree does on the interval. */
export const optimum = (g: Guarantee): number => {
  const { low, high } = ends(g)
  return chebyshevOptimum(low, high, g.degree)
}

/** What conjugate gradients do at worst in as many iterations as p takes products, in the A-norm. */
export const conjugateGradients = (g: Guarantee): number => {
  const { low, high } = ends(g)
  return cgBound(low, high, g.degree)
}

/** Above this degree exact coefficients are too long to be of use. */
const mostExact = 300

/** p itself, with its exact dyadic coefficients; `null` where p is of too high a degree or not made of dyadic numbers. */
export const exactPolynomial = ({ network: net, degree }: Guarantee): Polynomial | null =>
  degree > mostExact || net.operations.some((o) => o._tag === 'chebyshev') ? null : walk(polynomials, net).answer

/** `1 - lambda p(lambda)` at the given eigenvalues. */
export const residualAt = (g: Guarantee): ((lambdas: readonly number[]) => Float64Array) =>
  residuals(g.network, g.region)

// Note [What is guaranteed]
// Without all-ones terms and without b b^T in the attention, every part of size n of the tokens is a polynomial in A, and
// xhat = p(A) b. With b = A x the error is x - xhat = (I - A p(A)) x = r(A) x, r(lambda) = 1 - lambda p(lambda). For A
// symmetric with eigenvalues in [low, high], ||r(A)||_2 = max |r(lambda_k)| <= max over the interval, so
// ||x - xhat||_2 <= g ||x||_2 for every x, hence every b; r(A) commutes with the square root of A, so the A-norm of the
// error is reduced by the same factor. The start is x0 = 0, whose error is x itself: g is the factor of reduction.
//
// The bound g. lambda p(lambda) is evaluated with the float64 weights as the dyadic numbers that they are, in Taylor models
// on integers of some hundred bits, every rounding outwards. On a piece of the interval the model's range lies within its
// coefficients in Bernstein's basis and its error; pieces whose upper bound exceeds the largest value attained at a
// middle or an end of a piece by more than the tolerance are halved. A network is near 1 in lambda p, so that r is a
// difference: the bits and the order of the models grow with the digits that cancel.
//
// What is assumed: A is exactly symmetric and its own spectrum, as stored, lies in the interval; x is the solution for the
// A and b that the network is given. Rounding A or b before that, or scaling A in floating point, changes the system and
// is the business of whoever does it. No overflow and no underflow.
