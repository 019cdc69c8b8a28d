/**
 * Answers of a model with its weights on many systems: in float64 as compiled JavaScript, in float32 on a backend.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { plan as planFor, toJavaScript } from '../../codegen/compile'
import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import type { BackendError } from '../backends/error'
import type { Executable, Runtime } from '../backends/runtime'
import { read, show } from '../checkpoint/checkpoint'
import { load64 } from '../javascript/run'
import { shipped } from '../package/root'
import type { Sample } from '../sample/sample'
import { closedForm } from '../weights/closed-form'
import type { Weights } from '../weights/weights'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Weighted {
  readonly name: string
  readonly model: Model
  readonly weights: Weights
}

type Result<A> = E.Either<string, A>

const sentence = ({ message }: BackendError): string => message

export const inferred = (model: Model): Result<I.Typed> => pipe(I.infer(model), E.mapLeft(I.show))

const rows = (values: Float64Array, of: number, from: number, count: number): Float64Array => {
  const width = values.length / of
  return values.subarray(from * width, (from + count) * width)
}

/** The systems from number `from` on. */
export const part = ({ n, A, b, x, ...more }: Sample, from: number, batch: number): Sample => ({
  n,
  batch,
  ...(more.coefficients === undefined ? {} : { coefficients: rows(more.coefficients, more.batch, from, batch) }),
  A: A.subarray(from * n * n, (from + batch) * n * n),
  b: b.subarray(from * n, (from + batch) * n),
  x: x.subarray(from * n, (from + batch) * n)
})

/** Numbers of a matrix batch that go through at once. */
const mostNumbers = 2 ** 18

/** A divisor of the number of systems, so that one program serves all parts. */
const chunkOf = ({ n, batch }: Sample): number => {
  let chunk = Math.max(1, Math.min(batch, Math.floor(mostNumbers / (n * n))))
  while (batch % chunk !== 0) chunk--
  return chunk
}

// --- float64 ---------------------------------------------------------------------------------------------------------

/** Answers in float64 by any weights of a model to systems like the sample, compiled once. */
export const answering64 = (model: Model, like: Sample): Result<(weights: Weights, sample: Sample) => Float64Array> => {
  const batch = chunkOf(like)
  return pipe(
    inferred(model),
    E.chain((typed) => toJavaScript({ _tag: 'forward' }, typed, { n: like.n, batch })),
    E.map((program) => {
      const executable = load64(program)
      return (weights: Weights, sample: Sample) => {
        const x = new Float64Array(sample.batch * sample.n)
        for (let from = 0; from < sample.batch; from += batch) {
          const { A, b } = part(sample, from, batch)
          x.set(executable.run({ ...weights, A, b })['x']!, from * sample.n)
        }
        return x
      }
    })
  )
}

/** x: [batch, n], in float64. */
export const answers64 = ({ model, weights }: Weighted, sample: Sample): Result<Float64Array> =>
  pipe(
    answering64(model, sample),
    E.map((answer) => answer(weights, sample))
  )

// --- float32 ---------------------------------------------------------------------------------------------------------

export const singles = (arrays: Readonly<Record<string, Float64Array>>): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, Float32Array.from(array)]))

/** The model compiled for a backend, with its weights in place. */
export const compiled = async (
  { model, weights }: Weighted,
  runtime: Runtime,
  sizes: { readonly n: number; readonly batch: number }
): Promise<Result<Executable>> => {
  const plan = pipe(
    inferred(model),
    E.chain((typed) => planFor(runtime.target, { _tag: 'forward' }, typed, sizes))
  )
  if (E.isLeft(plan)) return plan
  const made = await runtime.compile(plan.right)()
  if (E.isLeft(made)) return E.left(sentence(made.left))
  const loaded = made.right.load(singles(weights))
  return E.isLeft(loaded) ? E.left(sentence(loaded.left)) : made
}

/** x: [batch, n], computed in float32. */
export const answers32 = async (w: Weighted, runtime: Runtime, sample: Sample): Promise<Result<Float32Array>> => {
  const batch = chunkOf(sample)
  const made = await compiled(w, runtime, { n: sample.n, batch })
  if (E.isLeft(made)) return made
  const x = new Float32Array(sample.batch * sample.n)
  try {
    for (let from = 0; from < sample.batch; from += batch) {
      const { A, b } = part(sample, from, batch)
      const ran = await made.right.run(singles({ A, b }), ['x'])()
      if (E.isLeft(ran)) return E.left(sentence(ran.left))
      x.set(ran.right['x']!, from * sample.n)
    }
  } finally {
    await made.right.dispose()
  }
  return E.right(x)
}

// --- errors ----------------------------------------------------------------------------------------------------------

/** `mean (x - target)^2`; infinite where an answer is not finite. */
export const meanSquare = (x: ArrayLike<number>, target: ArrayLike<number>): number => {
  let sum = 0
  for (let k = 0; k < target.length; k++) sum += (x[k]! - target[k]!) ** 2
  return Number.isFinite(sum) ? sum / target.length : Infinity
}

// --- models with weights ---------------------------------------------------------------------------------------------

/** A shipped checkpoint. */
export const shippedModel = async (name: string): Promise<Result<Weighted>> => {
  const found = await read(shipped('checkpoints', `${name}.safetensors`))()
  return E.isLeft(found)
    ? E.left(show(found.left))
    : E.right({ name, model: found.right.model, weights: found.right.weights })
}

/** The closed form of a depth for a condition number. */
export const closedFormModel = (layers: number, kappa: number): Result<Weighted> =>
  pipe(
    closedForm({ layers, kappa }),
    E.map((made) => ({ name: `closed form, ${layers} layers, kappa ${kappa}`, ...made }))
  )
