/**
 * Lowering of layers: which rule a layer means, on which layout of its tokens, with which parameters.
 */
import { absurd } from 'fp-ts/function'

import * as Dim from '../spec/dim'
import type { TypedLayer } from '../spec/infer'
import type { Layer, LinearAttention, LinearMap } from '../spec/layer'
import * as T from '../spec/token'
import type { Weight } from '../spec/weight'
import { lowerKrylov } from './lower-krylov'
import { lowerRecurrent } from './lower-recurrent'
import { lowerTransformer } from './lower-transformer'
import { chebyshev } from './rules/chebyshev'
import { strided } from './rules/chebyshev-strided'
import { columnMeans, entries } from './rules/entries'
import { equilibrate, undo } from './rules/equilibrate'
import { flatten, stack } from './rules/layout'
import { blockLinear, fullLinear, productLinear } from './rules/linear'
import { blockAttention, flatAttention } from './rules/linear-attention'
import { blockScale, flatScale } from './rules/scale'
import * as Tape from './tape'

/** Tokens as tensors: parts of size n stacked beside b, or one stretch. Several heads add an axis `h`. */
export type Value =
  | { readonly layout: 'blocks'; readonly X: string; readonly b: string }
  | { readonly layout: 'flat'; readonly e: string }

/** What a conversion between layouts needs to know of the tokens. */
interface Extent {
  readonly heads: number | null
  readonly count: Dim.Dim
  readonly tokens: T.Tokens
}

const layoutOptions = (x: Extent) => ({ heads: x.heads, blocks: T.squareParts(x.tokens).length, count: x.count })

const toFlat = (tape: Tape.Tape, place: string, value: Value, x: Extent): Extract<Value, { layout: 'flat' }> => {
  if (value.layout === 'flat') return value
  const out = Tape.apply(tape, flatten(layoutOptions(x)), `${place}.flat`, { X: value.X, b: value.b })
  return { layout: 'flat', e: out['e'] as string }
}

const toBlocks = (tape: Tape.Tape, place: string, value: Value, x: Extent): Extract<Value, { layout: 'blocks' }> => {
  if (value.layout === 'blocks') return value
  const out = Tape.apply(tape, stack(layoutOptions(x)), `${place}.blocks`, { e: value.e })
  return { layout: 'blocks', X: out['X'] as string, b: out['b'] as string }
}

/** What kernels call a weight and its results: `U, u = Q e` and `V, v = P e`. */
interface Names {
  readonly weight: string
  readonly result: string
  readonly entry: string
}

const queries: Names = { weight: 'Q', result: 'U', entry: 'u' }
const values: Names = { weight: 'P', result: 'V', entry: 'v' }
const mapped: Names = { weight: 'W', result: 'Y', entry: 'y' }

/** `W_h e` for every head, on the first `rows` tokens, in the layout that the weight works on. */
const linear = (
  tape: Tape.Tape,
  place: string,
  path: string,
  weight: Weight,
  input: Value,
  tokens: T.Tokens,
  o: {
    readonly heads: number | null
    readonly rows: Dim.Dim
    readonly out: Dim.Dim
    readonly bias?: boolean
    readonly say: Names
  }
): Value => {
  const one: Extent = { heads: null, count: tokens.count, tokens }
  const options = { heads: o.heads, count: tokens.count, rows: o.rows }
  const bind = (labels: readonly string[]) => Object.fromEntries(labels.map((l) => [l, `${path}.${l}`]))
  const { weight: letter, result, entry } = o.say
  const say = (labels: readonly string[]) => ({
    say: { ...Object.fromEntries(labels.map((l) => [l, `${letter}_${l}`])), Y: result, y: entry }
  })
  switch (weight._tag) {
    case 'block': {
      const { X, b } = toBlocks(tape, place, input, one)
      const { allOnes, muScale } = weight
      const rule = blockLinear({ ...options, blocks: T.squareParts(tokens).length, allOnes, muScale })
      const out = Tape.apply(tape, rule, place, { X, b }, bind(rule.parameters), say(rule.parameters))
      return { layout: 'blocks', X: out['Y'] as string, b: out['y'] as string }
    }
    case 'full':
    case 'product': {
      const { e } = toFlat(tape, place, input, one)
      const sizes = { ...options, width: T.width(tokens), out: o.out, bias: o.bias ?? false }
      const rule = weight._tag === 'full' ? fullLinear(sizes) : productLinear({ ...sizes, inner: weight.inner })
      const out = Tape.apply(tape, rule, place, { e }, bind(rule.parameters), say(rule.parameters))
      return { layout: 'flat', e: out['Y'] as string }
    }
    default:
      return absurd(weight)
  }
}

const attention = (tape: Tape.Tape, place: string, typed: TypedLayer, layer: LinearAttention, input: Value): Value => {
  const { before: tokens, path } = typed
  const { heads } = layer
  const width = T.width(tokens)
  const query = linear(tape, `${place}.Q`, `${path}.Q`, layer.Q, input, tokens, {
    heads,
    rows: tokens.count,
    out: width,
    say: queries
  })
  const value = linear(tape, `${place}.P`, `${path}.P`, layer.P, input, tokens, {
    heads,
    rows: Dim.n,
    out: width,
    say: values
  })
  const all: Extent = { heads, count: tokens.count, tokens }
  const attended: Extent = { heads, count: Dim.n, tokens }
  if (query.layout === 'blocks' && value.layout === 'blocks') {
    const e = toBlocks(tape, place, input, { ...all, heads: null })
    const rule = blockAttention({ heads, blocks: T.squareParts(tokens).length, count: tokens.count })
    const out = Tape.apply(tape, rule, place, { X: e.X, b: e.b, U: query.X, u: query.b, V: value.X, v: value.b })
    return { layout: 'blocks', X: out['Y'] as string, b: out['y'] as string }
  }
  const e = toFlat(tape, place, input, { ...all, heads: null })
  const U = toFlat(tape, `${place}.Q`, query, all)
  const V = toFlat(tape, `${place}.P`, value, attended)
  const out = Tape.apply(tape, flatAttention({ heads, width, count: tokens.count }), place, { e: e.e, U: U.e, V: V.e })
  return { layout: 'flat', e: out['Y'] as string }
}

const linearMap = (tape: Tape.Tape, place: string, typed: TypedLayer, layer: LinearMap, input: Value): Value => {
  const tokens = typed.before
  const out = layer.out === null ? T.width(tokens) : Dim.constant(layer.out)
  return linear(tape, place, `${typed.path}.W`, layer.weight, input, tokens, {
    heads: null,
    rows: tokens.count,
    out,
    bias: layer.bias,
    say: mapped
  })
}

const scale = (tape: Tape.Tape, place: string, typed: TypedLayer, input: Value): Value => {
  const { before: tokens, path } = typed
  const parameters = { alpha: `${path}.alpha` }
  if (input.layout === 'flat') {
    const rule = flatScale({ width: T.width(tokens), count: tokens.count })
    return { layout: 'flat', e: Tape.apply(tape, rule, place, { e: input.e }, parameters)['Y'] as string }
  }
  const rule = blockScale({ blocks: T.squareParts(tokens).length, count: tokens.count })
  const out = Tape.apply(tape, rule, place, { X: input.X, b: input.b }, parameters)
  return { layout: 'blocks', X: out['Y'] as string, b: out['y'] as string }
}

/** `e + f(e)`, in the layout of f. */
const residual = (tape: Tape.Tape, place: string, tokens: T.Tokens, e: Value, f: Value): Value => {
  const x: Extent = { heads: null, count: tokens.count, tokens }
  const sum = (label: string, left: string, right: string) =>
    Tape.plus(tape, `${place}.${label}`, label, left, right, { rule: 'residual', path: place })
  if (f.layout === 'flat') return { layout: 'flat', e: sum('e', toFlat(tape, place, e, x).e, f.e) }
  const blocks = toBlocks(tape, place, e, x)
  return { layout: 'blocks', X: sum('X', blocks.X, f.X), b: sum('b', blocks.b, f.b) }
}

const placeName = { softmaxAttention: 'attention', layerNorm: 'norm', gelu: 'gelu', positions: 'positions' } as const

const join = (place: string, name: string): string => (place === '' ? name : `${place}.${name}`)

/** The tokens after a layer. `place` names its values; unlike the path of its parameters no two layers share one. */
export const lowerLayer = (tape: Tape.Tape, place: string, typed: TypedLayer, input: Value): Value => {
  const layer: Layer = typed.layer
  switch (layer._tag) {
    case 'linearMap':
      return linearMap(tape, join(place, 'linear'), typed, layer, input)
    case 'linearAttention':
      return attention(tape, join(place, 'attention'), typed, layer, input)
    case 'softmaxAttention':
    case 'layerNorm':
    case 'gelu':
    case 'positions': {
      const here = join(place, placeName[layer._tag])
      const x: Extent = { heads: null, count: typed.before.count, tokens: typed.before }
      return { layout: 'flat', e: lowerTransformer(tape, here, typed, layer, toFlat(tape, here, input, x).e) }
    }
    case 'recurrent': {
      const here = join(place, layer.cell._tag)
      const x: Extent = { heads: null, count: typed.before.count, tokens: typed.before }
      return { layout: 'flat', e: lowerRecurrent(tape, here, typed, layer, toFlat(tape, here, input, x).e) }
    }
    case 'entries':
    case 'columnMeans': {
      const here = join(place, layer._tag)
      const x: Extent = { heads: null, count: typed.before.count, tokens: typed.before }
      const rule = layer._tag === 'entries' ? entries : columnMeans({ width: T.width(typed.before) })
      return { layout: 'flat', e: Tape.apply(tape, rule, here, { e: toFlat(tape, here, input, x).e })['Y'] as string }
    }
    case 'scale':
      return scale(tape, join(place, 'scale'), typed, input)
    case 'chebyshev': {
      const here = join(place, 'chebyshev')
      const x: Extent = { heads: null, count: typed.before.count, tokens: typed.before }
      const { X, b } = toBlocks(tape, here, input, x)
      const options = { ...layer, blocks: T.squareParts(typed.before).length }
      const rule = layer.stride === 1 ? chebyshev(options) : strided(options)
      const out = Tape.apply(tape, rule, here, { X, b }, { coefficients: `${typed.path}.coefficients` })
      return { layout: 'blocks', X, b: out['x'] as string }
    }
    case 'krylov': {
      const here = join(place, 'krylov')
      const { X, b } = toBlocks(tape, here, input, { heads: null, count: typed.before.count, tokens: typed.before })
      return { layout: 'blocks', X, b: lowerKrylov(tape, here, typed, layer, { X, b }) }
    }
    case 'equilibrate': {
      const [body] = typed.children
      if (body === undefined) throw new Error('internal: an equilibration without a body')
      const here = join(place, 'equilibrate')
      const x: Extent = { heads: null, count: typed.before.count, tokens: typed.before }
      const scaled = Tape.apply(tape, equilibrate, here, { e: toFlat(tape, here, input, x).e })
      const answer = lowerLayer(tape, place, body, { layout: 'flat', e: scaled['Y'] as string })
      const after: Extent = { heads: null, count: typed.after.count, tokens: typed.after }
      const rule = undo({ answer: layer.answer, width: T.width(typed.after), count: typed.after.count })
      const inputs = { Y: toFlat(tape, join(place, 'undo'), answer, after).e, nu: scaled['nu'] as string }
      return { layout: 'flat', e: Tape.apply(tape, rule, join(place, 'undo'), inputs)['Z'] as string }
    }
    case 'residual': {
      const [body] = typed.children
      if (body === undefined) throw new Error('internal: a residual without a body')
      const inside = lowerLayer(tape, place, body, input)
      return residual(tape, join(place, 'residual'), typed.before, input, inside)
    }
    case 'repeat':
    case 'sequence':
      return typed.children.reduce((value, child, k) => lowerLayer(tape, join(place, String(k)), child, value), input)
    default:
      return absurd(layer)
  }
}
