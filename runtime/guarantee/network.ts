/**
 * A frozen BLOCK network as a short list of operations on tokens that are polynomials in A.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import * as T from '../../spec/token'
import type { Weight } from '../../spec/weight'
import { validate, type Weights } from '../weights/weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** One head of a lean Block weight: the block of rows m and columns p is `squares[m][p] I`; b to b is `entry`. */
export interface Block {
  readonly squares: readonly (readonly number[])[]
  readonly entry: number
}

export type Operation =
  | { readonly _tag: 'attention'; readonly heads: readonly { readonly P: Block; readonly Q: Block }[] }
  | { readonly _tag: 'linearMap'; readonly W: Block }
  | { readonly _tag: 'scale'; readonly alpha: number }
  | {
      readonly _tag: 'chebyshev'
      readonly coefficients: readonly number[]
      readonly low: number
      readonly high: number
    }
  /** The tokens are kept, and `restore` adds the last kept ones: a residual. */
  | { readonly _tag: 'keep' }
  | { readonly _tag: 'restore' }

export interface Network {
  readonly name: string
  readonly operations: readonly Operation[]
  /** Parts of size n: A and the identity blocks. */
  readonly blocks: number
  readonly hasQuery: boolean
  /** Where the answer stands: a block of the query, or `b` of every token. */
  readonly answer: number | 'b'
  readonly bScale: number | null
}

/** Above this scale of `b` the attention sees `b b^T`. */
const largestScale = 1e-7

// --- constructors ----------------------------------------------------------------------------------------------------

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k)

const blockProblem = (path: string, weight: Weight, weights: Weights): string | undefined => {
  if (weight._tag !== 'block') {
    return `${path}: expected a Block weight, found a ${weight._tag} one, which is not a function of A alone`
  }
  const ones = ['mu2', 'column', 'row'].find((label) => weights[`${path}.${label}`]?.some((v) => v !== 0))
  return ones === undefined
    ? undefined
    : `${path}.${ones}: expected no all-ones terms, found some: with them the answer is no polynomial in A`
}

const blockOf = (path: string, weights: Weights, h: number, blocks: number): Block => ({
  squares: range(blocks).map((m) =>
    Array.from(weights[`${path}.mu1`]!.slice((h * blocks + m) * blocks, (h * blocks + m + 1) * blocks))
  ),
  entry: weights[`${path}.entry`]![h]!
})

const operationsOf = (
  typed: I.TypedLayer,
  weights: Weights,
  blocks: number
): E.Either<string, readonly Operation[]> => {
  const { layer, path, children } = typed
  const inTurn = (): E.Either<string, readonly Operation[]> =>
    pipe(
      children,
      E.traverseArray((child) => operationsOf(child, weights, blocks)),
      E.map((each) => each.flat())
    )
  switch (layer._tag) {
    case 'linearMap': {
      const problem = blockProblem(`${path}.W`, layer.weight, weights)
      return problem === undefined
        ? E.right([{ _tag: 'linearMap', W: blockOf(`${path}.W`, weights, 0, blocks) }])
        : E.left(problem)
    }
    case 'linearAttention': {
      const problem = blockProblem(`${path}.P`, layer.P, weights) ?? blockProblem(`${path}.Q`, layer.Q, weights)
      if (problem !== undefined) return E.left(problem)
      const heads = range(layer.heads).map((h) => ({
        P: blockOf(`${path}.P`, weights, h, blocks),
        Q: blockOf(`${path}.Q`, weights, h, blocks)
      }))
      return E.right([{ _tag: 'attention', heads }])
    }
    case 'scale':
      return E.right([{ _tag: 'scale', alpha: weights[`${path}.alpha`]![0]! }])
    case 'chebyshev': {
      if (layer.stride !== 1) {
        return E.left(`${path}: expected stride 1, found ${layer.stride}, whose rounding is not analysed`)
      }
      const coefficients = Array.from(weights[`${path}.coefficients`]!)
      return E.right([{ _tag: 'chebyshev', coefficients, low: layer.low, high: layer.high }])
    }
    case 'softmaxAttention':
    case 'layerNorm':
    case 'gelu':
    case 'positions':
    case 'recurrent':
    case 'entries':
    case 'columnMeans':
    case 'equilibrate':
      return E.left(`${path}: expected linear attention, found ${layer._tag}, which is no polynomial in A`)
    case 'krylov':
      return E.left(`${path}: expected tokens or a polynomial, found coordinates in a Krylov space, which depend on b`)
    case 'residual':
      return pipe(
        inTurn(),
        E.map((body) => [{ _tag: 'keep' }, ...body, { _tag: 'restore' }])
      )
    case 'repeat':
    case 'sequence':
      return inTurn()
  }
}

const encodingProblem = ({ encoding, readout }: Model, attends: boolean): string | undefined => {
  if (encoding._tag !== 'equations')
    return `encoding: expected equations, found ${encoding._tag}: its tokens are not those of A alone`
  if (encoding.embedding._tag !== 'identity') return 'encoding: expected identity blocks, found a learned embedding'
  if (encoding.query === 'paper') {
    return "encoding: expected query 'b', found 'paper': its ones in the embedding are all-ones terms"
  }
  if (attends && (encoding.bScale === null || encoding.bScale > largestScale)) {
    return `encoding: expected bScale of at most ${largestScale}, found ${encoding.bScale}: b b^T enters the attention`
  }
  return readout._tag === 'query' || (readout._tag === 'perToken' && readout.part === 'b')
    ? undefined
    : 'readout: expected a query, or b of every token'
}

const attends = ({ layer, children }: I.TypedLayer): boolean =>
  layer._tag === 'linearAttention' || children.some(attends)

/** The operations of a network whose answer is `p(A) b`; `Left` says why it is no such network. */
export const network = (model: Model, weights: Weights): E.Either<string, Network> =>
  pipe(
    I.infer(model),
    E.mapLeft(I.show),
    E.chainFirst(({ body }) => {
      const problem = encodingProblem(model, attends(body))
      return problem === undefined ? E.right(undefined) : E.left(problem)
    }),
    E.chainFirst((typed) => validate(typed, typed.n ?? 1, weights)),
    E.bindTo('typed'),
    E.bind('operations', ({ typed }) => operationsOf(typed.body, weights, T.squareParts(typed.tokens).length)),
    E.map(({ typed, operations }) => {
      const { encoding, readout } = model
      const square = T.squareParts(typed.tokens)
      return {
        name: model.name,
        operations,
        blocks: square.length,
        hasQuery: encoding._tag === 'equations' && encoding.query !== 'none',
        answer: readout._tag === 'query' ? square.findIndex((p) => p.name === readout.part) : 'b',
        bScale: encoding._tag === 'equations' ? encoding.bScale : null
      }
    })
  )
