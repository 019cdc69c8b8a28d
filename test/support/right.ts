import type { Either } from 'fp-ts/Either'

import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'

/** What a `Right` holds; a `Left` is a mistake of the test. */
export const right = <E, A>(either: Either<E, A>): A => {
  if (either._tag === 'Left') throw new Error(`internal: expected Right, found Left ${JSON.stringify(either.left)}`)
  return either.right
}

/** What a `Left` holds; a `Right` is a mistake of the test. */
export const left = <E, A>(either: Either<E, A>): E => {
  if (either._tag === 'Right') throw new Error('internal: expected Left, found Right')
  return either.left
}

/** A model that must be sound, judged. */
export const typed = (model: Model): I.Typed => right(I.infer(model))
