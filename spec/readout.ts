/**
 * The judgement of readouts: whether the answer stands where a model reads it.
 */
import * as E from 'fp-ts/Either'

import * as Dim from './dim'
import type { Model } from './model'
import { all, fail, type Result } from './shape'
import * as T from './token'

/** Whether the tokens after the last layer hold the answer in the part that a model names. */
export const checkReadout = (model: Model, after: T.Tokens): Result<void> => {
  const { _tag, part } = model.readout
  const found = after.parts.find((p) => p.name === part)
  const place = `readout.${_tag}`
  if (found === undefined) {
    return fail(place, `a part called ${part}`, T.showParts(after), 'the last layer leaves no such part')
  }
  switch (_tag) {
    case 'query':
      if (!after.query) return fail(place, 'a query token', 'none', 'this encoding has no query: use M.perToken')
      return Dim.equals(found.dim, Dim.n)
        ? E.right(undefined)
        : fail(place, 'a part of size n', `${part}:${Dim.show(found.dim)}`, 'the answer has n entries')
    case 'perToken':
      if (!Dim.equals(after.count, Dim.n)) {
        const cause = after.query
          ? 'this encoding has a query: use M.query'
          : 'entries are left: end with L.columnMeans'
        return fail(place, 'n tokens', Dim.show(after.count), cause)
      }
      return Dim.equals(found.dim, Dim.one)
        ? E.right(undefined)
        : fail(place, 'a part of size 1', `${part}:${Dim.show(found.dim)}`, 'each token holds one entry of the answer')
    case 'transposed':
      return all(
        after.query
          ? fail(place, 'n tokens', Dim.show(after.count), "the sum runs over the equations: encode with query 'none'")
          : E.right(undefined),
        Dim.equals(found.dim, Dim.n)
          ? E.right(undefined)
          : fail(place, 'a part of size n', `${part}:${Dim.show(found.dim)}`, 'the answer has n entries'),
        after.parts.some((p) => p.name === 'b' && Dim.equals(p.dim, Dim.one))
          ? E.right(undefined)
          : fail(place, 'a part b of size 1', T.showParts(after), 'each token is weighed by its b')
      )
  }
}
