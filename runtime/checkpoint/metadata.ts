/**
 * The texts in a checkpoint's header: what the numbers are, in JSON, exact in their keys.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as D from '../../spec/decoder'
import * as Json from '../../spec/json'
import type { Model } from '../../spec/model'
import type { Recipe } from '../../spec/recipe'
import { decodeRecipe, encodeRecipe } from '../../spec/recipe-json'
import { sha256 } from '../data/manifest'
import type { TrainState } from '../train/state'
import { type Card, cardDecoder } from './card-json'
import { blank } from './checksum'
import type { Checkpoint } from './model'

// --- model -----------------------------------------------------------------------------------------------------------

/** The numbers of a training state that are not arrays. */
type Place = Omit<TrainState, 'weights' | 'base' | 'best' | 'moments'>

export interface Described {
  readonly model: Model
  readonly recipe: Recipe | null
  readonly seed: number
  readonly loss: number
  readonly card: Card | null
  readonly state: Place | null
  readonly bestLoss: number | null
}

const format = 'ansatz-checkpoint'
const version = '1'

// --- writing ---------------------------------------------------------------------------------------------------------

/** JSON has no infinity: a loss that is not known is `null`. */
const finite = (loss: number): number | null => (Number.isFinite(loss) ? loss : null)

const placeOf = (state: TrainState): D.Json => {
  const { seed, backend, threads, data, ahead, stage, start, iteration } = state
  const { draw, accepted, stale, damping, loss, best } = state
  const bestLoss = best === null ? null : { loss: finite(best.loss) }
  return {
    seed,
    backend,
    threads,
    data,
    ahead,
    stage,
    start,
    iteration,
    draw,
    accepted,
    stale,
    damping,
    loss: finite(loss),
    best: bestLoss
  }
}

/** The header's texts, with a blank checksum. */
export const describe = ({ model, recipe, seed, loss, card, state }: Checkpoint): Readonly<Record<string, string>> => ({
  format,
  version,
  kind: state === null ? 'weights' : 'training',
  checksum: blank,
  model: JSON.stringify(Json.encode(model)),
  recipe: JSON.stringify(recipe === null ? null : encodeRecipe(recipe)),
  seed: String(seed),
  loss: JSON.stringify(finite(loss)),
  card: JSON.stringify(card),
  state: JSON.stringify(state === null ? null : placeOf(state))
})

// --- reading ---------------------------------------------------------------------------------------------------------

const keys = ['format', 'version', 'kind', 'checksum', 'model', 'recipe', 'seed', 'loss', 'card', 'state']

const known: D.Decoder<number> = (value, path) =>
  value === null ? E.right(Number.POSITIVE_INFINITY) : D.number(value, path, 0)

const count = D.whole(0, Number.MAX_SAFE_INTEGER)

interface StoredPlace extends Place {
  readonly best: { readonly loss: number } | null
}

const place: D.Decoder<StoredPlace> = D.struct<StoredPlace>({
  seed: count,
  backend: D.oneOf('javascript', 'wasm', 'cpu', 'webasm', 'webgpu', 'headlessgl', 'webgl2', 'wgsl'),
  threads: D.or(1, D.whole(1, 1024)),
  data: D.or(null, D.nullable(sha256)),
  ahead: D.or(0, count),
  stage: count,
  start: count,
  iteration: count,
  draw: count,
  accepted: count,
  stale: D.or(0, count),
  damping: D.number,
  loss: known,
  best: D.nullable(D.struct({ loss: known }))
})

const recipe: D.Decoder<Recipe | null> = (value) => (value === null ? E.right(null) : decodeRecipe(value))

/** The value of one text, its place in errors being the text's name. */
const from = <A>(
  metadata: Readonly<Record<string, string>>,
  name: string,
  decoder: D.Decoder<A>
): E.Either<string, A> =>
  pipe(
    E.tryCatch(
      (): unknown => JSON.parse(metadata[name] ?? ''),
      () => `${name} in the header: expected JSON, found something else`
    ),
    E.chain((value) =>
      pipe(
        decoder(value, '', 0),
        E.mapLeft((error) => `${name} in the header: ${D.show(error)}`)
      )
    )
  )

/** What the texts say, or one sentence on the first that cannot be understood. */
export const described = (metadata: Readonly<Record<string, string>>): E.Either<string, Described> => {
  if (metadata['format'] !== format) return E.left('a safetensors file of another origin: no checkpoint of ours')
  if (metadata['version'] !== version) {
    return E.left(
      `a checkpoint of another version: this program reads version ${version}; use the program that wrote it`
    )
  }
  const odd = Object.keys(metadata).find((key) => !keys.includes(key)) ?? keys.find((key) => !(key in metadata))
  if (odd !== undefined)
    return E.left(`its header: expected exactly ${keys.join(', ')}, not so for ${JSON.stringify(odd)}`)
  return pipe(
    E.Do,
    E.bind('model', () => from(metadata, 'model', Json.model)),
    E.bind('recipe', () => from(metadata, 'recipe', recipe)),
    E.bind('seed', () => from(metadata, 'seed', count)),
    E.bind('loss', () => from(metadata, 'loss', known)),
    E.bind('card', () => from(metadata, 'card', D.nullable(cardDecoder))),
    E.bind('place', () => from(metadata, 'state', D.nullable(place))),
    E.chain(({ place: stored, ...rest }) => {
      const kind = stored === null ? 'weights' : 'training'
      if (metadata['kind'] !== kind)
        return E.left(`kind in the header: expected ${kind}, found ${JSON.stringify(metadata['kind'])}`)
      if (stored === null) return E.right({ ...rest, state: null, bestLoss: null })
      const { best, ...state } = stored
      return E.right({ ...rest, state, bestLoss: best === null ? null : best.loss })
    })
  )
}
