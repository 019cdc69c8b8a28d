/**
 * Weights: the numbers of a model, one float64 array in C order for every parameter that its spec lists.
 */
import * as E from 'fp-ts/Either'

import * as Dim from '../../spec/dim'
import type { Typed } from '../../spec/infer'
import type { Model } from '../../spec/model'
import type { Parameter } from '../../spec/parameter'

// --- model -----------------------------------------------------------------------------------------------------------

/** Arrays by parameter name, such as `0.attention.P.mu1`, each in C order. */
export type Weights = Readonly<Record<string, Float64Array>>

/** A model with its numbers. */
export interface WeightedModel {
  readonly model: Model
  readonly weights: Weights
}

/** A parameter with its sizes as numbers. */
export interface Sized {
  readonly name: string
  readonly parameter: Parameter
  /** Slowest axis first; none for a single number. */
  readonly dims: readonly number[]
  /** The number of entries, the product of `dims`. */
  readonly size: number
}

// --- sizes -----------------------------------------------------------------------------------------------------------

/** The value of a size whose only symbol is n. */
export const sizeAt = (dim: Dim.Dim, n: number): number => {
  const value = Dim.evaluate({ n })(dim)
  if (E.isLeft(value))
    throw new Error(`internal: the size ${Dim.show(dim)} depends on ${value.left}, which has no value`)
  return value.right
}

/** The parameters of a model with their sizes for systems of `n` unknowns, in order. */
export const sizesAt = (typed: Typed, n: number): readonly Sized[] =>
  typed.parameters.map((parameter) => {
    const dims = parameter.dims.map((d) => sizeAt(d, n))
    return { name: parameter.name, parameter, dims, size: dims.reduce((product, d) => product * d, 1) }
  })

/** The number of scalars of a model at size `n`. */
export const count = (typed: Typed, n: number): number => sizesAt(typed, n).reduce((total, p) => total + p.size, 0)

// --- judging ---------------------------------------------------------------------------------------------------------

const problem = (typed: Typed, n: number, weights: Weights): string | undefined => {
  if (typed.n !== null && typed.n !== n) {
    return `this model is made for n = ${typed.n} and the system has n = ${n}: its learned embedding fixes the size`
  }
  const expected = sizesAt(typed, n)
  const known = new Set(expected.map((p) => p.name))
  const unknown = Object.keys(weights).find((name) => !known.has(name))
  if (unknown !== undefined) {
    return `${unknown}: expected one of this model's ${known.size} parameters, found a name it does not have`
  }
  for (const { name, dims, size } of expected) {
    const found = Object.hasOwn(weights, name) ? weights[name] : undefined
    const shape = `${size} numbers [${dims.join(', ')}]`
    if (found === undefined) return `${name}: expected ${shape}, found nothing: the weights are of another model`
    if (found.length !== size) {
      return `${name}: expected ${shape}, found ${found.length}: the weights are of another model or another n`
    }
    const bad = found.findIndex((value) => !Number.isFinite(value))
    if (bad !== -1) return `${name}: expected finite numbers, found ${found[bad]} at entry ${bad}`
  }
  return undefined
}

/** The weights themselves when they are those of the model at size `n`, or one sentence on the first that is not. */
export const validate = (typed: Typed, n: number, weights: Weights): E.Either<string, Weights> => {
  const found = problem(typed, n, weights)
  return found === undefined ? E.right(weights) : E.left(found)
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** All parameters zero. */
export const zeros = (typed: Typed, n: number): Weights =>
  Object.fromEntries(sizesAt(typed, n).map(({ name, size }) => [name, new Float64Array(size)]))
