/**
 * What shape inference says when it refuses, and its judgements of sizes, weights, encodings and intervals.
 */
import * as E from 'fp-ts/Either'

import * as Dim from './dim'
import type { Apart } from './entries'
import { directionsOf, type Recurrent } from './recurrent'
import * as T from './token'
import type { Weight } from './weight'

// --- model -----------------------------------------------------------------------------------------------------------

export interface ShapeError {
  readonly _tag: 'ShapeError'
  /** The place in the model, such as `body.residual.linearAttention`. */
  readonly path: string
  readonly expected: string
  readonly found: string
  readonly cause: string
}

/** A judgement: nothing to say against it, or the first thing that is wrong. */
export type Result<A> = E.Either<ShapeError, A>

// --- constructors ----------------------------------------------------------------------------------------------------

export const fail = (path: string, expected: string, found: string, cause: string): Result<never> =>
  E.left({ _tag: 'ShapeError', path, expected, found, cause })

export const whole = (path: string, what: string, value: number, least: number): Result<void> =>
  Number.isSafeInteger(value) && value >= least
    ? E.right(undefined)
    : fail(path, `${what}: a whole number of at least ${least}`, String(value), `${what} was given as ${value}`)

export const all = (...results: readonly Result<void>[]): Result<void> => results.find(E.isLeft) ?? E.right(undefined)

export const describe = (t: T.Tokens): string => `${T.showShape(t)} (${T.showParts(t)})`

// --- weights and encodings -------------------------------------------------------------------------------------------

export const checkStd = (path: string, std: number): Result<void> =>
  Number.isFinite(std) && std >= 0
    ? E.right(undefined)
    : fail(path, 'std: a number of at least 0', String(std), 'entries start from N(0, std^2)')

/** Heads share a token evenly, whatever n is. */
export const checkHeads = (path: string, heads: number, t: T.Tokens): Result<void> => {
  const D = Dim.asConstant(T.width(t))
  return D !== undefined && D % heads === 0
    ? E.right(undefined)
    : fail(
        path,
        `tokens of a width that ${heads} divides`,
        describe(t),
        'heads share a token evenly; embed tokens by a linear map of such a width'
      )
}

export const checkWeight = (path: string, weight: Weight, t: T.Tokens): Result<void> => {
  switch (weight._tag) {
    case 'full':
      return checkStd(path, weight.std)
    case 'product':
      return whole(path, 'inner width', weight.inner, 1)
    case 'block':
      return T.isBlockwise(t)
        ? E.right(undefined)
        : fail(
            path,
            'tokens made of parts of size n and one b of size 1',
            T.showParts(t),
            'a Block weight has one scalar a block of size n; use W.full, or an identity embedding'
          )
  }
}

export const checkEncoding = (encoding: T.Encoding): Result<void> => {
  if (encoding._tag === 'columns') return E.right(undefined)
  const { embedding, bScale } = encoding
  return all(
    embedding._tag === 'identity'
      ? whole('encoding', 'identity blocks', embedding.blocks, 0)
      : all(
          whole('encoding', 'embedding width', embedding.width, 1),
          whole('encoding', 'embedded tokens', embedding.tokens, 1)
        ),
    bScale === null || (Number.isFinite(bScale) && bScale > 0)
      ? E.right(undefined)
      : fail('encoding', 'bScale: a positive number, or null', String(bScale), 'b is divided by its norm and scaled')
  )
}

export const checkInterval = (
  path: string,
  { low, high }: { readonly low: number; readonly high: number }
): Result<void> =>
  Number.isFinite(low) && Number.isFinite(high) && low < high
    ? E.right(undefined)
    : fail(path, 'low < high, both finite', `[${low}, ${high}]`, 'the interval of eigenvalues')

/** One token an equation, which are as many as the layer is made for, and sizes that make sense. */
export const checkRecurrent = (path: string, layer: Recurrent, t: T.Tokens): Result<void> =>
  all(
    whole(path, 'hidden', layer.hidden, 1),
    whole(path, 'tokens', layer.tokens, 1),
    layer.std === null ? E.right(undefined) : checkStd(path, layer.std),
    layer.cell._tag === 'gru' || Number.isFinite(layer.cell.forgetBias)
      ? E.right(undefined)
      : fail(
          path,
          'forgetBias: a finite number',
          String(layer.cell.forgetBias),
          'biases of forget gates start from it'
        ),
    t.query
      ? fail(path, 'n tokens', describe(t), 'a query would be read like any other token; encode without one')
      : Dim.equals(t.count, Dim.n)
        ? E.right(undefined)
        : fail(path, 'n tokens', describe(t), 'it is made for one token an equation')
  )

/** What a recurrent layer leaves: what it carries, of both directions one after the other. */
export const afterRecurrent = (layer: Recurrent, before: T.Tokens): T.Tokens => ({
  ...before,
  parts: [{ name: 'y', dim: Dim.constant(layer.hidden * directionsOf(layer).length) }]
})

const isPowerOfTwo = (value: number): boolean =>
  Number.isSafeInteger(value) && value >= 1 && Number.isInteger(Math.log2(value))

export const checkStride = (
  place: string,
  { stride, degree }: { readonly stride: number; readonly degree: number }
): Result<void> =>
  isPowerOfTwo(stride) && stride <= Math.max(1, degree)
    ? E.right(undefined)
    : fail(
        place,
        `stride: 1, 2, 4 ... up to the degree, ${degree}`,
        String(stride),
        'its powers of A are made by squaring'
      )

export const checkAnswer = (place: string, answer: number): Result<void> =>
  Number.isFinite(answer) && answer !== 0
    ? E.right(undefined)
    : fail(place, 'answer: a finite number that is not zero', String(answer), 'answers are multiplied by it')

/** Equilibration divides the rows of A, which lie across the columns that are its tokens. */
export const checkColumns = (place: string, tokens: T.Tokens): Result<void> => {
  const expected = T.tokens(T.columns)
  return T.equals(tokens, expected)
    ? E.right(undefined)
    : fail(place, describe(expected), describe(tokens), 'it scales the columns of a system, as the encoding makes them')
}

/** One token an equation is attended to, and a query is not. */
export const checkAttended = (path: string, t: T.Tokens): Result<void> =>
  Dim.equals(t.count, t.query ? Dim.add(Dim.n, 1) : Dim.n)
    ? E.right(undefined)
    : fail(path, 'n tokens', describe(t), 'linear attention is over equations; entries take softmax attention')

/** What a model fixes n to, at several places or at one. */
export const checkFixed = (fixed: readonly number[]): Result<void> =>
  fixed.length < 2
    ? E.right(undefined)
    : fail(
        'body',
        'one number of tokens',
        fixed.join(' and '),
        'learned embeddings, positions and recurrent layers fix n, all the same'
      )

/** Tokens that hold the system, one equation each, and no query. */
export const checkRows = (path: string, t: T.Tokens): Result<void> =>
  !t.query && Dim.equals(t.count, Dim.n) && t.parts.some((p) => p.name === 'A')
    ? checkWeight(path, { _tag: 'block', allOnes: false, muScale: 'one' }, t)
    : fail(path, 'n tokens with parts A and b, no query', describe(t), 'encode with T.rows')

const squared = Dim.times(Dim.n, Dim.n)

/** The tokens that a layer leaves, if it can read those before it. */
export const afterApart = (place: string, layer: Apart, before: T.Tokens): Result<T.Tokens> => {
  switch (layer._tag) {
    case 'entries': {
      const expected = T.tokens(T.columns)
      const part = (name: string): T.Part => ({ name, dim: Dim.one })
      return T.equals(before, expected)
        ? E.right({ count: squared, parts: [part('A'), part('b')], query: false })
        : fail(place, describe(expected), describe(before), 'it takes columns apart, as the encoding makes them')
    }
    case 'columnMeans':
      return Dim.equals(before.count, squared) && !before.query
        ? E.right({ ...before, count: Dim.n })
        : fail(place, 'n^2 tokens, no query', describe(before), 'put L.entries before it')
  }
}
