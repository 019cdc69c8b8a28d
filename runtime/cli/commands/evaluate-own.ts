/** `ansatz evaluate MODEL`: a trained network on held-out systems of the family that it was trained on. */
import * as E from 'fp-ts/Either'

import { plan as planFor } from '../../../codegen/compile'
import * as F from '../../../spec/family'
import type { Typed } from '../../../spec/infer'
import { choose } from '../../backends/choose'
import { open } from '../../backends/open'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import type { Sample } from '../../sample/sample'
import { chunkOf, inChunks } from '../../train/answers'
import { drawHeldOut, type Judgement, judge } from '../../train/held-out'
import type { Weights } from '../../weights/weights'
import { step } from '../debug'
import { type Failure, fail, failure, type Outcome } from '../exit'
import { findModel } from '../model'
import { say, sayJson, scientific, table } from '../print'

export interface OwnOptions {
  readonly backend: string
  readonly systems: number
  readonly seed: number
  readonly json?: boolean
}

type Result<A> = E.Either<Failure, A>

const wrong = (error: { readonly message: string }): Failure => failure('backend', error.message)

/** Answers to a sample, [batch, n], in float32 by the tokens, unrefined. */
const answers = async (
  runtime: Runtime,
  typed: Typed,
  weights: Weights,
  sample: Sample
): Promise<Result<Float64Array>> => {
  const { n } = sample
  const plan = planFor(runtime.target, { _tag: 'forward' }, typed, { n, batch: chunkOf(sample) })
  if (E.isLeft(plan)) return fail('model', plan.left)
  const made = await runtime.compile(plan.right)()
  if (E.isLeft(made)) return E.left(wrong(made.left))
  const single = (a: Float64Array): Float32Array => Float32Array.from(a)
  const loaded = made.right.load(Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, single(w)])))
  if (E.isLeft(loaded)) return E.left(wrong(loaded.left))
  const found = await inChunks(sample, async ({ A, b }) =>
    E.map((out: Readonly<Record<string, ArrayLike<number>>>) => out['x'] ?? [])(
      await made.right.run({ A: single(A), b: single(b) }, ['x'])()
    )
  )
  await made.right.dispose()
  return E.mapLeft(wrong)(found)
}

const measure = async (
  runtime: Runtime,
  typed: (n: number) => Result<Typed>,
  weights: Weights,
  samples: readonly Sample[]
): Promise<Result<Judgement>> => {
  const all: Float64Array[] = []
  for (const sample of samples) {
    const judged = typed(sample.n)
    if (E.isLeft(judged)) return judged
    const found = await answers(runtime, judged.right, weights, sample)
    if (E.isLeft(found)) return found
    all.push(found.right)
  }
  return E.right(judge(samples, all))
}

/** Mean square error, relative error and backward error of a network's own answers on its own family. */
export const evaluateOwn = async (name: string, o: OwnOptions): Promise<Outcome> => {
  const found = await findModel(name, { weights: true })
  if (E.isLeft(found)) return found
  const { checkpoint, typed } = found.right
  const recipe = checkpoint?.recipe ?? null
  if (checkpoint === null || recipe === null) {
    return fail('model', `${name}: expected a checkpoint with its recipe, whose family is drawn from; found none`)
  }
  const chosen = await step('choose a backend', choose(o.backend))
  if (E.isLeft(chosen)) return E.left(wrong(chosen.left))
  const opened = await open(chosen.right)()
  if (E.isLeft(opened)) return E.left(wrong(opened.left))
  const runtime = opened.right
  const samples = drawHeldOut(recipe.valid, Key.fold(Key.key(o.seed), 'evaluate'), o.systems)
  const judged = await measure(runtime, typed, checkpoint.weights, samples)
  await runtime.close()
  if (E.isLeft(judged)) return judged
  const { systems, mse, relative, backward } = judged.right
  const { backend, adapter } = runtime
  if (o.json === true) {
    sayJson({ model: name, family: F.show(recipe.valid), backend, adapter, seed: o.seed, ...judged.right })
    return E.right('done')
  }
  say(`${name} on ${systems} systems of its family, seed ${o.seed}: ${F.show(recipe.valid)}`)
  say(`its own answers, unrefined, in float32 on ${backend} (${adapter})\n`)
  say(
    table([
      ['mean square error of x', scientific(mse)],
      ['relative error, median', scientific(relative.median)],
      ['relative error, mean', scientific(relative.mean)],
      ['backward error, median', scientific(backward)]
    ])
  )
  return E.right('done')
}
