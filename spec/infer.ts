/**
 * Shape inference: the one place where a model is judged. `Right` gives every layer the tokens before and after it and
 * the parameters it owns; `Left` names the place in the model, what was expected, what was found and the likely cause.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { checkCoordinates } from './coordinates'
import * as Dim from './dim'
import type { Layer } from './layer'
import type { Model } from './model'
import * as P from './parameter'
import { checkReadout } from './readout'
import {
  afterApart,
  afterRecurrent,
  all,
  checkAnswer,
  checkAttended,
  checkColumns,
  checkEncoding,
  checkFixed,
  checkHeads,
  checkInterval,
  checkRecurrent,
  checkRows,
  checkStd,
  checkStride,
  checkWeight,
  describe,
  fail,
  type Result,
  type ShapeError,
  whole
} from './shape'
import * as T from './token'

export type { ShapeError } from './shape'

// --- model -----------------------------------------------------------------------------------------------------------

/** A layer with what flows through it. The children of a `repeat` are its copies, tied ones with the same path. */
export interface TypedLayer {
  readonly layer: Layer
  /** The prefix of its parameters' names. */
  readonly path: string
  readonly before: T.Tokens
  readonly after: T.Tokens
  readonly parameters: readonly P.Parameter[]
  readonly children: readonly TypedLayer[]
}

export interface Typed {
  readonly model: Model
  readonly tokens: T.Tokens
  readonly body: TypedLayer
  /** All parameters in order, tied ones once. */
  readonly parameters: readonly P.Parameter[]
  /** The one problem size the model fits, or `null` where it fits any. */
  readonly n: number | null
}

// --- layers ----------------------------------------------------------------------------------------------------------

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

const leaf = (layer: Layer, path: string, before: T.Tokens, after: T.Tokens): TypedLayer => ({
  layer,
  path,
  before,
  after,
  parameters: P.ofLayer(path, layer, before),
  children: []
})

/** `where` is the place in the model, for errors; `path` the prefix of parameter names. */
const inferLayer = (layer: Layer, where: string, path: string, before: T.Tokens): Result<TypedLayer> => {
  const here = `${where}.${layer._tag}`
  switch (layer._tag) {
    case 'linearMap': {
      const after: T.Tokens =
        layer.out === null ? before : { ...before, parts: [{ name: 'y', dim: Dim.constant(layer.out) }] }
      return pipe(
        all(
          checkWeight(`${here}.weight`, layer.weight, before),
          layer.out === null ? E.right(undefined) : whole(here, 'out', layer.out, 1),
          layer.bias && layer.weight._tag === 'block'
            ? fail(here, 'a full or product weight', 'block', 'a Block weight has its bias in column b')
            : E.right(undefined),
          layer.out !== null && layer.weight._tag === 'block'
            ? fail(here, 'a full or product weight', 'block', 'a Block weight keeps the parts of its token')
            : E.right(undefined)
        ),
        E.map(() => leaf(layer, join(path, 'linear'), before, after))
      )
    }
    case 'linearAttention':
      return pipe(
        all(
          whole(here, 'heads', layer.heads, 1),
          checkAttended(here, before),
          checkWeight(`${here}.P`, layer.P, before),
          checkWeight(`${here}.Q`, layer.Q, before)
        ),
        E.map(() => leaf(layer, join(path, 'attention'), before, before))
      )
    case 'softmaxAttention':
      return pipe(
        all(whole(here, 'heads', layer.heads, 1), checkHeads(here, layer.heads, before), checkStd(here, layer.std)),
        E.map(() => leaf(layer, join(path, 'attention'), before, before))
      )
    case 'layerNorm':
      return layer.epsilon > 0 && Number.isFinite(layer.epsilon)
        ? E.right(leaf(layer, join(path, 'norm'), before, before))
        : fail(
            here,
            'epsilon: a positive number',
            String(layer.epsilon),
            'it keeps a constant token from dividing by zero'
          )
    case 'gelu':
      return E.right(leaf(layer, join(path, 'gelu'), before, before))
    case 'positions':
      return pipe(
        all(whole(here, 'tokens', layer.tokens, 1), checkStd(here, layer.std)),
        E.map(() => leaf(layer, join(path, 'positions'), before, before))
      )
    case 'recurrent':
      return pipe(
        checkRecurrent(here, layer, before),
        E.map(() => leaf(layer, join(path, layer.cell._tag), before, afterRecurrent(layer, before)))
      )
    case 'entries':
    case 'columnMeans':
      return pipe(
        afterApart(here, layer, before),
        E.map((after) => leaf(layer, join(path, layer._tag), before, after))
      )
    case 'scale':
      return Number.isFinite(layer.initial)
        ? E.right(leaf(layer, join(path, 'scale'), before, before))
        : fail(here, 'initial: a finite number', String(layer.initial), 'the learned factor starts from it')
    case 'chebyshev':
      return pipe(
        all(
          whole(here, 'degree', layer.degree, 0),
          checkInterval(here, layer),
          checkStride(here, layer),
          checkRows(here, before)
        ),
        E.map(() => leaf(layer, join(path, 'chebyshev'), before, before))
      )
    case 'krylov': {
      const inside = T.tokens(T.equations({ embedding: T.identity(layer.blocks), query: layer.query }))
      const place = join(path, 'krylov')
      return pipe(
        all(
          whole(here, 'blocks', layer.blocks, 0),
          checkInterval(here, layer),
          checkRows(here, before),
          checkCoordinates(here, layer)
        ),
        E.chain(() => inferLayer(layer.body, here, place, inside)),
        E.map((body) => ({ layer, path: place, before, after: before, parameters: [], children: [body] }))
      )
    }
    case 'equilibrate':
      return pipe(
        all(checkColumns(here, before), checkAnswer(here, layer.answer)),
        E.chain(() => inferLayer(layer.body, here, path, before)),
        E.map((body) => ({ layer, path, before, after: body.after, parameters: [], children: [body] }))
      )
    case 'residual':
      return pipe(
        inferLayer(layer.body, here, path, before),
        E.chain((body) =>
          T.equals(body.after, before)
            ? E.right({ layer, path, before, after: before, parameters: [], children: [body] })
            : fail(here, describe(before), describe(body.after), 'a residual adds a layer to its input: equal shapes')
        )
      )
    case 'repeat':
      return pipe(
        whole(here, 'times', layer.times, 1),
        E.chain(() =>
          chain(
            here,
            path,
            before,
            layer,
            Array.from({ length: layer.times }, () => layer.body)
          )
        )
      )
    case 'sequence':
      return layer.layers.length === 0
        ? fail(here, 'at least one layer', 'none', 'an empty sequence')
        : chain(here, path, before, layer, layer.layers)
  }
}

const chain = (
  here: string,
  path: string,
  before: T.Tokens,
  layer: Extract<Layer, { _tag: 'repeat' | 'sequence' }>,
  layers: readonly Layer[]
): Result<TypedLayer> => {
  const children: TypedLayer[] = []
  let tokens = before
  for (const [k, each] of layers.entries()) {
    const tied = layer._tag === 'repeat' && layer.tied
    const child = inferLayer(each, `${here}[${k}]`, tied ? path : join(path, String(k)), tokens)
    if (E.isLeft(child)) return child
    children.push(child.right)
    tokens = child.right.after
  }
  return E.right({ layer, path, before, after: tokens, parameters: [], children })
}

// --- models ----------------------------------------------------------------------------------------------------------

/** The problem sizes that a learned embedding, learned positions and recurrent layers fix, each once. */
const fixedBy = ({ encoding }: Model, body: TypedLayer): readonly number[] => {
  const found = new Set<number>()
  if (encoding._tag === 'equations' && encoding.embedding._tag === 'learned') found.add(encoding.embedding.tokens)
  const visit = ({ layer, children }: TypedLayer): void => {
    if (layer._tag === 'positions' || layer._tag === 'recurrent') found.add(layer.tokens)
    children.forEach(visit)
  }
  visit(body)
  return [...found]
}

/** All parameters below a layer, in order, tied ones once. */
export const parametersOf = (layer: TypedLayer): readonly P.Parameter[] => {
  const byName = new Map<string, P.Parameter>()
  const visit = (each: TypedLayer): void => {
    for (const p of each.parameters) byName.set(p.name, p)
    each.children.forEach(visit)
  }
  visit(layer)
  return [...byName.values()]
}

/** Judge a model: its shapes at every layer and its parameters, or the first thing that is wrong. */
export const infer = (model: Model): Result<Typed> =>
  pipe(
    checkEncoding(model.encoding),
    E.chain(() => inferLayer(model.body, 'body', '', T.tokens(model.encoding))),
    E.chainFirst((body) => checkReadout(model, body.after)),
    E.chainFirst((body) => checkFixed(fixedBy(model, body))),
    E.map((body) => ({
      model,
      tokens: T.tokens(model.encoding),
      body,
      parameters: [...P.ofEncoding(model.encoding), ...parametersOf(body)],
      n: fixedBy(model, body)[0] ?? null
    }))
  )

// --- destructors -----------------------------------------------------------------------------------------------------

/** One sentence: the place, what was expected, what was found, the likely cause. */
export const show = (e: ShapeError): string => `${e.path}: expected ${e.expected}, found ${e.found} (${e.cause})`
