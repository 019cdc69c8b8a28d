/**
 * Layers: the vocabulary of architectures, as a tagged union of plain data with smart constructors, composed by `pipe`.
 *
 * A layer maps tokens to tokens. It holds no numbers but its sizes; parameters are listed by `spec/parameter`.
 */
import type { Apart } from './entries'
import type { Recurrent } from './recurrent'
import type { Query } from './token'
import type { Weight } from './weight'

export { type Apart, columnMeans, entries } from './entries'
export { type Cell, type Direction, gru, lstm, type Recurrent } from './recurrent'

// --- model -----------------------------------------------------------------------------------------------------------

export interface LinearMap {
  readonly _tag: 'linearMap'
  readonly weight: Weight
  /** The width of the result, a single part `y`; `null` keeps the parts of the input. */
  readonly out: number | null
  /** Whether a learned vector is added. */
  readonly bias: boolean
}

export interface LinearAttention {
  readonly _tag: 'linearAttention'
  readonly heads: number
  readonly P: Weight
  readonly Q: Weight
}

/** Which tokens a token attends to: all of them, or those up to itself. */
export type Mask = 'none' | 'causal'

export interface SoftmaxAttention {
  readonly _tag: 'softmaxAttention'
  readonly heads: number
  readonly mask: Mask
  /** Whether learned vectors are added to queries, keys, values and the result. */
  readonly bias: boolean
  /** Entries of its matrices start from N(0, std^2). */
  readonly std: number
}

export interface LayerNorm {
  readonly _tag: 'layerNorm'
  /** Added to the variance. */
  readonly epsilon: number
}

export interface Gelu {
  readonly _tag: 'gelu'
  /** By the error function, or by Hendrycks and Gimpel's hyperbolic tangent, which is 5e-4 from it. */
  readonly form: 'exact' | 'tanh'
}

export interface Positions {
  readonly _tag: 'positions'
  /** Equations it has vectors for: the one n that the model fits. */
  readonly tokens: number
  /** Entries start from N(0, std^2). */
  readonly std: number
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

export interface Equilibrate {
  readonly _tag: 'equilibrate'
  /** What an answer is multiplied by on its way out, besides the scale of b. */
  readonly answer: number
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

export type Layer =
  | LinearMap
  | LinearAttention
  | SoftmaxAttention
  | LayerNorm
  | Gelu
  | Positions
  | Recurrent
  | Apart
  | Scale
  | Chebyshev
  | Krylov
  | Equilibrate
  | Residual
  | Repeat
  | Sequence

export type Tag = Layer['_tag']

// --- constructors ----------------------------------------------------------------------------------------------------

/** `y_i = W e_i`, or `W e_i + w` with a bias: the same map of every token. */
export const linearMap = (options: {
  readonly weight: Weight
  readonly out?: number | null
  readonly bias?: boolean
}): Layer => ({
  _tag: 'linearMap',
  weight: options.weight,
  out: options.out ?? null,
  bias: options.bias ?? false
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

/** What the matrices and positions of Transformers start from (Radford et al. 2019). */
export const transformerStd = 0.02

/**
 * `y_i = W_O [o_i1; ...; o_ih] + w_O`, `o_ih = sum_k p_ikh v_kh`, `p_i.h = softmax_k(<q_ih, k_kh> / sqrt(D / heads))`, with
 * queries, keys and values `W e + w` of D / heads numbers a head (Vaswani et al. 2017, section 3.2). k runs over all tokens,
 * or over those up to i where the mask is causal.
 */
export const softmaxAttention = (options: {
  readonly heads: number
  readonly mask?: Mask
  readonly bias?: boolean
  readonly std?: number
}): Layer => ({
  _tag: 'softmaxAttention',
  heads: options.heads,
  mask: options.mask ?? 'none',
  bias: options.bias ?? true,
  std: options.std ?? transformerStd
})

/**
 * `y_i = g (e_i - mean e_i) / sqrt(var e_i + epsilon) + w`, entry by entry, mean and variance over the entries of a token,
 * with learned gains g, from 1, and shifts w, from 0 (Ba et al. 2016).
 */
export const layerNorm = (options: { readonly epsilon?: number } = {}): Layer => ({
  _tag: 'layerNorm',
  epsilon: options.epsilon ?? 1e-5
})

/**
 * `y = e Phi(e)`, Phi the normal distribution, entry by entry: `e (1 + erf(e / sqrt 2)) / 2`, or in the form `tanh`
 * `e (1 + tanh(sqrt(2 / pi) (e + 0.044715 e^3))) / 2` (Hendrycks and Gimpel 2016).
 */
export const gelu = (form: Gelu['form'] = 'exact'): Layer => ({ _tag: 'gelu', form })

/** `y_i = e_i + p_i` with a learned vector for every place: learned absolute positions. */
export const positions = (options: { readonly tokens: number; readonly std?: number }): Layer => ({
  _tag: 'positions',
  tokens: options.tokens,
  std: options.std ?? transformerStd
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

/**
 * `y = answer nu body(A_ci / N_c, b_i / (N_i nu))` on the columns `(A[:, i], b_i)` of a system: rows of A brought to norm 1 and b to
 * a root mean square of 1, `N_c = ||A[c, :]||_2`, `nu = sqrt(mean_i (b_i / N_i)^2)`, and the answer scaled back. So answers do not
 * depend on the scales of rows, and grow with b.
 */
export const equilibrate =
  (options: { readonly answer?: number } = {}) =>
  (body: Layer): Layer => ({ _tag: 'equilibrate', answer: options.answer ?? 1, body })

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
