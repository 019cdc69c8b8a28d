/**
 * The contract of an executable whose inputs, state and results all lie where it runs: what its engine need not know of
 * names, sizes, queues and failures.
 */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Plan } from '../../codegen/plan'
import { asBackendError, type BackendError, type BackendName, type BackendReason, backendError, brief } from './error'
import type { Arrays, Executable } from './runtime'

export interface ResidentEngine {
  /** What executes, in a word. */
  readonly kind: string
  /** Puts an input where the program runs; the array may change afterwards. */
  write(input: string, values: Float32Array): void
  /** One call on what was written: the wanted outputs, and then the updates. */
  run(want: readonly string[]): Promise<Arrays>
  /** Current values of inputs. */
  read(inputs: readonly string[]): Promise<Arrays>
  /** One launch of the plan's table alone. */
  launch(index: number, inputs: readonly Float32Array[]): Promise<Float32Array>
  destroy(): Promise<void>
}

const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '))

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

export const residentExecutable = (backend: BackendName, plan: Plan, engine: ResidentEngine): Executable => {
  const sizes = new Map(plan.inputs.map((i) => [i.name, product(i.dims)]))
  const ofRole = (kept: boolean) => plan.inputs.filter((i) => (i.role !== 'data') === kept).map((i) => i.name)
  const [kept, data, every] = [ofRole(true), ofRole(false), [...sizes.keys()]]
  const outputs = plan.outputs.map((o) => o.name)
  const loaded = new Set<string>()
  let refused: BackendError | null = null
  let broken: BackendError | null = null
  let tail: Promise<unknown> = Promise.resolve()

  const fail = (reason: BackendReason, what: string): BackendError => backendError(backend, reason, what)

  const checkArray = (name: string, array: Float32Array, allowed: readonly string[]): BackendError | null => {
    const size = allowed.includes(name) ? sizes.get(name) : undefined
    if (size === undefined) return fail('input', `${plan.name} has no input ${name}; it has ${list(allowed)}`)
    if (!(array instanceof Float32Array)) return fail('input', `input ${name} of ${plan.name} is no Float32Array`)
    if (array.length === size) return null
    return fail('input', `input ${name} of ${plan.name} expects ${size} elements, got ${array.length}`)
  }

  /** Runs `body` after every earlier call; a failure of the device ends the executable. */
  const queued =
    <A>(body: () => Promise<E.Either<BackendError, A>>): TaskEither<BackendError, A> =>
    () => {
      const turn = tail.then(async () => {
        if (broken !== null) return E.left(broken)
        try {
          return await body()
        } catch (cause) {
          broken = asBackendError(backend, 'execution', `program ${plan.name}`, cause)
          return E.left(broken)
        }
      })
      tail = turn
      return turn
    }

  const load = (arrays: Arrays): E.Either<BackendError, void> => {
    if (broken !== null) return E.left(broken)
    for (const [name, array] of Object.entries(arrays)) {
      refused = checkArray(name, array, every)
      if (refused !== null) return E.left(refused)
    }
    refused = null
    // Calls that wait in the queue were made before: they must not see what is loaded now.
    const copies = Object.entries(arrays).map(([name, array]) => [name, array.slice()] as const)
    for (const [name] of copies) loaded.add(name)
    void queued(async () => {
      for (const [name, array] of copies) engine.write(name, array)
      return E.right(undefined)
    })()
    return E.right(undefined)
  }

  const run = (given: Arrays, want: readonly string[] = outputs): TaskEither<BackendError, Arrays> =>
    queued(async () => {
      if (refused !== null) return E.left(refused)
      const unknown = want.find((name) => !outputs.includes(name))
      if (unknown !== undefined) {
        return E.left(fail('input', `${plan.name} has no output ${unknown}; it has ${list(outputs)}`))
      }
      for (const [name, array] of Object.entries(given)) {
        const wrong = checkArray(name, array, data)
        if (wrong !== null) return E.left(wrong)
      }
      const missing = every.filter((name) => !loaded.has(name) && !(name in given))
      if (missing.length > 0) return E.left(fail('input', `${plan.name} lacks its input ${list(missing)}`))
      for (const [name, array] of Object.entries(given)) engine.write(name, array)
      return E.right(await engine.run(want))
    })

  const read = (names: readonly string[] = kept): TaskEither<BackendError, Arrays> =>
    queued(async () => {
      const unknown = names.find((name) => !kept.includes(name) || !loaded.has(name))
      if (unknown !== undefined) {
        return E.left(fail('input', `${unknown} is not kept by ${plan.name} or not loaded; kept: ${list(kept)}`))
      }
      return E.right(await engine.read(names))
    })

  const launch = (index: number, inputs: readonly Float32Array[]): TaskEither<BackendError, Float32Array> =>
    queued(async () => {
      const own = plan.launches[index]
      const kernel = own === undefined ? undefined : plan.kernels[own.kernel]
      if (own === undefined || kernel === undefined) return E.left(fail('input', `${plan.name} has no launch ${index}`))
      const wanted = own.inputs.map((name) => sizeOf(plan, name))
      if (wanted.length !== inputs.length || wanted.some((size, k) => inputs[k]?.length !== size)) {
        const got = inputs.map((array) => array.length).join(', ')
        return E.left(
          fail('input', `kernel ${kernel.name} expects arrays of ${wanted.join(', ')} elements, got ${got}`)
        )
      }
      return E.right(await engine.launch(index, inputs))
    })

  const dispose = async (): Promise<void> => {
    await tail
    broken ??= fail('execution', `${plan.name} was disposed of`)
    try {
      await engine.destroy()
    } catch (cause) {
      broken = fail('execution', `${plan.name} was not disposed of: ${brief(cause)}`)
    }
  }

  return { backend, kind: engine.kind, resident: true, load, run, read, launch, dispose }
}

/** Numbers of an array of the plan: an input, a view or a value. */
export const sizeOf = (plan: Plan, name: string): number => {
  const own = [...plan.inputs, ...plan.views].find((i) => i.name === name)
  const size = own === undefined ? plan.buffers.find((b) => b.name === name)?.elements : product(own.dims)
  if (size === undefined) throw new Error(`internal: the plan has no array ${name}`)
  return size
}
