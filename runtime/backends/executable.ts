/**
 * The contract of every executable: what the engine of a backend need not know of names, sizes, queues and failures.
 */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Plan } from '../../codegen/plan'
import { asBackendError, type BackendError, type BackendName, type BackendReason, backendError, brief } from './error'
import type { Arrays, Executable } from './runtime'

export interface ProgramEngine {
  /** What executes, in a word. */
  readonly kind: string
  /** Whether parameters and state stay where they run from call to call. */
  readonly resident: boolean
  /** Gives an input its value; the array stays as it is until the next call has been answered, and a loaded one for good. */
  write(input: string, values: Float32Array): void
  /** One call on what was written: the wanted outputs, and then the updates. */
  run(want: readonly string[]): Promise<Arrays>
  /** Current values of inputs. */
  read(inputs: readonly string[]): Promise<Arrays>
  /** One launch of the plan's table alone. */
  launch(index: number, inputs: readonly Float32Array[]): Promise<Float32Array>
  destroy(): Promise<void>
}

/** What the outside knows of a program. */
export interface Ports {
  readonly name: string
  /** `kept` ones, parameters and state, stay from call to call. */
  readonly inputs: readonly { readonly name: string; readonly size: number; readonly kept: boolean }[]
  readonly outputs: readonly string[]
  /** The table of launches: a kernel, and the sizes of its arrays. */
  readonly launches: readonly { readonly kernel: string; readonly inputs: readonly number[] }[]
}

const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '))

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** Numbers of an array of the plan: an input, a view or a value. */
export const sizeOf = (plan: Plan, name: string): number => {
  const own = [...plan.inputs, ...plan.views].find((i) => i.name === name)
  const size = own === undefined ? plan.buffers.find((b) => b.name === name)?.elements : product(own.dims)
  if (size === undefined) throw new Error(`internal: the plan has no array ${name}`)
  return size
}

export const portsOf = (plan: Plan): Ports => ({
  name: plan.name,
  inputs: plan.inputs.map(({ name, role, dims }) => ({ name, size: product(dims), kept: role !== 'data' })),
  outputs: plan.outputs.map(({ name }) => name),
  launches: plan.launches.map(({ kernel, inputs }) => ({
    kernel: plan.kernels[kernel]?.name ?? '',
    inputs: inputs.map((name) => sizeOf(plan, name))
  }))
})

export const executableOf = (backend: BackendName, ports: Ports, engine: ProgramEngine): Executable => {
  const { name: title, outputs } = ports
  const sizes = new Map(ports.inputs.map(({ name, size }) => [name, size]))
  const which = (kept: boolean) => ports.inputs.filter((i) => i.kept === kept).map(({ name }) => name)
  const [kept, data, every] = [which(true), which(false), [...sizes.keys()]]
  const loaded = new Set<string>()
  let refused: BackendError | null = null
  let broken: BackendError | null = null
  let tail: Promise<unknown> = Promise.resolve()

  const fail = (reason: BackendReason, what: string): BackendError => backendError(backend, reason, what)

  const checkArray = (name: string, array: Float32Array, allowed: readonly string[]): BackendError | null => {
    const size = allowed.includes(name) ? sizes.get(name) : undefined
    if (size === undefined) return fail('input', `${title} has no input ${name}; it has ${list(allowed)}`)
    if (!(array instanceof Float32Array)) return fail('input', `input ${name} of ${title} is no Float32Array`)
    if (array.length === size) return null
    return fail('input', `input ${name} of ${title} expects ${size} elements, got ${array.length}`)
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
          broken = asBackendError(backend, 'execution', `program ${title}`, cause)
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
        return E.left(fail('input', `${title} has no output ${unknown}; it has ${list(outputs)}`))
      }
      for (const [name, array] of Object.entries(given)) {
        const wrong = checkArray(name, array, data)
        if (wrong !== null) return E.left(wrong)
      }
      const missing = every.filter((name) => !loaded.has(name) && !(name in given))
      if (missing.length > 0) return E.left(fail('input', `${title} lacks its input ${list(missing)}`))
      // What was loaded, a call without it finds again, whatever its caller has done with the array by then.
      for (const [name, array] of Object.entries(given)) engine.write(name, loaded.has(name) ? array.slice() : array)
      return E.right(await engine.run(want))
    })

  const read = (names: readonly string[] = kept): TaskEither<BackendError, Arrays> =>
    queued(async () => {
      const unknown = names.find((name) => !kept.includes(name) || !loaded.has(name))
      if (unknown !== undefined) {
        return E.left(fail('input', `${unknown} is not kept by ${title} or not loaded; kept: ${list(kept)}`))
      }
      return E.right(await engine.read(names))
    })

  const launch = (index: number, inputs: readonly Float32Array[]): TaskEither<BackendError, Float32Array> =>
    queued(async () => {
      const own = ports.launches[index]
      if (own === undefined) return E.left(fail('input', `${title} has no launch ${index}`))
      if (own.inputs.length !== inputs.length || own.inputs.some((size, k) => inputs[k]?.length !== size)) {
        const got = inputs.map((array) => array.length).join(', ')
        return E.left(
          fail('input', `kernel ${own.kernel} expects arrays of ${own.inputs.join(', ')} elements, got ${got}`)
        )
      }
      try {
        return E.right(await engine.launch(index, inputs))
      } catch (cause) {
        return E.left(asBackendError(backend, 'execution', `kernel ${own.kernel} of ${title}`, cause))
      }
    })

  const dispose = async (): Promise<void> => {
    await tail
    broken ??= fail('execution', `${title} was disposed of`)
    try {
      await engine.destroy()
    } catch (cause) {
      broken = fail('execution', `${title} was not disposed of: ${brief(cause)}`)
    }
  }

  return { backend, kind: engine.kind, resident: engine.resident, load, run, read, launch, dispose }
}
