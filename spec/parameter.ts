/**
 * Parameters: the named arrays of numbers that a layer owns, with symbolic sizes and the law their values start from.
 */
import * as Dim from './dim'
import type { Layer, SoftmaxAttention } from './layer'
import { directionsOf, gatesOf, type Recurrent } from './recurrent'
import * as T from './token'
import { type MuScale, usualStd, type Weight } from './weight'

// --- model -----------------------------------------------------------------------------------------------------------

/**
 * Where training starts: every entry drawn from N(0, std^2) or uniformly from (-bound, bound), all equal to `value`, or each
 * slice of the first axis by a law of its own.
 */
export type InitialLaw =
  | { readonly _tag: 'normal'; readonly std: number }
  | { readonly _tag: 'uniform'; readonly bound: number }
  | { readonly _tag: 'constant'; readonly value: number }
  | { readonly _tag: 'slices'; readonly of: readonly InitialLaw[] }

export interface Parameter {
  /** Unique in the model: the path of its layer and its own name, such as `0.attention.P.mu1`. */
  readonly name: string
  readonly dims: readonly Dim.Dim[]
  readonly law: InitialLaw
}

// --- sizes -----------------------------------------------------------------------------------------------------------

/** Numbers of a head, `D / heads`; shape inference has seen that it is whole. */
export const headWidth = (layer: SoftmaxAttention, D: Dim.Dim): number =>
  (Dim.asConstant(D) ?? Number.NaN) / layer.heads

// --- constructors ----------------------------------------------------------------------------------------------------

export const normal = (std: number): InitialLaw => ({ _tag: 'normal', std })
export const uniform = (bound: number): InitialLaw => ({ _tag: 'uniform', bound })
export const constantly = (value: number): InitialLaw => ({ _tag: 'constant', value })
export const slices = (...of: readonly InitialLaw[]): InitialLaw => ({ _tag: 'slices', of })

/** The spread that scalar Block weights start from (lin. transformer training reaches its optimum from it). */
const blockLaw = normal(0.2)
/** All-ones terms have norm n (or are divided by it): undivided, they start small, or the first answers explode. */
const onesLaw = (scale: MuScale): InitialLaw => (scale === 'one' ? normal(0.02) : blockLaw)
const productLaw = normal(usualStd)

/**
 * The arrays of one weight, for `heads` heads, on tokens `t`; `out` is the width of the result.
 *
 * A Block weight on parts A, H1..Hl (squares m, k) and b has `mu1[h,m,k]`, `entry[h]` (b to b) and, with its all-ones terms,
 * `mu2[h,m,k]`, `column[h,m]` (b to part m) and `row[h,k]` (part k to b).
 */
export const ofWeight = (name: string, weight: Weight, heads: number, t: T.Tokens, out: Dim.Dim): Parameter[] => {
  const h = Dim.constant(heads)
  const D = T.width(t)
  const at = (label: string, dims: readonly Dim.Dim[], law: InitialLaw): Parameter => ({
    name: `${name}.${label}`,
    dims: [h, ...dims],
    law
  })
  switch (weight._tag) {
    case 'full':
      return [at('matrix', [out, D], normal(weight.std))]
    case 'product': {
      const inner = Dim.constant(weight.inner)
      return [at('left', [out, inner], productLaw), at('right', [inner, D], productLaw)]
    }
    case 'block': {
      const m = Dim.constant(T.squareParts(t).length)
      return weight.allOnes
        ? [
            at('mu1', [m, m], blockLaw),
            at('mu2', [m, m], onesLaw(weight.muScale)),
            at('column', [m], onesLaw(weight.muScale)),
            at('row', [m], onesLaw(weight.muScale)),
            at('entry', [], blockLaw)
          ]
        : [at('mu1', [m, m], blockLaw), at('entry', [], blockLaw)]
    }
  }
}

/** `Q`, `K` and `V` from a token to heads, `matrix[h,c,d]` and `bias[h,c]`; `O` back, `matrix[d,h,c]` and `bias[d]`. */
const ofSoftmaxAttention = (path: string, layer: SoftmaxAttention, D: Dim.Dim): readonly Parameter[] => {
  const h = Dim.constant(layer.heads)
  const c = Dim.constant(headWidth(layer, D))
  const of = (name: string, matrix: readonly Dim.Dim[], bias: readonly Dim.Dim[]): readonly Parameter[] => [
    { name: `${path}.${name}.matrix`, dims: matrix, law: normal(layer.std) },
    ...(layer.bias ? [{ name: `${path}.${name}.bias`, dims: bias, law: constantly(0) }] : [])
  ]
  return [...['Q', 'K', 'V'].flatMap((name) => of(name, [h, c, D], [h, c])), ...of('O', [D, h, c], [D])]
}

/**
 * For each direction `W`, `matrix[g,c,d]` from a token and `bias[g,c]`, and `U`, `matrix[g,c,d]` from what is carried. The gates
 * g are input, forget, output and candidate of an LSTM, and reset, update and candidate of a GRU, where `U` has a `bias[c]` too.
 */
const ofRecurrent = (path: string, layer: Recurrent, D: Dim.Dim): readonly Parameter[] => {
  const { cell, std } = layer
  const [h, g] = [Dim.constant(layer.hidden), Dim.constant(gatesOf(layer))]
  const law = std === null ? uniform(1 / Math.sqrt(layer.hidden)) : normal(std)
  const zero = constantly(0)
  const biases = cell._tag === 'lstm' ? slices(zero, constantly(cell.forgetBias), zero, zero) : zero
  return directionsOf(layer).flatMap((direction): readonly Parameter[] => [
    { name: `${path}.${direction}.W.matrix`, dims: [g, h, D], law },
    { name: `${path}.${direction}.W.bias`, dims: [g, h], law: biases },
    { name: `${path}.${direction}.U.matrix`, dims: [g, h, h], law },
    ...(cell._tag === 'gru' ? [{ name: `${path}.${direction}.U.bias`, dims: [h], law: zero }] : [])
  ])
}

/** The arrays that a layer itself owns (not those of the layers inside it), given the tokens it reads. */
export const ofLayer = (path: string, layer: Layer, before: T.Tokens): readonly Parameter[] => {
  switch (layer._tag) {
    case 'linearMap': {
      const out = layer.out === null ? T.width(before) : Dim.constant(layer.out)
      const bias: Parameter = { name: `${path}.W.bias`, dims: [out], law: constantly(0) }
      return [...ofWeight(`${path}.W`, layer.weight, 1, before, out), ...(layer.bias ? [bias] : [])]
    }
    case 'linearAttention':
      return [
        ...ofWeight(`${path}.P`, layer.P, layer.heads, before, T.width(before)),
        ...ofWeight(`${path}.Q`, layer.Q, layer.heads, before, T.width(before))
      ]
    case 'softmaxAttention':
      return ofSoftmaxAttention(path, layer, T.width(before))
    case 'layerNorm':
      return [
        { name: `${path}.gain`, dims: [T.width(before)], law: constantly(1) },
        { name: `${path}.shift`, dims: [T.width(before)], law: constantly(0) }
      ]
    case 'positions':
      return [{ name: `${path}.table`, dims: [before.count, T.width(before)], law: normal(layer.std) }]
    case 'recurrent':
      return ofRecurrent(path, layer, T.width(before))
    case 'scale':
      return [{ name: `${path}.alpha`, dims: [], law: constantly(layer.initial) }]
    case 'chebyshev':
      return [{ name: `${path}.coefficients`, dims: [Dim.constant(layer.degree + 1)], law: normal(0.2) }]
    case 'gelu':
    case 'entries':
    case 'columnMeans':
    case 'krylov':
    case 'equilibrate':
    case 'residual':
    case 'repeat':
    case 'sequence':
      return []
  }
}

/** The arrays that an encoding owns: the learned embedding, one row per equation. */
export const ofEncoding = (encoding: T.Encoding): readonly Parameter[] => {
  if (encoding._tag === 'columns' || encoding.embedding._tag === 'identity') return []
  const { width } = encoding.embedding
  return [{ name: 'embedding.H', dims: [Dim.n, Dim.constant(width)], law: normal(0.2) }]
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** The number of scalars in a parameter, as a size: `(4n+1)^2` for a full matrix. */
export const count = (p: Parameter): Dim.Dim => p.dims.reduce((total, d) => Dim.times(total, d), Dim.one)

export const total = (parameters: readonly Parameter[]): Dim.Dim => Dim.add(0, ...parameters.map(count))
