/**
 * Answers of a model to many systems, by a forward program for some of them at a time.
 */
import * as E from 'fp-ts/Either'

import { plan as planFor } from '../../codegen/compile'
import type { Typed } from '../../spec/infer'
import type { Arrays, Executable, Runtime } from '../backends/runtime'
import type { Sample } from '../sample/sample'
import { gathered } from './batches'
import type { Result } from './context'
import { asResult, single } from './machine'
import { trainError } from './state'

/** The most systems that a forward program takes at once. */
const most = 64

/** Systems that go through a program at once. */
export const chunkOf = ({ batch }: Sample): number => Math.min(batch, most)

/**
 * Answers to all systems of a sample, [batch, n]; `some` answers those of a smaller one. All of them have one size: the last is
 * filled up with the sample's first systems, whose answers are not used twice.
 */
export const inChunks = async <Err>(
  sample: Sample,
  some: (part: Sample) => Promise<E.Either<Err, ArrayLike<number>>>
): Promise<E.Either<Err, Float64Array>> => {
  const { n, batch } = sample
  const size = chunkOf(sample)
  const answers = new Float64Array(batch * n)
  for (let from = 0; from < batch; from += size) {
    const part = gathered(
      sample,
      Array.from({ length: size }, (_, k) => (from + k) % batch)
    )
    const found = await some(part)
    if (E.isLeft(found)) return found
    const used = Math.min(size, batch - from) * n
    for (let k = 0; k < used; k++) answers[from * n + k] = found.right[k]!
  }
  return E.right(answers)
}

/** Answers by forward programs on a backend, each compiled when it is first needed. */
export const answering = (
  runtime: Runtime,
  typed: Typed
): ((weights: Arrays, systems: Sample) => Promise<Result<Float64Array>>) => {
  const forwards = new Map<string, Executable>()

  const forwardOf = async (n: number, batch: number): Promise<Result<Executable>> => {
    const key = `${n} ${batch}`
    const known = forwards.get(key)
    if (known !== undefined) return E.right(known)
    const plan = planFor(runtime.target, { _tag: 'forward' }, typed, { n, batch })
    if (E.isLeft(plan)) return E.left(trainError(plan.left))
    const made = await runtime.compile(plan.right)()
    if (E.isRight(made)) forwards.set(key, made.right)
    return asResult(made)
  }

  return (weights, systems) => {
    let loaded: Executable | null = null
    return inChunks(systems, async ({ n, batch, A, b }) => {
      const made = await forwardOf(n, batch)
      if (E.isLeft(made)) return made
      const given = loaded === made.right ? E.right(undefined) : asResult(made.right.load(weights))
      if (E.isLeft(given)) return given
      loaded = made.right
      return E.map((out: Arrays) => out['x']!)(asResult(await made.right.run(single({ A, b }), ['x'])()))
    })
  }
}
