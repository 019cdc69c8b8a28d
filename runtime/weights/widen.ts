/**
 * A BLOCK model written out as a FULL one: its Block weights as D x D matrices, its identity blocks as the values of a learned
 * embedding. Both give the same answers, at the one size that the embedding is made for.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import * as T from '../../spec/token'
import * as W from '../../spec/weight'
import { matrix } from '../interpreter/matrices'
import { sizeAt, type Weights, zeros } from './weights'

// --- what fits -------------------------------------------------------------------------------------------------------

/** The attention layers of a model in order. */
export const attentions = (typed: I.TypedLayer): readonly I.TypedLayer[] =>
  typed.layer._tag === 'linearAttention' ? [typed] : typed.children.flatMap(attentions)

const encodingProblem = (from: Model, into: Model, n: number): string | undefined => {
  const [p, q] = [from.encoding, into.encoding]
  if (p._tag !== 'equations' || q._tag !== 'equations' || p.embedding._tag !== 'identity') {
    return 'encoding: expected equations with identity blocks, written out as equations with a learned embedding'
  }
  const K = p.embedding.blocks * n
  if (q.embedding._tag !== 'learned' || q.embedding.width !== K) {
    return `encoding: expected a learned embedding of ${p.embedding.blocks} n = ${K} numbers, found another one`
  }
  return p.query === q.query && p.bScale === q.bScale
    ? undefined
    : 'encoding: expected the same query and the same bScale in both models'
}

const layersProblem = (from: readonly I.TypedLayer[], into: readonly I.TypedLayer[]): string | undefined => {
  if (from.length !== into.length) {
    return `body: expected as many attention layers in both models, found ${from.length} and ${into.length}`
  }
  for (const [k, { layer, path }] of into.entries()) {
    const other = from[k]?.layer
    if (layer._tag !== 'linearAttention' || other?._tag !== 'linearAttention') continue
    if (layer.P._tag !== 'full' || layer.Q._tag !== 'full') {
      return `${path}: expected full weights to write into, found ${W.show(layer.P)} and ${W.show(layer.Q)}`
    }
    if (layer.heads !== other.heads) return `${path}: expected ${other.heads} heads, found ${layer.heads}`
  }
  return undefined
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** `h_i`: `blocks` copies of the unit vector `u_i`. H: [n, blocks n]. */
const identityBlocks = (n: number, blocks: number): Float64Array => {
  const H = new Float64Array(n * n * blocks)
  for (let i = 0; i < n; i++) for (let k = 0; k < blocks; k++) H[i * n * blocks + k * n + i] = 1
  return H
}

const written = (from: I.Typed, weights: Weights, into: I.Typed, n: number): Weights => {
  const result = { ...zeros(into, n) }
  const embedding = result['embedding.H']!
  embedding.set(identityBlocks(n, embedding.length / (n * n)))
  const targets = attentions(into.body)
  for (const [k, source] of attentions(from.body).entries()) {
    if (source.layer._tag !== 'linearAttention') continue
    const D = sizeAt(T.width(source.before), n)
    for (const [name, weight] of [
      ['P', source.layer.P],
      ['Q', source.layer.Q]
    ] as const) {
      for (let h = 0; h < source.layer.heads; h++) {
        const full = matrix(`${source.path}.${name}`, weight, weights, h, source.before, n, D)
        result[`${targets[k]!.path}.${name}.matrix`]!.set(full.data, h * D * D)
      }
    }
  }
  return result
}

/** The weights of `into` with which it answers as `from` does with its own. `Left` says where the two do not fit. */
export const widen = (from: Model, weights: Weights, into: Model): E.Either<string, Weights> =>
  pipe(
    E.Do,
    E.bind('source', () => pipe(I.infer(from), E.mapLeft(I.show))),
    E.bind('target', () => pipe(I.infer(into), E.mapLeft(I.show))),
    E.chain(({ source, target }) => {
      const { n } = target
      if (n === null) return E.left('encoding: expected a learned embedding, which fixes n, found none')
      const problem = encodingProblem(from, into, n) ?? layersProblem(attentions(source.body), attentions(target.body))
      return problem === undefined ? E.right(written(source, weights, target, n)) : E.left(problem)
    })
  )
