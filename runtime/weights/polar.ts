/**
 * Closed-form weights of row operations: models whose answer is `x = A_L^T b_L`, for any square A whose singular values lie
 * in a known interval. See Note [Cubics that equioscillate].
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import { encode } from '../../spec/json'
import type { Model } from '../../spec/model'
import { polarLinear } from '../../spec/zoo/polar-linear'
import { type WeightedModel, type Weights, zeros } from './weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** Where singular values lie; `width` is `high - low` without its cancellation. */
interface Interval {
  readonly low: number
  readonly high: number
  readonly width: number
}

// --- formulas --------------------------------------------------------------------------------------------------------

/** `q = low^2 + low high + high^2`: the cubic `sigma - sigma^3 / q` has one value at both ends. */
const ends = ({ low, high }: Interval): number => low * low + low * high + high * high

/** Where `sigma - sigma^3 / q` takes an interval: its value at both ends, and at its maximum `sqrt(q / 3)`. */
const image = (interval: Interval): Interval => {
  const q = ends(interval)
  const low = (interval.low * interval.high * (interval.low + interval.high)) / q
  const high = (2 / 3) * Math.sqrt(q / 3)
  // high^2 - low^2 = 12 w^2 (s^2 - w^2 / 9)^2 / q^2 with the middle s and the half width w, q = 3 s^2 + w^2
  const [s, w] = [(interval.low + interval.high) / 2, interval.width / 2]
  return { low, high, width: (12 * ((w * (s * s - (w * w) / 9)) / q) ** 2) / (high + low) }
}

/** The interval of singular values that systems of condition number `kappa` are scaled to, `1` in its middle. */
const given = (kappa: number): Interval => ({
  low: 2 / (1 + kappa),
  high: (2 * kappa) / (1 + kappa),
  width: (2 * (kappa - 1)) / (kappa + 1)
})

const scaled = (factor: number, { low, high, width }: Interval): Interval => ({
  low: factor * low,
  high: factor * high,
  width: factor * width
})

/** The factor that puts 1 in the middle of an interval. */
const centring = ({ low, high }: Interval): number => 2 / (low + high)

/** The factor that puts 1 in the middle of the squares of an interval: the answer's error is `1 - sigma^2`. */
const squareCentring = ({ low, high }: Interval): number => Math.sqrt(2 / (low * low + high * high))

/**
 * The largest `|1 - sigma_L^2|` after `layers` layers: what is left of any part of x, for every A with singular values in
 * the interval of `kappa`. `(h^2 - l^2) / (h^2 + l^2)` on the last interval [l, h].
 */
export const polarContraction = (layers: number, kappa: number): number => {
  let interval = given(kappa)
  for (let l = 0; l < layers; l++) interval = image(interval)
  const { low, high, width } = interval
  return (width * (high + low)) / (high * high + low * low)
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** The attention layers in order, each by the prefix of its parameters' names. */
export const attentionPaths = (typed: I.TypedLayer): readonly string[] =>
  typed.layer._tag === 'linearAttention' ? [typed.path] : typed.children.flatMap(attentionPaths)

/** Without an identity block a layer can only multiply by `I - A A^T / q`; the factor comes at the end. */
const withoutBlocks = (weights: Weights, layers: readonly string[], kappa: number): void => {
  let interval = given(kappa)
  for (const path of layers) {
    weights[`${path}.Q.mu1`]![0] = -1 / ends(interval)
    weights[`${path}.P.mu1`]![0] = 1
    weights[`${path}.P.entry`]![0] = 1
    interval = image(interval)
  }
  weights['1.scale.alpha']![0] = squareCentring(interval)
}

/** With one, `S = (g - 1) I - (g / q) A A^T`, so that every layer puts its interval around 1 by a factor g of its own. */
const withBlocks = (weights: Weights, layers: readonly string[], kappa: number, blocks: number): void => {
  let interval = given(kappa)
  for (const [l, path] of layers.entries()) {
    const next = image(interval)
    const factor = l === layers.length - 1 ? squareCentring(next) : centring(next)
    weights[`${path}.Q.mu1`]![0] = -factor / ends(interval)
    weights[`${path}.Q.mu1`]![blocks + 2] = factor - 1 // row block H1, column block H1; A is block 0
    weights[`${path}.P.mu1`]![0] = 1
    weights[`${path}.P.entry`]![0] = 1
    interval = scaled(factor, next)
  }
}

const same = (a: Model, b: Model): boolean =>
  JSON.stringify(encode({ ...a, name: '' })) === JSON.stringify(encode({ ...b, name: '' }))

/**
 * The closed-form weights for condition number `kappa`, set into a model of `polarLinear`. `Left` says why they do not fit.
 */
export const embedPolar = (model: Model, kappa: number): E.Either<string, Weights> => {
  if (!(Number.isFinite(kappa) && kappa > 1)) {
    return E.left(`kappa: expected a finite condition number above 1, found ${kappa}`)
  }
  const { encoding } = model
  if (encoding._tag !== 'equations' || encoding.embedding._tag !== 'identity') {
    return E.left('encoding: expected equations with identity blocks or none')
  }
  const identityBlocks = encoding.embedding.blocks
  return pipe(
    I.infer(model),
    E.mapLeft(I.show),
    E.chain((typed) => {
      const layers = attentionPaths(typed.body)
      if (!same(model, polarLinear({ layers: layers.length, identityBlocks, bScale: encoding.bScale }))) {
        return E.left('body: expected the layers of polar-linear, found others')
      }
      const weights = { ...zeros(typed, 1) } // Block weights have the same arrays at every n
      if (identityBlocks === 0) withoutBlocks(weights, layers, kappa)
      else withBlocks(weights, layers, kappa, identityBlocks)
      return E.right(weights)
    })
  )
}

/**
 * Row operations in closed form for every square A scaled so that its singular values lie in
 * `[2/(1+kappa), 2 kappa/(1+kappa)]`; what is left of any part of x is at most `polarContraction`. `Left` if `kappa` is not
 * above 1 or `layers` not a whole number of at least 1.
 */
export const polarForm = (options: {
  readonly layers: number
  readonly kappa: number
  readonly identityBlocks?: number
}): E.Either<string, WeightedModel> => {
  const { layers, kappa, identityBlocks = 0 } = options
  const model: Model = {
    ...polarLinear({ layers, identityBlocks }),
    name: `polar-form-${layers}-kappa-${kappa}`
  }
  return pipe(
    embedPolar(model, kappa),
    E.map((weights) => ({ model, weights }))
  )
}

// Note [Cubics that equioscillate]
// Attention weights of tokens with the rows of A are `S = c A A^T`, and `a I + c A A^T` with an identity block. So a layer
// multiplies A and b from the left by `(1 + a) I + c A A^T`. On A = U Sigma V^T that is the odd cubic
// `f(sigma) = (1 + a) sigma + c sigma^3` of every singular value, U and V unchanged; and `b_L = M b` with the same product M
// of operators. If in the end `A_L = M A = U F(Sigma) V^T`, then `A_L^T b_L = (M A)^T (M A) x = V F(Sigma)^2 V^T x`: the part
// of x along a right singular vector is left with the error `1 - F(sigma)^2`, for a symmetric A of any signs too.
//
// Scale is free in all layers but the last, so a layer should shrink the ratio `high / low` of its interval as far as it
// can. The best odd cubic has its extreme values three times: at both ends, f(low) = f(high), and with the opposite sign of
// the deviation at its maximum. The first gives f proportional to `q sigma - sigma^3`, `q = low^2 + low high + high^2`, whose
// maximum lies at `sqrt(q / 3)` inside the interval; the ratio becomes
//     r' = 2 (q / 3)^(3/2) / (low high (low + high)) = 2 ((1 + r + r^2) / 3)^(3/2) / (r (1 + r)),
// about 0.385 r where r is large, and 1 + (3/8)(r - 1)^2 near 1: the optimally scaled Newton-Schulz iteration for the polar
// factor (Chen and Chow, "A stable scaling of Newton-Schulz for improving the sign function computation of a Hermitian
// matrix", 2014). Taking the best cubic of every interval in turn is best for the composition (Amsel, Persson, Musco and
// Gower, "The Polar Express", 2025). The last factor centres the squares, whose deviation is the error of x.
