/**
 * Models as JSON, both ways: `decode(encode(model))` is the model. Decoding refuses unknown keys and whatever is not of
 * the right kind; whether the shapes fit is for `spec/infer` to judge.
 */
import * as E from 'fp-ts/Either'

import * as D from './decoder'
import type * as L from './layer'
import type { Model, Readout } from './model'
import type * as T from './token'
import { usualStd, type Weight } from './weight'

export type { DecodeError, Json } from './decoder'
export { show } from './decoder'

// --- limits ----------------------------------------------------------------------------------------------------------

/** The most layers a decoded model may have once its repeats are written out. */
export const mostLayers = 10_000
const mostCopies = 1024
const mostWidth = 1_000_000
/** The most tokens of a recurrence, whose steps are written out. */
const mostTokens = 4096

// --- encoding --------------------------------------------------------------------------------------------------------

const encodeWeight = (weight: Weight): D.Json => {
  switch (weight._tag) {
    case 'full':
      return weight.std === usualStd ? { _tag: 'full' } : { _tag: 'full', std: weight.std }
    case 'block':
      return { _tag: 'block', allOnes: weight.allOnes, muScale: weight.muScale }
    case 'product':
      return { _tag: 'product', inner: weight.inner }
  }
}

const encodeLayer = (layer: L.Layer): D.Json => {
  switch (layer._tag) {
    case 'linearMap':
      return {
        _tag: 'linearMap',
        weight: encodeWeight(layer.weight),
        out: layer.out,
        ...(layer.bias ? { bias: true } : {})
      }
    case 'linearAttention':
      return { _tag: 'linearAttention', heads: layer.heads, P: encodeWeight(layer.P), Q: encodeWeight(layer.Q) }
    case 'softmaxAttention': {
      const { heads, mask, bias, std } = layer
      return { _tag: 'softmaxAttention', heads, mask, bias, std }
    }
    case 'layerNorm':
      return { _tag: 'layerNorm', epsilon: layer.epsilon }
    case 'gelu':
      return { _tag: 'gelu', form: layer.form }
    case 'positions':
      return { _tag: 'positions', tokens: layer.tokens, std: layer.std }
    case 'recurrent': {
      const { cell, hidden, direction, tokens, std } = layer
      const own = cell._tag === 'lstm' ? { _tag: cell._tag, forgetBias: cell.forgetBias } : { _tag: cell._tag }
      return { _tag: 'recurrent', cell: own, hidden, direction, tokens, std }
    }
    case 'entries':
    case 'columnMeans':
      return { _tag: layer._tag }
    case 'scale':
      return { _tag: 'scale', initial: layer.initial }
    case 'chebyshev':
      return { _tag: 'chebyshev', degree: layer.degree, low: layer.low, high: layer.high, stride: layer.stride }
    case 'krylov': {
      const { blocks, query, part, low, high, body } = layer
      return { _tag: 'krylov', blocks, query, part, low, high, body: encodeLayer(body) }
    }
    case 'equilibrate':
      return { _tag: 'equilibrate', answer: layer.answer, body: encodeLayer(layer.body) }
    case 'residual':
      return { _tag: 'residual', body: encodeLayer(layer.body) }
    case 'repeat':
      return { _tag: 'repeat', times: layer.times, tied: layer.tied, body: encodeLayer(layer.body) }
    case 'sequence':
      return { _tag: 'sequence', layers: layer.layers.map(encodeLayer) }
  }
}

const encodeEncoding = (encoding: T.Encoding): D.Json => {
  if (encoding._tag === 'columns') return { _tag: 'columns' }
  const { embedding, query, bScale } = encoding
  return {
    _tag: 'equations',
    embedding:
      embedding._tag === 'identity'
        ? { _tag: 'identity', blocks: embedding.blocks }
        : { _tag: 'learned', width: embedding.width, tokens: embedding.tokens },
    query,
    bScale
  }
}

/** A model as a plain value that JSON can hold, its keys in a fixed order. */
export const encode = (model: Model): D.Json => ({
  name: model.name,
  encoding: encodeEncoding(model.encoding),
  body: encodeLayer(model.body),
  readout: { _tag: model.readout._tag, part: model.readout.part }
})

// --- decoding --------------------------------------------------------------------------------------------------------

const weight: D.Decoder<Weight> = D.union<Weight>({
  full: D.struct({ _tag: D.tag('full'), std: D.or(usualStd, D.number) }),
  block: D.struct({ _tag: D.tag('block'), allOnes: D.boolean, muScale: D.oneOf('one', 'n') }),
  product: D.struct({ _tag: D.tag('product'), inner: D.whole(1, mostWidth) })
})

const embedding: D.Decoder<T.Embedding> = D.union<T.Embedding>({
  identity: D.struct({ _tag: D.tag('identity'), blocks: D.whole(0, mostCopies) }),
  learned: D.struct({ _tag: D.tag('learned'), width: D.whole(1, mostWidth), tokens: D.whole(1, mostWidth) })
})

const encoding: D.Decoder<T.Encoding> = D.union<T.Encoding>({
  equations: D.struct({
    _tag: D.tag('equations'),
    embedding,
    query: D.oneOf('paper', 'b', 'none'),
    bScale: D.nullable(D.number)
  }),
  columns: D.struct({ _tag: D.tag('columns') })
})

const cell: D.Decoder<L.Cell> = D.union<L.Cell>({
  lstm: D.struct({ _tag: D.tag('lstm'), forgetBias: D.number }),
  gru: D.struct({ _tag: D.tag('gru') })
})

const layer: D.Decoder<L.Layer> = D.lazy(() =>
  D.union<L.Layer>({
    linearMap: D.struct({
      _tag: D.tag('linearMap'),
      weight,
      out: D.nullable(D.whole(1, mostWidth)),
      bias: D.or(false, D.boolean)
    }),
    linearAttention: D.struct({ _tag: D.tag('linearAttention'), heads: D.whole(1, mostCopies), P: weight, Q: weight }),
    softmaxAttention: D.struct({
      _tag: D.tag('softmaxAttention'),
      heads: D.whole(1, mostCopies),
      mask: D.oneOf('none', 'causal'),
      bias: D.boolean,
      std: D.number
    }),
    layerNorm: D.struct({ _tag: D.tag('layerNorm'), epsilon: D.number }),
    gelu: D.struct({ _tag: D.tag('gelu'), form: D.oneOf('exact', 'tanh') }),
    positions: D.struct({ _tag: D.tag('positions'), tokens: D.whole(1, mostWidth), std: D.number }),
    recurrent: D.struct({
      _tag: D.tag('recurrent'),
      cell,
      hidden: D.whole(1, mostWidth),
      direction: D.oneOf('forward', 'backward', 'both'),
      tokens: D.whole(1, mostTokens),
      std: D.nullable(D.number)
    }),
    entries: D.struct({ _tag: D.tag('entries') }),
    columnMeans: D.struct({ _tag: D.tag('columnMeans') }),
    scale: D.struct({ _tag: D.tag('scale'), initial: D.number }),
    chebyshev: D.struct({
      _tag: D.tag('chebyshev'),
      degree: D.whole(0, mostWidth),
      low: D.number,
      high: D.number,
      stride: D.or(1, D.whole(1, mostWidth))
    }),
    krylov: D.struct({
      _tag: D.tag('krylov'),
      blocks: D.whole(0, mostWidth),
      query: D.oneOf('paper', 'b', 'none'),
      part: D.name,
      low: D.number,
      high: D.number,
      body: layer
    }),
    equilibrate: D.struct({ _tag: D.tag('equilibrate'), answer: D.number, body: layer }),
    residual: D.struct({ _tag: D.tag('residual'), body: layer }),
    repeat: D.struct({ _tag: D.tag('repeat'), times: D.whole(1, mostLayers), tied: D.boolean, body: layer }),
    sequence: D.struct({ _tag: D.tag('sequence'), layers: D.array(layer, mostLayers) })
  })
)

const readout: D.Decoder<Readout> = D.union<Readout>({
  query: D.struct({ _tag: D.tag('query'), part: D.name }),
  perToken: D.struct({ _tag: D.tag('perToken'), part: D.name }),
  transposed: D.struct({ _tag: D.tag('transposed'), part: D.name })
})

/** The number of layers once repeats are written out. */
const writtenOut = (each: L.Layer): number => {
  switch (each._tag) {
    case 'linearMap':
    case 'linearAttention':
    case 'softmaxAttention':
    case 'layerNorm':
    case 'gelu':
    case 'positions':
    case 'recurrent':
    case 'entries':
    case 'columnMeans':
    case 'scale':
    case 'chebyshev':
      return 1
    case 'krylov':
    case 'equilibrate':
    case 'residual':
      return 1 + writtenOut(each.body)
    case 'repeat':
      return 1 + each.times * writtenOut(each.body)
    case 'sequence':
      return each.layers.reduce((total, l) => total + writtenOut(l), 1)
  }
}

/** Reads a model at a place inside a larger value. */
export const model: D.Decoder<Model> = D.struct<Model>({
  name: D.name,
  encoding,
  body: D.that(
    layer,
    (body) => writtenOut(body) <= mostLayers,
    `at most ${mostLayers} layers with repeats written out`
  ),
  readout
})

/** The model that a JSON value describes, or the first place where it describes none. */
export const decode = (value: unknown): E.Either<D.DecodeError, Model> => model(value, '', 0)

/** The model in a JSON text. */
export const parse = (text: string): E.Either<D.DecodeError, Model> => {
  const value = E.tryCatch(
    (): unknown => JSON.parse(text),
    (): D.DecodeError => ({ _tag: 'DecodeError', path: '', expected: 'JSON', found: 'text that is not JSON' })
  )
  return E.chain(decode)(value)
}
