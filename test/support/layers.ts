/** Single layers to try, and their tokens as plain rows. */
import { pipe } from 'fp-ts/function'

import * as D from '../../runtime/interpreter/dense'
import { L, M, T, W } from '../../spec'
import type { TypedLayer } from '../../spec/infer'
import { typed } from './right'

/** A layer on tokens of `width` numbers, judged, between a map into such tokens and one out of them. */
export const between = (width: number, layer: L.Layer): TypedLayer =>
  typed(
    M.make({
      name: 'case',
      encoding: T.columns,
      body: pipe(
        L.linearMap({ weight: W.full, out: width }),
        L.andThen(layer),
        L.andThen(L.linearMap({ weight: W.full, out: 1 }))
      ),
      readout: M.perToken('y')
    })
  ).body.children[1] as TypedLayer

export const rows = (a: D.Array64): number[][] =>
  Array.from({ length: D.rowsOf(a) }, (_, i) => Array.from({ length: D.columnsOf(a) }, (_, j) => a.get(i, j)))
