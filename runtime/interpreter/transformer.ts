/**
 * The layers of Transformers on the tokens of one system [tokens, D], as their papers state them.
 */
import type * as L from '../../spec/layer'
import { erf } from '../special/erf'
import * as D from './dense'
import { array, type Place, plusRow } from './matrices'

/** The numbers of a row. */
const row = (a: D.Array64, i: number): readonly number[] =>
  Array.from({ length: D.columnsOf(a) }, (_, c) => a.get(i, c))

const sum = (values: readonly number[]): number => values.reduce((total, v) => total + v, 0)

/** `softmax(z)_k = exp(z_k) / sum_l exp(z_l)`, from which any constant may be taken: here the largest z. */
const softmax = (z: readonly number[]): readonly number[] => {
  const largest = Math.max(...z)
  const powers = z.map((value) => Math.exp(value - largest))
  const total = sum(powers)
  return powers.map((power) => power / total)
}

/**
 * `Attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V` for every head, d numbers a head, the heads one after another through
 * `W_O` (Vaswani et al. 2017, eq. 1 and section 3.2.2).
 */
export const softmaxAttention = (layer: L.SoftmaxAttention, { typed, weights }: Place, e: D.Array64): D.Array64 => {
  const [tokens, width] = [D.rowsOf(e), D.columnsOf(e)]
  const d = width / layer.heads
  const map = (name: string, x: D.Array64): D.Array64 => {
    const W = D.of(array(weights, `${typed.path}.${name}.matrix`), width, width)
    const y = D.multiply(x, D.transpose(W))
    return layer.bias ? plusRow(y, array(weights, `${typed.path}.${name}.bias`)) : y
  }
  const [Q, K, V] = [map('Q', e), map('K', e), map('V', e)]
  const attended = D.zeros(tokens, width)
  for (let h = 0; h < layer.heads; h++) {
    const [q, k, v] = [Q, K, V].map((all) => D.columns(all, h * d, d)) as [D.Array64, D.Array64, D.Array64]
    const scores = D.scale(1 / Math.sqrt(d), D.multiply(q, D.transpose(k)))
    for (let i = 0; i < tokens; i++) {
      const seen = layer.mask === 'causal' ? i + 1 : tokens
      const p = softmax(row(scores, i).slice(0, seen))
      for (let c = 0; c < d; c++) attended.set(i, h * d + c, sum(p.map((share, j) => share * v.get(j, c))))
    }
  }
  return map('O', attended)
}

/** `g (e_i - mean) / sqrt(variance + epsilon) + w` with the mean and variance of each token (Ba et al. 2016, eq. 3 and 4). */
export const layerNorm = (layer: L.LayerNorm, { typed, weights }: Place, e: D.Array64): D.Array64 => {
  const [gain, shift] = [array(weights, `${typed.path}.gain`), array(weights, `${typed.path}.shift`)]
  const width = D.columnsOf(e)
  const y = D.zeros(...e.shape)
  for (let i = 0; i < D.rowsOf(e); i++) {
    const own = row(e, i)
    const mean = sum(own) / width
    const variance = sum(own.map((x) => (x - mean) ** 2)) / width
    for (const [c, x] of own.entries()) {
      y.set(i, c, (gain[c]! * (x - mean)) / Math.sqrt(variance + layer.epsilon) + shift[c]!)
    }
  }
  return y
}

/** `x Phi(x)`, or its form by tanh (Hendrycks and Gimpel 2016, section 2). */
export const gelu = ({ form }: L.Gelu, e: D.Array64): D.Array64 => {
  const exact = (x: number): number => (x / 2) * (1 + erf(x / Math.SQRT2))
  const byTanh = (x: number): number => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
  const f = form === 'exact' ? exact : byTanh
  return D.generate(D.rowsOf(e), D.columnsOf(e), (i, c) => f(e.get(i, c)))
}
