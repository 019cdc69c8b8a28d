/**
 * Recurrent layers: what is carried from token to token, and the equations of one step.
 */

// --- model -----------------------------------------------------------------------------------------------------------

/** What a recurrent layer carries from token to token: an LSTM, whose forget gates start from a bias, or a GRU. */
export type Cell = { readonly _tag: 'lstm'; readonly forgetBias: number } | { readonly _tag: 'gru' }

/** In which order tokens are read: from the first, from the last, or both ways, side by side. */
export type Direction = 'forward' | 'backward' | 'both'

export interface Recurrent {
  readonly _tag: 'recurrent'
  readonly cell: Cell
  /** Numbers that one direction carries. */
  readonly hidden: number
  readonly direction: Direction
  /** Tokens that it reads: the one n that the model fits. */
  readonly tokens: number
  /** Entries of its matrices start from N(0, std^2), or from the uniform law on +-1 / sqrt(hidden) where it is null. */
  readonly std: number | null
}

// --- constructors ----------------------------------------------------------------------------------------------------

interface RecurrentOptions {
  readonly hidden: number
  readonly tokens: number
  readonly direction?: Direction
  readonly std?: number | null
}

const recurrent = (cell: Cell, o: RecurrentOptions): Recurrent => ({
  _tag: 'recurrent',
  cell,
  hidden: o.hidden,
  direction: o.direction ?? 'both',
  tokens: o.tokens,
  std: o.std ?? null
})

/**
 * `y_i = o_i tanh(m_i)`, `m_i = f_i m_{i-1} + k_i g_i`, where the gates k (input), f (forget) and o (output) are the logistic
 * function and g the hyperbolic tangent of `W e_i + U y_{i-1} + w`, each with matrices and a bias of its own, y and m zero before
 * the first token (Hochreiter and Schmidhuber 1997; the forget gate of Gers et al. 2000, without peepholes). Tokens become
 * `hidden` numbers, or twice as many where they are read both ways. The bias of f starts from `forgetBias`, the others from 0.
 */
export const lstm = (options: RecurrentOptions & { readonly forgetBias?: number }): Recurrent =>
  recurrent({ _tag: 'lstm', forgetBias: options.forgetBias ?? 1 }, options)

/**
 * `y_i = (1 - z_i) g_i + z_i y_{i-1}`, where the gates r (reset) and z (update) are the logistic function of
 * `W e_i + U y_{i-1} + w` and `g_i = tanh(W e_i + w + r_i (U y_{i-1} + u))`, y zero before the first token: Cho et al. (2014)
 * in the later variant that cuDNN and PyTorch compute, which resets behind the matrix. Tokens become `hidden` numbers, or twice
 * as many where they are read both ways. Biases start from 0.
 */
export const gru = (options: RecurrentOptions): Recurrent => recurrent({ _tag: 'gru' }, options)

// --- destructors -----------------------------------------------------------------------------------------------------

/** The directions in which a recurrent layer reads its tokens, each with weights of its own. */
export const directionsOf = ({ direction }: Recurrent): readonly ('forward' | 'backward')[] =>
  direction === 'both' ? ['forward', 'backward'] : [direction]

/** Maps of one cell: input, forget, output and candidate of an LSTM; reset, update and candidate of a GRU. */
export const gatesOf = ({ cell }: Recurrent): number => (cell._tag === 'lstm' ? 4 : 3)
