/** Models as ONNX files: the graph for one n, float32 weights, and what the file says of itself. */
import { createHash } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { equations } from '../../codegen/compile'
import { encode } from '../../codegen/targets/onnx/encode'
import type { Graph } from '../../codegen/targets/onnx/graph'
import { print } from '../../codegen/targets/onnx/print'
import { widened } from '../../codegen/targets/onnx/widen'
import type { Typed } from '../../spec/infer'
import * as Json from '../../spec/json'
import type { Recipe } from '../../spec/recipe'
import { encodeRecipe } from '../../spec/recipe-json'
import { version } from '../package/root'
import { count, validate, type Weights } from '../weights/weights'

/** What is written: a model at one n, with its weights, and the recipe that gave them. */
export interface Source {
  readonly typed: Typed
  readonly n: number
  readonly weights: Weights
  readonly recipe: Recipe | null
  /** What the graph computes in; arrays come in, go out and are kept in float32. */
  readonly precision: Precision
}

export type Precision = 'float32' | 'float64'

export interface OnnxFile {
  readonly graph: Graph
  readonly metadata: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

export const sha256 = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

type Arrays = Readonly<Record<string, Float32Array>>

/** The weights in float32, or a sentence on the first number that has no place there. */
const rounded = (weights: Weights): E.Either<string, Arrays> => {
  const arrays = Object.entries(weights).map(([name, w]) => [name, Float32Array.from(w)] as const)
  const beyond = arrays.find(([, w]) => !w.every(Number.isFinite))
  return beyond === undefined
    ? E.right(Object.fromEntries(arrays))
    : E.left(`${beyond[0]}: expected numbers within float32, found one beyond 3.4e38`)
}

const precisions: Readonly<Record<Precision, (g: Graph) => Graph>> = { float32: (g) => g, float64: widened }

/** Messages of protocol buffers, and so ONNX files, are smaller. */
const mostBytes = 2 ** 31

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

/** Whether the weights of a model have a place in one file, before any are drawn. */
export const fits = (typed: Typed, n: number): E.Either<string, void> => {
  const bytes = 4 * count(typed, n)
  return bytes < mostBytes
    ? E.right(undefined)
    : E.left(`its weights take ${gibibytes(bytes)} in float32 at n = ${n}, and an ONNX file holds less than 2 GiB`)
}

const whole = (bytes: Uint8Array): E.Either<string, Uint8Array> =>
  bytes.length < mostBytes
    ? E.right(bytes)
    : E.left(`its graph and weights take ${gibibytes(bytes.length)}, and an ONNX file holds less than 2 GiB`)

const metadataOf = ({ typed, n, recipe, precision }: Source, weights: Arrays): Readonly<Record<string, string>> => ({
  model: typed.model.name,
  n: String(n),
  precision,
  spec: JSON.stringify(Json.encode(typed.model)),
  ...(recipe === null ? {} : { recipe: JSON.stringify(encodeRecipe(recipe)) }),
  'weights.sha256': sha256(
    ...Object.keys(weights)
      .sort()
      .map((name) => new Uint8Array((weights[name] as Float32Array).buffer))
  ),
  version: version()
})

/** The file, the same bytes for the same model and weights, or a sentence on why there is none. */
export const onnxFile = (source: Source): E.Either<string, OnnxFile> =>
  pipe(
    fits(source.typed, source.n),
    E.chain(() => validate(source.typed, source.n, source.weights)),
    E.chain(rounded),
    E.bindTo('weights'),
    E.bind('e', () => equations({ _tag: 'forward' }, source.typed)),
    E.let('graph', ({ e }) => precisions[source.precision](print(e, source.n))),
    E.let('metadata', ({ weights }) => metadataOf(source, weights)),
    E.bind('bytes', ({ graph, weights, metadata }) => whole(encode(graph, weights, { metadata, producer: 'ansatz' }))),
    E.map(({ graph, metadata, bytes }) => ({ graph, metadata, bytes }))
  )
