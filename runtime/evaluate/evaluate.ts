/**
 * Accuracy on random systems: every model in float32 by its tokens on a backend, in float64 as compiled JavaScript, and
 * by the layer interpreter on a few; beside it, how many steps of conjugate gradients are as accurate.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { plan as planFor, toJavaScript } from '../../codegen/compile'
import * as F from '../../spec/family'
import type { Typed } from '../../spec/infer'
import type { BackendError } from '../backends/error'
import type { Runtime } from '../backends/runtime'
import { interpretBatch } from '../interpreter/interpret'
import { load64 } from '../javascript/run'
import { batchCg } from '../linalg/batch'
import * as Key from '../random/key'
import { draw } from '../sample/draw'
import type { Sample } from '../sample/sample'
import type { Weights } from '../weights/weights'

// --- model -----------------------------------------------------------------------------------------------------------

/** A model to measure; `bounds` are the mean square errors that are promised of it, or `null`. */
export interface Entrant {
  readonly name: string
  readonly typed: Typed
  readonly weights: Weights
  readonly bounds: { readonly float32: number | null; readonly float64: number | null }
}

/** Mean square errors `mean (x - A^-1 b)^2` of one model at one size. */
export interface Accuracy {
  readonly model: string
  readonly n: number
  readonly systems: number
  readonly float32: number
  readonly float64: number
  /** The largest difference of an answer in compiled float64 to the layer interpreter's, relative to the largest answer. */
  readonly interpreter: number
  /** Steps of conjugate gradients in float64 with the same mean square error as the float64 one; NaN if none has. */
  readonly cgSteps: number
  readonly bounds: Entrant['bounds']
  readonly ok: boolean
}

export interface EvaluateOptions {
  readonly kappa: number
  readonly sizes: readonly number[]
  readonly systems: number
  readonly seed: number
  readonly onAccuracy?: (row: Accuracy) => void
}

/** Systems that the layer interpreter, which is slow, is asked for. */
const interpreted = 8
/** Numbers of a token array that go through at once. */
const mostNumbers = 2 ** 21

// --- measuring -------------------------------------------------------------------------------------------------------

const part = ({ n, A, b, x }: Sample, from: number, batch: number): Sample => ({
  n,
  batch,
  A: A.subarray(from * n * n, (from + batch) * n * n),
  b: b.subarray(from * n, (from + batch) * n),
  x: x.subarray(from * n, (from + batch) * n)
})

const squares = (x: ArrayLike<number>, target: Float64Array): number => {
  let sum = 0
  for (let k = 0; k < target.length; k++) sum += ((x[k] ?? Number.NaN) - (target[k] ?? 0)) ** 2
  return sum
}

const difference = (x: Float64Array, y: Float64Array): number => {
  const size = y.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  return y.reduce((most, v, k) => Math.max(most, Math.abs(v - (x[k] ?? Number.NaN))), 0) / (size === 0 ? 1 : size)
}

/**
 * Steps of conjugate gradients with the given mean square error, between two whole numbers by the logarithm of theirs;
 * the error of CG falls with every step, so that bisection finds them. `errors` keeps those that were computed.
 */
export const cgStepsTo = ({ A, b, x, batch, n }: Sample, mse: number, errors: number[]): number => {
  const errorAfter = (k: number): number => {
    errors[k] ??= squares(batchCg(A, b, batch, n, k), x) / x.length
    return errors[k] as number
  }
  let [few, enough] = [0, 4]
  while (errorAfter(enough) > mse) {
    if (enough > 4 * n + 20) return Number.NaN
    few = enough
    enough *= 2
  }
  while (enough - few > 1) {
    const middle = (few + enough) >> 1
    if (errorAfter(middle) > mse) few = middle
    else enough = middle
  }
  const [before, after] = [Math.log(errorAfter(few)), Math.log(Math.max(errorAfter(enough), Number.MIN_VALUE))]
  return few + (before - Math.log(mse)) / (before - after)
}

type Answers = (sample: Sample) => Promise<E.Either<string, ArrayLike<number>>>

const singles = (a: Float64Array): Float32Array => Float32Array.from(a)

/** Answers by a compiled program on the backend; float32 tokens. */
const onBackend = async (
  e: Entrant,
  runtime: Runtime,
  n: number,
  batch: number
): Promise<E.Either<string, { readonly run: Answers; readonly close: () => Promise<void> }>> => {
  const message = (error: BackendError): string => error.message
  const plan = planFor(runtime.target, { _tag: 'forward' }, e.typed, { n, batch })
  if (E.isLeft(plan)) return plan
  const made = await runtime.compile(plan.right)()
  if (E.isLeft(made)) return E.left(message(made.left))
  const weights = Object.fromEntries(Object.entries(e.weights).map(([name, w]) => [name, singles(w)]))
  const loaded = made.right.load(weights)
  if (E.isLeft(loaded)) return E.left(message(loaded.left))
  const run: Answers = async (s) =>
    pipe(
      await made.right.run({ A: singles(s.A), b: singles(s.b) }, ['x'])(),
      E.bimap(message, (out) => out['x'] ?? new Float32Array())
    )
  return E.right({ run, close: () => made.right.dispose() })
}

const inFloat64 = (e: Entrant, n: number, batch: number): E.Either<string, (s: Sample) => Float64Array> =>
  pipe(
    toJavaScript({ _tag: 'forward' }, e.typed, { n, batch }),
    E.map((program) => {
      const executable = load64(program)
      return ({ A, b }) => executable.run({ ...e.weights, A: A.slice(), b: b.slice() })['x'] ?? new Float64Array()
    })
  )

/** The systems that go through at once: a divisor of all of them, so that one program serves. */
const chunkOf = (n: number, systems: number): number => {
  let chunk = Math.max(1, Math.min(systems, Math.floor(mostNumbers / (2 * n * n))))
  while (systems % chunk !== 0) chunk--
  return chunk
}

const isWithin = (value: number, bound: number | null): boolean => bound === null || value <= bound

const measure = async (
  e: Entrant,
  runtime: Runtime,
  sample: Sample,
  errors: number[]
): Promise<E.Either<string, Accuracy>> => {
  const { n, batch: systems } = sample
  const chunk = chunkOf(n, systems)
  const single = await onBackend(e, runtime, n, chunk)
  if (E.isLeft(single)) return single
  const double = inFloat64(e, n, chunk)
  if (E.isLeft(double)) return double
  let [sum32, sum64] = [0, 0]
  let interpreter = 0
  try {
    for (let from = 0; from < systems; from += chunk) {
      const own = part(sample, from, chunk)
      const x32 = await single.right.run(own)
      if (E.isLeft(x32)) return x32
      const x64 = double.right(own)
      sum32 += squares(x32.right, own.x)
      sum64 += squares(x64, own.x)
      if (from === 0) {
        const few = part(own, 0, Math.min(interpreted, chunk))
        interpreter = difference(x64.subarray(0, few.x.length), interpretBatch(e.typed, e.weights, few))
      }
    }
  } finally {
    await single.right.close()
  }
  const [float32, float64] = [sum32 / sample.x.length, sum64 / sample.x.length]
  const ok = isWithin(float32, e.bounds.float32) && isWithin(float64, e.bounds.float64) && interpreter <= 1e-9
  const cgSteps = cgStepsTo(sample, float64, errors)
  return E.right({ model: e.name, n, systems, float32, float64, interpreter, cgSteps, bounds: e.bounds, ok })
}

/** Every entrant at every size, on the same systems. */
export const evaluate = async (
  entrants: readonly Entrant[],
  runtime: Runtime,
  o: EvaluateOptions
): Promise<E.Either<string, readonly Accuracy[]>> => {
  const rows: Accuracy[] = []
  for (const n of o.sizes) {
    const key = Key.fold(Key.fold(Key.key(o.seed), 'evaluate'), n)
    const sample = draw(F.spd({ kappa: o.kappa, sizes: n }), key, { n, batch: o.systems })
    const errors: number[] = []
    for (const e of entrants) {
      if (e.typed.n !== null && e.typed.n !== n) continue
      const row = await measure(e, runtime, sample, errors)
      if (E.isLeft(row)) return row
      rows.push(row.right)
      o.onAccuracy?.(row.right)
    }
  }
  return E.right(rows)
}
