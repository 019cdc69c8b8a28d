/**
 * Newton-Schulz by construction: weights with which two heads of a BLOCK linear Transformer do one exact step of
 * `X <- 2 X - X A^T X` a layer, so that `X` converges quadratically to `A^-T` and the answer `x = X^T b` to `A^-1 b`.
 *
 * Source: Schulz, "Iterative Berechnung der reziproken Matrix", Z. angew. Math. Mech. 13 (1933).
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import { newtonSchulz } from '../../spec/zoo/newton-schulz'
import { attentionPaths } from './polar'
import { type WeightedModel, zeros } from './weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** Where the iteration begins: `X_0 = alpha I`, for positive definite A, or `X_0 = alpha A`, for every square A. */
export type Start = 'identity' | 'rows'

export interface NewtonSchulzOptions {
  readonly layers: number
  readonly start: Start
  /** The interval of the singular values of A, its eigenvalues where A is positive definite. */
  readonly low: number
  readonly high: number
}

// --- formulas --------------------------------------------------------------------------------------------------------

/** `2 / (low + high)`, or with the squares of both where the iteration begins with the rows of A. */
export const firstFactor = ({ start, low, high }: Omit<NewtonSchulzOptions, 'layers'>): number =>
  start === 'identity' ? 2 / (low + high) : 2 / (low * low + high * high)

/**
 * The largest `|1 - sigma x(sigma)|` after `layers` steps: `rho^(2^layers)` with `rho = (high - low) / (high + low)`, the
 * squares of both in place of `low` and `high` where the iteration begins with the rows of A.
 */
export const newtonSchulzContraction = ({ layers, start, low, high }: NewtonSchulzOptions): number => {
  const [p, q] = start === 'identity' ? [low, high] : [low * low, high * high]
  return ((q - p) / (q + p)) ** (2 ** layers)
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** Square parts of a token in order. */
const [A, H1, H2] = [0, 1, 2]
const parts = 3

/**
 * The model and its weights. `H2 = I` makes head 0 attend to itself alone, `S = I`, and its value X is what a step adds;
 * head 1 has the query `-X` where keys hold A, `S = -X A^T`, and the same value: together `X - X A^T X`. The first layer
 * finds `H1 = I` and makes `X_1` of it. `Left` unless `0 < low <= high`, both finite, and `layers` is a whole number of at
 * least 1.
 */
export const newtonSchulzForm = (options: NewtonSchulzOptions): E.Either<string, WeightedModel> => {
  const { layers, start, low, high } = options
  if (!(low > 0 && low <= high && high < Infinity)) {
    return E.left(`interval: expected 0 < low <= high, both finite, found [${low}, ${high}]`)
  }
  const alpha = firstFactor(options)
  const model: Model = { ...newtonSchulz({ layers }), name: `newton-schulz-${layers}-from-${start}` }
  return pipe(
    I.infer(model),
    E.mapLeft(I.show),
    E.map((typed) => {
      const weights = { ...zeros(typed, 1) } // Block weights have the same arrays at every n
      for (const [l, path] of attentionPaths(typed.body).entries()) {
        const set = (matrix: 'P' | 'Q', head: number, row: number, column: number, value: number): void => {
          weights[`${path}.${matrix}.mu1`]![(head * parts + row) * parts + column] = value
        }
        set('Q', 0, H2, H2, 1)
        if (l > 0) {
          set('P', 0, H1, H1, 1)
          set('Q', 1, A, H1, -1)
          set('P', 1, H1, H1, 1)
        } else if (start === 'identity') {
          // X_1 = 2 alpha I - alpha^2 A^T, from I
          set('P', 0, H1, H1, 2 * alpha - 1)
          set('Q', 1, A, H1, -1)
          set('P', 1, H1, H1, alpha * alpha)
        } else {
          // X_1 = 2 alpha A - alpha^2 A A^T A, from I
          set('P', 0, H1, H1, -1)
          set('P', 0, H1, A, 2 * alpha)
          set('Q', 1, A, A, -1)
          set('P', 1, H1, A, alpha * alpha)
        }
      }
      return { model, weights }
    })
  )
}
