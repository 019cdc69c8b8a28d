import { pipe } from 'fp-ts/function'

import * as L from '../layer'
import * as M from '../model'
import * as T from '../token'
import * as W from '../weight'

export interface RecurrentOptions {
  /** The one problem size. */
  readonly n: number
  /** Numbers that one direction carries. */
  readonly width: number
  readonly layers: number
  /** Whether every layer reads the columns from both ends; default true. */
  readonly bidirectional?: boolean
  /** Numbers that a column is embedded in by an affine map first; default null: the first layer reads columns as they are. */
  readonly embedding?: number | null
  /** As of `algebraformer`: scales what comes in, and the answer back; default null: systems are taken as they are. */
  readonly equilibrate?: number | null
  /** Matrices start from N(0, std^2), or, by default, from the uniform law on +-1 / sqrt(width). */
  readonly std?: number | null
}

const nameOf = (cell: string, { n, width, layers, bidirectional, embedding, equilibrate }: RecurrentOptions): string =>
  [
    `${cell}-${layers}-n${n}-width${width}`,
    ...((bidirectional ?? true) ? [] : ['forward']),
    ...(embedding === undefined || embedding === null ? [] : [`embedding${embedding}`]),
    ...(equilibrate === undefined || equilibrate === null ? [] : ['equilibrated'])
  ].join('-')

const network = (cell: 'lstm' | 'gru', o: RecurrentOptions): M.Model => {
  const direction: L.Direction = (o.bidirectional ?? true) ? 'both' : 'forward'
  const std = o.std ?? null
  const layer = (cell === 'lstm' ? L.lstm : L.gru)({ hidden: o.width, tokens: o.n, direction, std })
  const affine = (out: number): L.Layer =>
    L.linearMap({ weight: W.fullOf(std === null ? {} : { std }), out, bias: true })
  const before = o.embedding === undefined || o.embedding === null ? [] : [affine(o.embedding)]
  const layers = Array.from({ length: o.layers }, () => layer)
  const [first = affine(1), ...others] = [...before, ...layers, affine(1)]
  const body = others.reduce((whole, next) => pipe(whole, L.andThen(next)), first)
  const answer = o.equilibrate ?? null
  return M.make({
    name: nameOf(cell, o),
    encoding: T.columns,
    body: answer === null ? body : L.equilibrate({ answer })(body),
    readout: M.perToken('y')
  })
}

/**
 * LSTM layers over the columns of a system: tokens `(A[:, i], b_i)`, `layers` layers that each read the tokens of the one before,
 * and an affine head that reads `x_i` from token i. Read one way only, `x_i` cannot depend on the columns behind i, though the
 * solution does; so layers read both ways unless told otherwise.
 */
export const lstm = (options: RecurrentOptions): M.Model => network('lstm', options)

/** The same with GRU layers. */
export const gru = (options: RecurrentOptions): M.Model => network('gru', options)
