/** Lowering of recurrent layers, which work on tokens in one stretch. */
import type { TypedLayer } from '../spec/infer'
import { directionsOf, type Recurrent } from '../spec/recurrent'
import * as T from '../spec/token'
import { beside, gru, lstm } from './rules/recurrent'
import * as Tape from './tape'

/** The tokens after the layer, `e[s,i,c]` before and after; `place` names its values. */
export const lowerRecurrent = (
  tape: Tape.Tape,
  place: string,
  { path, before }: TypedLayer,
  { cell, hidden, tokens, ...layer }: Recurrent,
  e: string
): string => {
  const names = { W: 'W.matrix', w: 'W.bias', U: 'U.matrix', u: 'U.bias' } as const
  const ways = directionsOf({ cell, hidden, tokens, ...layer }).map((direction): string => {
    const o = { hidden, tokens, width: T.width(before), backward: direction === 'backward' }
    const rule = cell._tag === 'lstm' ? lstm(o) : gru(o)
    const bound = Object.entries(names)
      .filter(([label]) => rule.parameters.includes(label))
      .map(([label, name]) => [label, `${path}.${direction}.${name}`])
    return Tape.apply(tape, rule, `${place}.${direction}`, { e }, Object.fromEntries(bound))['Y'] as string
  })
  const [P, Q] = ways
  if (P === undefined || Q === undefined) return P ?? e
  return Tape.apply(tape, beside({ hidden, tokens }), place, { P, Q })['Y'] as string
}
