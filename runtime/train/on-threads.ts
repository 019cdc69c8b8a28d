/**
 * Training steps on several threads: each computes loss and gradient of its share of the batch by the compiled program
 * `gradient`, with the parameters in a memory of its own; the gradients are summed in the order of the threads, and one
 * `update` makes new parameters, which go to all of them. The same bytes for the same number of threads.
 */
import * as E from 'fp-ts/Either'

import { plan as planFor } from '../../codegen/compile'
import { cotangent } from '../../codegen/lower'
import type { Plan } from '../../codegen/plan'
import type { Optimiser } from '../../codegen/rules/optimiser'
import type { Typed } from '../../spec/infer'
import type { Arrays, Executable, Runtime } from '../backends/runtime'
import type { Sample } from '../sample/sample'
import { type Crew, crew } from '../wasm/crew'
import { canThread } from '../wasm/worker'
import { answering } from './answers'
import type { Result } from './context'
import { asResult, double, namesOf, type Stepper, single, type Values, withMoments } from './machine'
import { trainError } from './state'

/** A crew for one size and batch, and the systems of each of its threads. */
interface Shared {
  readonly crew: Crew
  readonly shares: readonly number[]
}

/** `batch` systems among `threads`, the first ones with one more where they do not come out even. */
const sharesOf = (batch: number, threads: number): readonly number[] =>
  Array.from({ length: threads }, (_, k) => Math.ceil((batch - k) / threads))

/** `out = sum_k weight_k part_k`, in the order of k. */
const weighted = (out: Float32Array, parts: readonly Float32Array[], weights: readonly number[]): void => {
  const [first, ...others] = parts
  const [weight = 1] = weights
  for (let i = 0; i < out.length; i++) out[i] = weight * first![i]!
  for (const [k, part] of others.entries()) {
    const own = weights[k + 1]!
    for (let i = 0; i < out.length; i++) out[i] = out[i]! + own * part[i]!
  }
}

const machine = (runtime: Runtime, threads: number, typed: Typed, update: Executable): Stepper => {
  const names = namesOf(typed)
  const answer = answering(runtime, typed)
  const crews = new Map<string, Shared>()
  /** The crew whose memories have the newest parameters. */
  let current: Shared | null = null
  let gradients: Arrays = {}

  const compiled = ({ n, batch }: Sample): Result<Shared> => {
    const shares = sharesOf(batch, threads)
    const plans = new Map<number, Plan>()
    for (const share of new Set(shares)) {
      const plan = planFor(runtime.target, { _tag: 'gradient' }, typed, { n, batch: share })
      if (E.isLeft(plan)) return E.left(trainError(plan.left))
      plans.set(share, plan.right)
    }
    return E.right({ crew: crew(shares.map((share) => plans.get(share)!)), shares })
  }

  const spread = ({ crew: own }: Shared, parameters: Arrays): void => {
    for (const name of names) for (let k = 0; k < threads; k++) own.numbers(k, name).set(parameters[name]!)
  }

  /** The threads for a batch, with the newest parameters. */
  const ready = async (systems: Sample): Promise<Result<Shared>> => {
    const key = `${systems.n} ${systems.batch}`
    const known = crews.get(key)
    if (known !== undefined && known === current) return E.right(known)
    const made = known === undefined ? compiled(systems) : E.right(known)
    if (E.isLeft(made)) return made
    crews.set(key, made.right)
    const newest = asResult(await update.read(names)())
    if (E.isLeft(newest)) return newest
    spread(made.right, newest.right)
    current = made.right
    return made
  }

  const give = ({ crew: own, shares }: Shared, { n, A, b, x }: Sample): void => {
    let from = 0
    for (const [k, share] of shares.entries()) {
      const to = from + share
      own.numbers(k, 'A').set(A.subarray(from * n * n, to * n * n))
      own.numbers(k, 'b').set(b.subarray(from * n, to * n))
      own.numbers(k, 'target').set(x.subarray(from * n, to * n))
      from = to
    }
  }

  const step: Stepper['step'] = async (systems, rate) => {
    const found = await ready(systems)
    if (E.isLeft(found)) return found
    const { crew: own, shares } = found.right
    give(found.right, systems)
    try {
      await own.run()
    } catch (cause) {
      return E.left(trainError(cause instanceof Error ? cause.message : String(cause), 'backend'))
    }
    // Losses and gradients of shares are means over their systems.
    const weights = shares.map((share) => share / systems.batch)
    const parts = (name: string): readonly Float32Array[] => shares.map((_, k) => own.numbers(k, name))
    if (names.some((name) => gradients[cotangent(name)] === undefined)) {
      gradients = Object.fromEntries(
        names.map((name) => [cotangent(name), new Float32Array(own.numbers(0, name).length)])
      )
    }
    for (const name of names) weighted(gradients[cotangent(name)]!, parts(cotangent(name)), weights)
    const loss = new Float32Array(1)
    weighted(loss, parts('loss'), weights)
    const done = asResult(await update.run({ ...gradients, rate: Float32Array.of(rate) }, [])())
    if (E.isLeft(done)) return done
    const next = asResult(await update.read(names)())
    if (E.isLeft(next)) return next
    spread(found.right, next.right)
    return E.right(loss[0]!)
  }

  return {
    step,
    answers: async (systems) => {
      const weights = asResult(await update.read(names)())
      return E.isLeft(weights) ? weights : answer(weights.right, systems)
    },
    read: async () => E.map(double)(asResult(await update.read()())),
    close: async () => {
      for (const { crew: own } of crews.values()) await own.close()
      await runtime.close()
    }
  }
}

/** Parameters and the optimiser's arrays, ready for steps on `threads` threads of the backend `wasm`. */
export const onThreads = async (
  runtime: Runtime,
  threads: number,
  typed: Typed,
  optimiser: Optimiser,
  first: Values
): Promise<Result<Stepper>> => {
  if (!canThread()) {
    return E.left(trainError(`threads: expected 1 where threads cannot share memory, found ${threads}`, 'backend'))
  }
  const plan = planFor(runtime.target, { _tag: 'update', optimiser }, typed, { n: typed.n ?? 1, batch: 1 })
  if (E.isLeft(plan)) return E.left(trainError(plan.left))
  const update = asResult(await runtime.compile(plan.right)())
  if (E.isLeft(update)) return update
  const loaded = asResult(update.right.load(single(withMoments(plan.right.inputs, first))))
  return E.isLeft(loaded) ? loaded : E.right(machine(runtime, threads, typed, update.right))
}
