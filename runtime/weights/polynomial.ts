/**
 * A frozen BLOCK network without all-ones terms is a polynomial in A applied to b, and this finds it, from the weights alone,
 * by evaluating the network on eigenvalues. See Note [Why eigenvalues are enough].
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { polynomial } from '../../spec/zoo/polynomial'
import { type Network, network } from '../guarantee/network'
import { degrees } from '../guarantee/polynomial'
import type { Ring } from '../guarantee/ring'
import { walk } from '../guarantee/walk'
import * as C from './chebyshev'
import type { Specialised, SpecialiseOptions } from './specialised'

// --- model -----------------------------------------------------------------------------------------------------------

/** The most nodes tried: enough for condition numbers of about 1e4. */
const mostNodes = 8192
/** Relative deviation between the nodes above which more nodes are tried, and at last the network is refused. */
const tolerance = 1e-12

// --- which networks are polynomials ------------------------------------------------------------------------------------

/** Functions sampled at points: float64 arithmetic, point by point. */
const sampled = (at: Float64Array): Ring<Float64Array> => {
  const points = at.length
  const fresh = (fill: (values: Float64Array) => void): Float64Array => {
    const values = new Float64Array(points)
    fill(values)
    return values
  }
  // The loops stand inside, so that a point costs an operation and no call.
  return {
    variable: at,
    number: (value) => fresh((v) => v.fill(value)),
    add: (p, q) =>
      fresh((v) => {
        for (let k = 0; k < points; k++) v[k] = p[k]! + q[k]!
      }),
    multiply: (p, q) =>
      fresh((v) => {
        for (let k = 0; k < points; k++) v[k] = p[k]! * q[k]!
      }),
    times: (factor, p) =>
      fresh((v) => {
        for (let k = 0; k < points; k++) v[k] = factor * p[k]!
      }),
    over: (p, high, low) =>
      fresh((v) => {
        for (let k = 0; k < points; k++) v[k] = p[k]! / (high - low)
      })
  }
}

/** A network of attention as operations on polynomials, or why it is no polynomial in A. */
const attending = ({ model, weights }: SpecialiseOptions): E.Either<string, Network> =>
  pipe(
    network(model, weights),
    E.filterOrElse(
      ({ operations }) => operations.every(({ _tag }) => _tag !== 'chebyshev'),
      () => `${model.name}: expected attention, found a polynomial already`
    )
  )

// --- the polynomial --------------------------------------------------------------------------------------------------

/**
 * The polynomial that a frozen network is on eigenvalues in `[low, high]`, as a `chebyshev` model with its coefficients,
 * without the tail that rounding hides. Its degree is at most `3^layers - 2` (25 or 24 for a trained model of three
 * layers, 17 for the closed form). `Left` says why a network is not such a function.
 */
export const asPolynomial = (options: SpecialiseOptions): E.Either<string, Specialised> =>
  pipe(
    attending(options),
    E.chain((operations) => {
      const { model, low, high } = options
      const degree = Math.max(walk(degrees, operations).answer, 0)
      const values = (lambda: Float64Array): Float64Array => walk(sampled(lambda), operations).answer
      const fitted = C.fit(values, { low, high, degree, mostNodes, tolerance })
      if (fitted.deviation > tolerance || !Number.isFinite(fitted.deviation)) {
        const place = `network on [${low}, ${high}]`
        return E.left(
          `${place}: expected a polynomial that ${mostNodes} nodes resolve to ${tolerance}, found a relative deviation ` +
            `of ${fitted.deviation}: the weights are not finite there or the interval is far too wide; try a narrower one`
        )
      }
      const products = fitted.coefficients.length - 1
      return E.right<string, Specialised>({
        form: 'polynomial',
        model: polynomial({ name: `${model.name}-polynomial`, degree: products, low, high }),
        weights: { 'chebyshev.coefficients': fitted.coefficients },
        deviation: fitted.deviation,
        products
      })
    })
  )

// Note [Why eigenvalues are enough]
// Without all-ones terms every part of size n of the tokens is a polynomial in A: the rows are A, the identity, and sums of
// products of such matrices, and scalars mix them without looking at n. With b scaled to a tiny norm nothing depends on
// b b^T, so the answer is p(A) b. A polynomial in A acts on each eigenvalue alone, so the same few sums and products on
// numbers give p(lambda). Degrees: S = sum_m U_m X_m^T has twice the degree of X, so a layer takes X to three times its
// degree and b to 2 X + b; the query gains X^T b at first and X^T X x later, hence 3^L - 2 after L layers.
