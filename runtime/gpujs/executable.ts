/** A compiled program: kept inputs, calls, and single launches. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import { asBackendError, type BackendError, type BackendReason, backendError, brief } from '../backends/error'
import type { Arrays, Executable } from '../backends/runtime'
import type { Device } from './device'
import type { Engine } from './engine'
import { argument, assertBackend, assertSilence, createKernels, flatten } from './kernels'
import type { Gpu, GpuKernel } from './library'
import { collectMessages } from './messages'
import { type Result, sizeOf, type Wiring } from './wiring'

const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '))

export const executable = (device: Device, gpu: Gpu, wiring: Wiring, engine: Engine): Executable => {
  const { program, inputSizes, results } = wiring
  const outputs = program.outputs.map(({ name }) => name)
  const inputNames = [...inputSizes.keys()]
  const values = new Map<string, Float32Array>()
  const changed = new Set<string>()
  const stale = new Set<string>() // newer on the device than in `values`
  const lone = new Map<number, GpuKernel>()
  let refused: BackendError | null = null
  let broken: BackendError | null = null
  let tail: Promise<unknown> = Promise.resolve()

  const fail = (reason: BackendReason, what: string): BackendError => backendError(device.backend, reason, what)

  const checkArray = (name: string, array: Float32Array, allowed: readonly string[]): BackendError | null => {
    const size = allowed.includes(name) ? inputSizes.get(name) : undefined
    if (size === undefined) return fail('input', `${program.name} has no input ${name}; it has ${list(allowed)}`)
    if (!(array instanceof Float32Array)) return fail('input', `input ${name} of ${program.name} is no Float32Array`)
    if (array.length === size) return null
    return fail('input', `input ${name} of ${program.name} expects ${size} elements, got ${array.length}`)
  }

  /** Brings `values` up to date for inputs whose newest value is on the device. */
  const refresh = async (names: readonly string[]): Promise<void> => {
    const wanted = program.updates.flatMap(({ input, output }) => {
      const result = results.get(output)
      return names.includes(input) && stale.has(input) && result?._tag === 'step' ? [{ input, step: result.step }] : []
    })
    if (wanted.length === 0) return
    const fetched = await engine.fetch([...new Set(wanted.map(({ step }) => step))])
    for (const { input, step } of wanted) {
      const array = fetched.get(step)
      if (array === undefined) throw new Error(`internal: ${input} was not fetched`)
      values.set(input, array)
      stale.delete(input)
    }
  }

  const stretch = (result: Result & { readonly _tag: 'leaf' }): Float32Array => {
    const whole = values.get(result.input)
    if (whole === undefined) throw new Error(`internal: input ${result.input} has no value`)
    return whole.slice(result.offset, result.offset + result.size)
  }

  const call = async (want: readonly string[]): Promise<Arrays> => {
    const resultOf = (name: string): Result => {
      const result = results.get(name)
      if (result === undefined) throw new Error(`internal: no result ${name}`)
      return result
    }
    const updates = engine.keepsState ? [] : program.updates.map(({ input, output }) => ({ input, name: output }))
    const asked = [...want, ...updates.map(({ name }) => name)].map(resultOf)
    await refresh(asked.flatMap((result) => (result._tag === 'leaf' ? [result.input] : [])))
    const steps = [...new Set(asked.flatMap((result) => (result._tag === 'step' ? [result.step] : [])))]
    const given = wiring.steps.length === 0 ? new Map<number, Float32Array>() : await engine.run(values, changed, steps)
    changed.clear()
    const arrayOf = (name: string): Float32Array => {
      const result = resultOf(name)
      const array = result._tag === 'leaf' ? stretch(result) : given.get(result.step)
      if (array === undefined) throw new Error(`internal: no value of ${name}`)
      return array
    }
    const answer = Object.fromEntries(want.map((name) => [name, arrayOf(name)]))
    const next = updates.map(({ input, name }) => [input, arrayOf(name).slice()] as const)
    for (const [input, array] of next) {
      values.set(input, array)
      changed.add(input)
    }
    if (engine.keepsState) for (const { input } of program.updates) stale.add(input)
    return answer
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
          broken = asBackendError(device.backend, 'execution', `program ${program.name}`, cause)
          return E.left(broken)
        }
      })
      tail = turn
      return turn
    }

  const load = (arrays: Arrays): E.Either<BackendError, void> => {
    for (const [name, array] of Object.entries(arrays)) {
      refused = checkArray(name, array, inputNames)
      if (refused !== null) return E.left(refused)
    }
    refused = null
    for (const [name, array] of Object.entries(arrays)) {
      values.set(name, array.slice())
      changed.add(name)
      stale.delete(name)
    }
    return E.right(undefined)
  }

  const run = (data: Arrays, want: readonly string[] = outputs): TaskEither<BackendError, Arrays> =>
    queued(async () => {
      if (refused !== null) return E.left(refused)
      const unknown = want.find((name) => !outputs.includes(name))
      if (unknown !== undefined) {
        return E.left(fail('input', `${program.name} has no output ${unknown}; it has ${list(outputs)}`))
      }
      for (const [name, array] of Object.entries(data)) {
        const wrong = checkArray(name, array, wiring.data)
        if (wrong !== null) return E.left(wrong)
      }
      const missing = inputNames.filter((name) => !values.has(name) && !(name in data))
      if (missing.length > 0) return E.left(fail('input', `${program.name} lacks its input ${list(missing)}`))
      const transient = Object.keys(data).filter((name) => !values.has(name))
      for (const [name, array] of Object.entries(data)) {
        values.set(name, transient.includes(name) ? array : array.slice())
        changed.add(name)
      }
      try {
        return E.right(await call(want))
      } finally {
        for (const name of transient) values.delete(name)
      }
    })

  const read = (names: readonly string[] = wiring.kept): TaskEither<BackendError, Arrays> =>
    queued(async () => {
      const unknown = names.find((name) => !wiring.kept.includes(name) || !values.has(name))
      if (unknown !== undefined) {
        return E.left(
          fail('input', `${unknown} is not kept by ${program.name} or not loaded; kept: ${list(wiring.kept)}`)
        )
      }
      await refresh(names)
      return E.right(Object.fromEntries(names.map((name) => [name, (values.get(name) ?? new Float32Array(0)).slice()])))
    })

  const launch = (index: number, inputs: readonly Float32Array[]): TaskEither<BackendError, Float32Array> =>
    queued(async () => {
      const kernelIndex = program.launches[index]?.kernel ?? -1
      const text = program.kernels[kernelIndex]
      if (text === undefined) return E.left(fail('input', `${program.name} has no launch ${index}`))
      const sizes = text.parameters.map(({ dims }) => sizeOf(dims))
      if (sizes.length !== inputs.length || sizes.some((size, position) => inputs[position]?.length !== size)) {
        const got = inputs.map((array) => array.length).join(', ')
        return E.left(fail('input', `kernel ${text.name} expects arrays of ${sizes.join(', ')} elements, got ${got}`))
      }
      const kernel = lone.get(kernelIndex) ?? createKernels(gpu, [text])[0]
      if (kernel === undefined) throw new Error('internal: no kernel')
      lone.set(kernelIndex, kernel)
      const where = `kernel ${text.name} of ${program.name}`
      try {
        const arrays = inputs.map((array, position) => argument(device, array, text.parameters[position]?.dims ?? []))
        const [rows, messages] = await collectMessages(async () => kernel(...arrays))
        assertSilence(device, where, messages)
        assertBackend(device, kernel, text.name)
        return E.right(flatten(rows, sizeOf(text.output), text.name))
      } catch (cause) {
        lone.delete(kernelIndex)
        return E.left(asBackendError(device.backend, 'execution', where, cause))
      }
    })

  const dispose = async (): Promise<void> => {
    await tail
    broken ??= fail('execution', `${program.name} was disposed of`)
    try {
      await engine.destroy()
      if (device.reports !== 'gpu') for (const kernel of lone.values()) kernel.destroy()
    } catch (cause) {
      broken = fail('execution', `${program.name} was not disposed of: ${brief(cause)}`)
    }
    values.clear()
    lone.clear()
  }

  const kind = engine.kind
  return { backend: device.backend, kind, resident: engine.keepsState, load, run, read, launch, dispose }
}
