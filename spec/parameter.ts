/**
 * Parameters: the named arrays of numbers that a layer owns, with symbolic sizes and the law their values start from.
 */
import * as Dim from './dim'
import type { Layer } from './layer'
import * as T from './token'
import type { MuScale, Weight } from './weight'

// --- model -----------------------------------------------------------------------------------------------------------

/** Where training starts: every entry drawn from N(0, std^2), or all equal to `value`. */
export type InitialLaw =
  | { readonly _tag: 'normal'; readonly std: number }
  | { readonly _tag: 'constant'; readonly value: number }

export interface Parameter {
  /** Unique in the model: the path of its layer and its own name, such as `0.attention.P.mu1`. */
  readonly name: string
  readonly dims: readonly Dim.Dim[]
  readonly law: InitialLaw
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const normal = (std: number): InitialLaw => ({ _tag: 'normal', std })
export const constantly = (value: number): InitialLaw => ({ _tag: 'constant', value })

/** The spread that scalar Block weights start from (lin. transformer training reaches its optimum from it). */
const blockLaw = normal(0.2)
/** All-ones terms have norm n (or are divided by it): undivided, they start small, or the first answers explode. */
const onesLaw = (scale: MuScale): InitialLaw => (scale === 'one' ? normal(0.02) : blockLaw)
/** A matrix starts with columns of norm about 1/2, whatever its width. */
const matrixLaw = normal(0.05)

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
      return [at('matrix', [out, D], matrixLaw)]
    case 'product': {
      const inner = Dim.constant(weight.inner)
      return [at('left', [out, inner], matrixLaw), at('right', [inner, D], matrixLaw)]
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

/** The arrays that a layer itself owns (not those of the layers inside it), given the tokens it reads. */
export const ofLayer = (path: string, layer: Layer, before: T.Tokens): readonly Parameter[] => {
  switch (layer._tag) {
    case 'linearMap': {
      const out = layer.out === null ? T.width(before) : Dim.constant(layer.out)
      return ofWeight(`${path}.W`, layer.weight, 1, before, out)
    }
    case 'linearAttention':
      return [
        ...ofWeight(`${path}.P`, layer.P, layer.heads, before, T.width(before)),
        ...ofWeight(`${path}.Q`, layer.Q, layer.heads, before, T.width(before))
      ]
    case 'scale':
      return [{ name: `${path}.alpha`, dims: [], law: constantly(layer.initial) }]
    case 'chebyshev':
      return [{ name: `${path}.coefficients`, dims: [Dim.constant(layer.degree + 1)], law: normal(0.2) }]
    case 'krylov':
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
