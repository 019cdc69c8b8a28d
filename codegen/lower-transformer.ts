/** Lowering of the layers of Transformers, which work on tokens in one stretch. */
import type { TypedLayer } from '../spec/infer'
import type { Gelu, LayerNorm, Positions, SoftmaxAttention } from '../spec/layer'
import { headWidth } from '../spec/parameter'
import * as T from '../spec/token'
import { gelu } from './rules/gelu'
import { layerNorm } from './rules/layer-norm'
import { positions } from './rules/positions'
import { intoHeads, outOfHeads, softmaxAttention } from './rules/softmax-attention'
import * as Tape from './tape'

const attention = (
  tape: Tape.Tape,
  place: string,
  { path, before }: TypedLayer,
  layer: SoftmaxAttention,
  e: string
): string => {
  const width = T.width(before)
  const o = { heads: layer.heads, each: headWidth(layer, width), count: before.count, width, bias: layer.bias }
  const names = layer.bias ? ['matrix', 'bias'] : ['matrix']
  const bind = (name: string) => Object.fromEntries(names.map((label) => [label, `${path}.${name}.${label}`]))
  const say = { say: { matrix: 'W', bias: 'w' } }
  const into = (name: string): string =>
    Tape.apply(tape, intoHeads(o), `${place}.${name}`, { e }, bind(name), say)['Y'] as string
  const heads = { Q: into('Q'), K: into('K'), V: into('V') }
  const O = Tape.apply(tape, softmaxAttention({ ...o, mask: layer.mask }), place, heads)['O'] as string
  return Tape.apply(tape, outOfHeads(o), `${place}.O`, { O }, bind('O'), say)['Y'] as string
}

/** The tokens after a layer, `e[s,i,c]` before and after; `place` names its values. */
export const lowerTransformer = (
  tape: Tape.Tape,
  place: string,
  typed: TypedLayer,
  layer: SoftmaxAttention | LayerNorm | Gelu | Positions,
  e: string
): string => {
  const { path, before } = typed
  const sizes = { width: T.width(before), count: before.count }
  const own = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, `${path}.${name}`]))
  switch (layer._tag) {
    case 'softmaxAttention':
      return attention(tape, place, typed, layer, e)
    case 'layerNorm': {
      const rule = layerNorm({ ...sizes, epsilon: layer.epsilon })
      return Tape.apply(tape, rule, place, { e }, own(rule.parameters))['Y'] as string
    }
    case 'gelu':
      return Tape.apply(tape, gelu({ ...sizes, form: layer.form }), place, { e })['Y'] as string
    case 'positions':
      return Tape.apply(tape, positions(sizes), place, { e }, own(['table']))['Y'] as string
  }
}
