/**
 * Layers: the vocabulary of architectures, as a tagged union of plain data with smart constructors, composed by `pipe`.
 *
 * A layer maps tokens to tokens. It holds no numbers but its sizes; parameters are listed by `spec/parameter`.
 */
import type { Query } from './token'
import type { Weight } from './weight'

// --- model -----------------------------------------------------------------------------------------------------------

export interface LinearMap {
  readonly _tag: 'linearMap'
  readonly weight: Weight
  /** The width of the result, a single part `y`; `null` keeps the parts of the input. */
  readonly out: number | null
}

export interface LinearAttention {
  readonly _tag: 'linearAttention'
  readonly heads: number
  readonly P: Weight
  readonly Q: Weight
}

export interface Scale {
  readonly _tag: 'scale'
  /** What the learned factor `alpha` starts from. */
  readonly initial: number
}

export interface Chebyshev {
  readonly _tag: 'chebyshev'
  readonly degree: number
  /** The interval of eigenvalues `[low, high]` on which the Chebyshev polynomials are orthogonal. */
  readonly low: number
  readonly high: number
  /** How it is computed, not what: a power of two, by whose `T_stride(M)` the recurrence strides; one makes no powers. */
  readonly stride: number
}

export interface Krylov {
  readonly _tag: 'krylov'
  /** Identity blocks of the tokens that the body sees. */
  readonly blocks: number
  readonly query: Query | 'none'
  /** What becomes of b: this part of the query after the body; b itself where there is no query. */
  readonly part: string
  /** The interval of eigenvalues `[low, high]` on which the Chebyshev polynomials are orthogonal. */
  readonly low: number
  readonly high: number
  readonly body: Layer
}

export interface Residual {
  readonly _tag: 'residual'
  readonly body: Layer
}

export interface Repeat {
  readonly _tag: 'repeat'
  readonly times: number
  /** Tied copies share one set of weights (a looped model). */
  readonly tied: boolean
  readonly body: Layer
}

export interface Sequence {
  readonly _tag: 'sequence'
  readonly layers: readonly Layer[]
}

export type Layer = LinearMap | LinearAttention | Scale | Chebyshev | Krylov | Residual | Repeat | Sequence

export type Tag = Layer['_tag']

// --- constructors ----------------------------------------------------------------------------------------------------

/** `y_i = W e_i`: the same linear map of every token. */
export const linearMap = (options: { readonly weight: Weight; readonly out?: number | null }): Layer => ({
  _tag: 'linearMap',
  weight: options.weight,
  out: options.out ?? null
})

/**
 * `y_i = sum_h P_h sum_j <e_j, Q_h e_i> e_j` (Vladymyrov et al. 2024, eq. 2). The sum runs over all tokens but the query,
 * which attends and is never attended to.
 */
export const linearAttention = (options: {
  readonly heads?: number
  readonly P: Weight
  readonly Q: Weight
}): Layer => ({ _tag: 'linearAttention', heads: options.heads ?? 1, P: options.P, Q: options.Q })

/**
 * The same layer from keys, queries, values and projection (eq. 1): `P = W_P W_V` and `Q = W_K^T W_Q`, with `key` and
 * `value` numbers a head.
 */
export const projectedAttention = (options: {
  readonly heads?: number
  readonly key: number
  readonly value: number
}): Layer =>
  linearAttention({
    ...(options.heads === undefined ? {} : { heads: options.heads }),
    P: { _tag: 'product', inner: options.value },
    Q: { _tag: 'product', inner: options.key }
  })

/** `y_i = alpha e_i` with one learned number. */
export const scale = (initial: number): Layer => ({ _tag: 'scale', initial })

/**
 * `b <- sum_k c_k T_k(M) b`, `M = (2 A - (low + high) I) / (high - low)`, with learned `c_0 ... c_degree`: a polynomial in
 * A applied to b by `degree` matrix-vector products, `A` unchanged (Clenshaw 1955). With a `stride` of k, a power of two,
 * the same polynomial takes `log2 k` products of matrices and `k - 1 + floor(degree / k)` with a vector (Paterson and
 * Stockmeyer 1973).
 */
export const chebyshev = (options: {
  readonly degree: number
  readonly low: number
  readonly high: number
  readonly stride?: number
}): Layer => ({
  _tag: 'chebyshev',
  degree: options.degree,
  low: options.low,
  high: options.high,
  stride: options.stride ?? 1
})

/**
 * `b <- x`, what the body answers on the tokens `(a_i, b_i, h_i)` and the query of the same system, `A` unchanged, for a
 * symmetric A and a body of Block weights. Tokens are never formed: `X_m = p_m(A) + K C_m K^T`, `b = K beta` and the query's
 * parts `K xi_m` are kept by their coordinates in the block Krylov space of b and 1, `K = [T_k(M) b, T_k(M) 1]_k`,
 * `M = (2 A - (low + high) I) / (high - low)`, which a few matrix-vector products make.
 */
export const krylov =
  (options: {
    readonly blocks: number
    readonly query: Query | 'none'
    readonly part: string
    readonly low: number
    readonly high: number
  }) =>
  (body: Layer): Layer => ({ _tag: 'krylov', ...options, body })

/** `y_i = e_i + f(e)_i`. */
export const residual = (body: Layer): Layer => ({ _tag: 'residual', body })

// --- combinators -----------------------------------------------------------------------------------------------------

/** `f(g) = g after f`: `pipe(first, andThen(second))`. */
export const andThen =
  (second: Layer) =>
  (first: Layer): Layer => ({
    _tag: 'sequence',
    layers: [
      ...(first._tag === 'sequence' ? first.layers : [first]),
      ...(second._tag === 'sequence' ? second.layers : [second])
    ]
  })

/** The same layer `times` times, each copy with weights of its own. */
export const repeat =
  (times: number) =>
  (body: Layer): Layer => ({ _tag: 'repeat', times, tied: false, body })

/** The same layer `times` times with one set of weights (a looped Transformer). */
export const loop =
  (times: number) =>
  (body: Layer): Layer => ({ _tag: 'repeat', times, tied: true, body })

// --- destructors -----------------------------------------------------------------------------------------------------

/** One case for every layer; a new layer is a compile error wherever it is missing. */
export const match =
  <B>(cases: { readonly [T in Tag]: (layer: Extract<Layer, { _tag: T }>) => B }) =>
  (layer: Layer): B =>
    (cases[layer._tag] as (layer: Layer) => B)(layer)
