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
  equilibrate
}: Required<AlgebraformerOptions>): string =>
  [
    `algebraformer-${blocks}-n${n}-width${width}-heads${heads}`,
    ...(mask === 'none' ? [] : [mask]),
    ...(positions === 'none' ? ['unplaced'] : []),
    ...(gelu === 'tanh' ? ['tanh'] : []),
    ...(equilibrate === null ? [] : ['equilibrated'])
  ].join('-')

/** `x + f(norm(x))`. */
const preNorm = (layer: L.Layer): L.Layer => pipe(L.layerNorm(), L.andThen(layer), L.residual)

/**
 * Algebraformer, a pre-norm Transformer over the columns of a system (Sittoni and Tudisco 2025): tokens `(A[:, i], b_i)` embedded in `width`
 * numbers, learned positions, `blocks` times `x + Attention(norm x)` and `x + MLP(norm x)`, a last norm, and a linear head that
 * reads `x_i` from token i. With n = 64, width 256, 12 blocks and 8 heads it has 9,511,169 parameters.
 */
export const algebraformer = (options: AlgebraformerOptions): M.Model => {
  const o: Required<AlgebraformerOptions> = {
    hidden: 4 * options.width,
    mask: 'none',
    positions: 'learned',
    gelu: 'exact',
    std: L.transformerStd,
    equilibrate: null,
    ...options
  }
  const affine = (out: number): L.Layer => L.linearMap({ weight: W.fullOf({ std: o.std }), out, bias: true })
  const placed = o.positions === 'learned' ? [L.positions({ tokens: o.n, std: o.std })] : []
  const attention = L.softmaxAttention({ heads: o.heads, mask: o.mask, std: o.std })
  const mlp = pipe(affine(o.hidden), L.andThen(L.gelu(o.gelu)), L.andThen(affine(o.width)))
  const embedded = placed.reduce((before, layer) => pipe(before, L.andThen(layer)), affine(o.width))
  const body = pipe(
    embedded,
    L.andThen(pipe(preNorm(attention), L.andThen(preNorm(mlp)), L.repeat(o.blocks))),
    L.andThen(L.layerNorm()),
    L.andThen(affine(1))
  )
  return M.make({
    name: nameOf(o),
    encoding: T.columns,
    body: o.equilibrate === null ? body : L.equilibrate({ answer: o.equilibrate })(body),
    readout: M.perToken('y')
  })
}
