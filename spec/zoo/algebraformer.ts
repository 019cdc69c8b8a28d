import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import * as W from '../weight'

export interface AlgebraformerOptions {
  /** The one problem size; without positions it is only the width of a token. */
  readonly n: number
  readonly width: number
  readonly blocks: number
  readonly heads: number
  /** The width inside an MLP; default `4 width`. */
  readonly hidden?: number
  readonly mask?: L.Mask
  /** Tokens: the n columns of a system (the default), or all n^2 entries, which x_i is then a mean over. */
  readonly encoding?: 'columns' | 'entries'
  readonly positions?: 'learned' | 'none'
  readonly gelu?: L.Gelu['form']
  /** Matrices and positions start from N(0, std^2); default 0.02. */
  readonly std?: number
  /**
   * Scales rows of A and b on their way in, and the answer, times this number, on its way out; default null: systems are taken as
   * they are.
   */
  readonly equilibrate?: number | null
}

const nameOf = ({
  n,
  width,
  blocks,
  heads,
  mask,
  positions,
  gelu,
  encoding,
  equilibrate
}: Required<AlgebraformerOptions>): string =>
  [
    `algebraformer-${blocks}-n${n}-width${width}-heads${heads}`,
    ...(mask === 'none' ? [] : [mask]),
    ...(positions === 'none' ? ['unplaced'] : []),
    ...(gelu === 'tanh' ? ['tanh'] : []),
    ...(encoding === 'columns' ? [] : [encoding]),
    ...(equilibrate === null ? [] : ['equilibrated'])
  ].join('-')

/** `x + f(norm(x))`. */
const preNorm = (layer: L.Layer): L.Layer => pipe(L.layerNorm(), L.andThen(layer), L.residual)

/**
 * Algebraformer, a pre-norm Transformer over the columns of a system (Sittoni and Tudisco 2025): tokens `(A[:, i], b_i)` embedded in `width`
 * numbers, learned positions, `blocks` times `x + Attention(norm x)` and `x + MLP(norm x)`, a last norm, and a linear head that
 * reads `x_i` from token i. With n = 64, width 256, 12 blocks and 8 heads it has 9,511,169 parameters. With the encoding `entries`
 * the same network reads n^2 tokens `(A_ji, b_j)`, each in a place of its own, and `x_i` is the mean of what it says at column i.
 */
export const algebraformer = (options: AlgebraformerOptions): M.Model => {
  const o: Required<AlgebraformerOptions> = {
    hidden: 4 * options.width,
    mask: 'none',
    positions: 'learned',
    gelu: 'exact',
    encoding: 'columns',
    std: L.transformerStd,
    equilibrate: null,
    ...options
  }
  const affine = (out: number): L.Layer => L.linearMap({ weight: W.fullOf({ std: o.std }), out, bias: true })
  const placed = o.positions === 'learned' ? [L.positions({ tokens: o.n, std: o.std })] : []
  const attention = L.softmaxAttention({ heads: o.heads, mask: o.mask, std: o.std })
  const mlp = pipe(affine(o.hidden), L.andThen(L.gelu(o.gelu)), L.andThen(affine(o.width)))
  const [apart, together] = o.encoding === 'columns' ? [[], []] : [[L.entries], [L.columnMeans]]
  const block = pipe(preNorm(attention), L.andThen(preNorm(mlp)), L.repeat(o.blocks))
  const layers = [...apart, affine(o.width), ...placed, block, L.layerNorm(), affine(1), ...together]
  const body = layers.reduce((before, layer) => pipe(before, L.andThen(layer)))
  return M.make({
    name: nameOf(o),
    encoding: T.columns,
    body: o.equilibrate === null ? body : L.equilibrate({ answer: o.equilibrate })(body),
    readout: M.perToken('y')
  })
}
