/**
 * Specialising: a frozen BLOCK network without all-ones terms is a polynomial in A applied to b, and this finds it, from
 * the weights alone, by running the network on 1 x 1 systems. See Note [Why one unknown is enough]. Networks that are no
 * such polynomial are left to `krylov`.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import type { Weight } from '../../spec/weight'
import { polynomial } from '../../spec/zoo/polynomial'
import { interpretBatch } from '../interpreter/interpret'
import * as C from './chebyshev'
import { specialiseKrylov } from './krylov'
import type { Specialised, SpecialiseOptions } from './specialised'
import { validate, type Weights } from './weights'

export type { Specialised, SpecialiseOptions } from './specialised'

// --- model -----------------------------------------------------------------------------------------------------------

/** What is not clean after `b` was scaled by `bScale` has the size `bScale^2`. */
const largestScale = 1e-7
/** The most nodes tried: enough for condition numbers of about 1e4. */
const mostNodes = 8192
/** Relative deviation between the nodes above which more nodes are tried, and at last the network is refused. */
const tolerance = 1e-12

// --- which networks are polynomials ------------------------------------------------------------------------------------

/** Degrees in A of the parts of size n of the equations' tokens, of their b part, and of the query's parts. */
interface Degrees {
  readonly X: number
  readonly b: number
  readonly x: number
}

const weightProblem = (path: string, weight: Weight, weights: Weights): string | undefined => {
  switch (weight._tag) {
    case 'full':
    case 'product':
      return `${path}: expected a Block weight, found a ${weight._tag} one, which is not a function of A alone`
    case 'block': {
      const ones = ['mu2', 'column', 'row'].find((label) => weights[`${path}.${label}`]?.some((v) => v !== 0))
      return ones === undefined
        ? undefined
        : `${path}.${ones}: expected no all-ones terms, found some: with them the answer is no polynomial in A`
    }
  }
}

const encodingProblem = ({ encoding, readout }: Model): string | undefined => {
  if (encoding._tag === 'columns') return 'encoding: expected equations, found columns, whose tokens are rows of A^T'
  if (encoding.embedding._tag === 'learned') return 'encoding: expected identity blocks, found a learned embedding'
  if (encoding.query === 'paper') {
    return "encoding: expected query 'b', found 'paper': its ones in the embedding are all-ones terms"
  }
  if (encoding.bScale === null || encoding.bScale > largestScale) {
    return `encoding: expected bScale of at most ${largestScale}, found ${encoding.bScale}: b b^T enters the attention`
  }
  return readout._tag === 'query' || (readout._tag === 'perToken' && readout.part === 'b')
    ? undefined
    : 'readout: expected a query, or b of every token'
}

/** The degrees after a layer, or why it is no polynomial in A. */
const degreesAfter = (typed: I.TypedLayer, weights: Weights, d: Degrees): E.Either<string, Degrees> => {
  const { layer, path, children } = typed
  switch (layer._tag) {
    case 'linearMap': {
      const problem = weightProblem(`${path}.W`, layer.weight, weights)
      return problem === undefined ? E.right(d) : E.left(problem)
    }
    case 'linearAttention': {
      const problem = weightProblem(`${path}.P`, layer.P, weights) ?? weightProblem(`${path}.Q`, layer.Q, weights)
      return problem === undefined
        ? E.right({ X: 3 * d.X, b: 2 * d.X + d.b, x: Math.max(d.X + d.b, 2 * d.X + d.x) })
        : E.left(problem)
    }
    case 'scale':
      return E.right(d)
    case 'chebyshev':
      return E.left(`${path}: expected attention, found a polynomial already`)
    case 'krylov':
      return E.left(`${path}: expected attention, found coordinates in a Krylov space already`)
    case 'residual':
    case 'repeat':
    case 'sequence':
      return children.reduce<E.Either<string, Degrees>>(
        (result, child) => E.chain((before: Degrees) => degreesAfter(child, weights, before))(result),
        E.right(d)
      )
  }
}

// --- the polynomial --------------------------------------------------------------------------------------------------

/**
 * The polynomial that a frozen network is on eigenvalues in `[low, high]`, as a `chebyshev` model with its coefficients,
 * without the tail that rounding hides. Its degree is at most `3^layers - 2` (25 or 24 for a trained model of three
 * layers, 17 for the closed form). `Left` says why a network is not such a function.
 */
const asPolynomial = ({ model, weights, low, high }: SpecialiseOptions): E.Either<string, Specialised> =>
  pipe(
    I.infer(model),
    E.mapLeft(I.show),
    E.chainFirst(() => pipe(encodingProblem(model), (p) => (p === undefined ? E.right(undefined) : E.left(p)))),
    E.bindTo('typed'),
    E.bind('degrees', ({ typed }) => degreesAfter(typed.body, weights, { X: 1, b: 0, x: Number.NEGATIVE_INFINITY })),
    E.chainFirst(({ typed }) => validate(typed, 1, weights)),
    E.chain(({ typed, degrees }) => {
      const degree = Math.max(model.readout._tag === 'query' ? degrees.x : degrees.b, 0)
      const network = (lambda: Float64Array): Float64Array =>
        interpretBatch(typed, weights, { n: 1, batch: lambda.length, A: lambda, b: lambda.map(() => 1) })
      const fitted = C.fit(network, { low, high, degree, mostNodes, tolerance })
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

/**
 * The cheap form of a frozen network on eigenvalues in `[low, high]`: the polynomial in A that it is, where it has no
 * all-ones terms and `b` enters at a tiny norm; else its coordinates in the block Krylov space of b and the ones. `Left`
 * says why a network has neither.
 */
export const specialise = (options: SpecialiseOptions): E.Either<string, Specialised> => {
  const { low, high } = options
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    return E.left(`interval: expected low < high, both finite, found [${low}, ${high}]`)
  }
  return pipe(
    asPolynomial(options),
    E.orElse((reason) =>
      pipe(
        specialiseKrylov(options),
        E.mapLeft((other) => (other === reason ? reason : `${reason}; in a Krylov space, ${other}`))
      )
    )
  )
}

// Note [Why one unknown is enough]
// Without all-ones terms every part of size n of the tokens is a polynomial in A: the rows are A, the identity, and sums of
// products of such matrices, and scalars mix them without looking at n. With b scaled to a tiny norm nothing depends on
// b b^T, so the answer is p(A) b. A polynomial in A acts on each eigenvalue alone, and on A = [lambda], b = [1] the
// network's answer is p(lambda) itself. Degrees: S = sum_m U_m X_m^T has twice the degree of X, so a layer takes X to
// three times its degree and b to 2 X + b; the query gains X^T b at first and X^T X x later, hence 3^L - 2 after L layers.
