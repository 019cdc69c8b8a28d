/** Files that keep what is promised of them: float32 where that leaves answers enough digits, else float64 inside. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Key } from '../random/key'
import { type Agreement, agreement } from './agreement'
import { type OnnxFile, onnxFile, type Precision, type Source } from './file'

export interface Judged extends OnnxFile {
  readonly precision: Precision
  readonly off: Agreement
}

export interface Refusal {
  /** A wrong question, or a wrong graph. */
  readonly kind: 'model' | 'rung'
  readonly message: string
}

/** A graph and the model differ by rounding in float64; what is wrong in a graph shows. */
const most = 1e-9

/** What answers may be off by as a graph runs, relative to the largest entry of an answer. */
export const promised = 1e-5

/** What they may be off by on the few systems that a graph is judged on: others lose more. */
export const spare = promised / 4

type Made = E.Either<Refusal, Judged>

const made = (source: Omit<Source, 'precision'>, precision: Precision, key: Key): Made =>
  pipe(
    onnxFile({ ...source, precision }),
    E.mapLeft((message): Refusal => ({ kind: 'model', message })),
    E.map((file) => ({ ...file, precision, off: agreement(file.graph, source.typed, source.n, source.weights, key) }))
  )

const within = (what: keyof Agreement, bound: number) =>
  E.filterOrElse(
    ({ off }: Judged) => off[what] < bound,
    ({ precision, off }): Refusal => ({
      kind: 'rung',
      message: `its graph in ${precision} differs from its layers by ${off[what].toExponential(1)}, relative`
    })
  )

/**
 * The file in the precision that is asked for, or in float32 if its answers keep their digits there, judged on random systems; a
 * refusal where the graph is not the model, or where float64 does not help.
 */
export const judgedFile = (source: Omit<Source, 'precision'>, asked: Precision | null, key: Key): Made =>
  pipe(
    made(source, 'float32', key),
    within('deviation', most),
    E.chain((narrow) => {
      const chosen = asked ?? (narrow.off.rounding < spare ? 'float32' : 'float64')
      if (chosen === 'float32') return E.right(narrow)
      return pipe(
        made(source, 'float64', key),
        within('rounding', spare),
        // What a cast to float32 at the end leaves is no fault of the graph.
        E.map((wide) => ({ ...wide, off: { ...wide.off, deviation: narrow.off.deviation } }))
      )
    })
  )
