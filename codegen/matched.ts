/** Models of equal size: the width at which one kind of model has as many parameters as another, or takes as many operations. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as Dim from '../spec/dim'
import * as Infer from '../spec/infer'
import type { Model } from '../spec/model'
import * as P from '../spec/parameter'
import { equations } from './compile'
import { countEquations } from './count'

/** What two models have in common: parameters, or floating-point operations of one answer. */
export type Measure = 'parameters' | 'operations'

/** A model by that measure at n unknowns; `Left` is a sentence. */
export const measured =
  (measure: Measure, n: number) =>
  (model: Model): E.Either<string, number> =>
    pipe(
      Infer.infer(model),
      E.mapLeft(Infer.show),
      E.chain((typed) =>
        measure === 'operations'
          ? pipe(
              equations({ _tag: 'forward' }, typed),
              E.map((e) => countEquations({ n, batch: 1 })(e).flops)
            )
          : pipe(
              Dim.evaluate({ n })(P.total(typed.parameters)),
              E.mapLeft((symbol) => `${model.name} has parameters of size ${symbol}, which is no number`)
            )
      )
    )

/** The widest model that is looked at. */
const widest = 1 << 14

export interface Matched {
  readonly width: number
  readonly model: Model
  /** Of this model, and what was asked for. */
  readonly size: number
  readonly wanted: number
}

/**
 * The model of `make` whose size is nearest to `wanted`, by its width, with which sizes grow: `pipe(like, measured(by, n))` is
 * what another model has.
 */
export const matched = (
  measure: Measure,
  n: number,
  wanted: number,
  make: (width: number) => Model
): E.Either<string, Matched> => {
  const at = (width: number): E.Either<string, Matched> =>
    pipe(
      make(width),
      E.right,
      E.bindTo('model'),
      E.bind('size', ({ model }) => measured(measure, n)(model)),
      E.map(({ model, size }) => ({ width, model, size, wanted }))
    )
  const nearer = (below: Matched, above: Matched): Matched =>
    Math.abs(above.size - wanted) < Math.abs(below.size - wanted) ? above : below
  /** Between a width that is too small, or the least, and one that is too large. */
  const between = (below: Matched, above: Matched): E.Either<string, Matched> => {
    if (above.width - below.width < 2) return E.right(nearer(below, above))
    return pipe(
      at((below.width + above.width) >> 1),
      E.chain((middle) => (middle.size > wanted ? between(below, middle) : between(middle, above)))
    )
  }
  const doubled = (below: Matched): E.Either<string, Matched> =>
    below.width >= widest
      ? E.left(`no width up to ${widest} has ${wanted} ${measure}`)
      : pipe(
          at(2 * below.width),
          E.chain((above) => (above.size > wanted ? between(below, above) : doubled(above)))
        )
  return pipe(
    at(1),
    E.chain((least) => (least.size > wanted ? E.right(least) : doubled(least)))
  )
}
