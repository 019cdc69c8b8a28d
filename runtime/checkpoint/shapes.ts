/**
 * The arrays that a checkpoint may hold, and their shapes: weights under their own names, the rest of a training state under
 * `base/`, `best/` and `moments/`.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../spec/infer'
import { encode } from '../../spec/json'
import type { Model } from '../../spec/model'
import { chain } from '../../spec/recipe'
import type { TrainState } from '../train/state'
import { sizesAt } from '../weights/weights'
import type { Checkpoint } from './model'

// --- model -----------------------------------------------------------------------------------------------------------

/** The model whose weights a checkpoint holds, and in a state that of the recipe before. */
export interface Models {
  readonly own: I.Typed
  readonly base: I.Typed | null
}

export type Shapes = ReadonlyMap<string, readonly number[]>

type Owned = Pick<Checkpoint, 'model' | 'recipe'> & { readonly state: Pick<TrainState, 'ahead'> | null }

// --- constructors ----------------------------------------------------------------------------------------------------

const inferred = (model: Model): E.Either<string, I.Typed> => E.mapLeft(I.show)(I.infer(model))

const same = (p: Model, q: Model): boolean => JSON.stringify(encode(p)) === JSON.stringify(encode(q))

/** The models of a checkpoint; a state is of the recipe of the chain that it names. */
export const modelsOf = ({ model, recipe, state }: Owned): E.Either<string, Models> => {
  if (state === null || recipe === null) return E.map((own: I.Typed) => ({ own, base: null }))(inferred(model))
  const recipes = chain(recipe)
  const at = recipes.length - 1 - state.ahead
  const [own, before] = [recipes[at], recipes[at - 1]]
  if (own === undefined) {
    return E.left(`expected at most ${recipes.length - 1} recipes ahead of the state, found ${state.ahead}`)
  }
  if (!same(own.model, model)) return E.left(`expected that of the recipe ${own.name}, which the state is in`)
  return pipe(
    E.Do,
    E.bind('own', () => inferred(model)),
    E.bind('base', () => (before === undefined ? E.right(null) : inferred(before.model)))
  )
}

const under = (prefix: string, typed: I.Typed): readonly (readonly [string, readonly number[]])[] =>
  sizesAt(typed, typed.n ?? 1).map(({ name, dims }) => [`${prefix}${name}`, dims] as const)

export const shapesOf = ({ own, base }: Models): Shapes =>
  new Map([...under('', own), ...(base === null ? [] : under('base/', base))])

// --- destructors -----------------------------------------------------------------------------------------------------

/** The array that another is shaped like: `best/p`, `moments/m(p)` and `moments/v(p)` are shaped like p. */
const likeness = (name: string): string =>
  name.startsWith('best/') ? name.slice(5) : (/^moments\/[mv]\((.+)\)$/.exec(name)?.[1] ?? name)

export const shapeOf = (shapes: Shapes, name: string): readonly number[] | undefined =>
  name === 'moments/power1' || name === 'moments/power2' ? [] : shapes.get(likeness(name))

/** Whether an array is one of the weights. */
export const isOwn = (name: string): boolean => !/^(base|best|moments)\//.test(name)
