/** What executes programs by gpu.js: values of inputs, which of them are newer on the device, and single launches. */

import type { Ports, ProgramEngine } from '../backends/executable'
import type { Arrays } from '../backends/runtime'
import type { Device } from './device'
import type { Engine } from './engine'
import { argument, assertBackend, assertSilence, createKernels, flatten } from './kernels'
import type { Gpu, GpuKernel } from './library'
import { collectMessages } from './messages'
import { type Result, sizeOf, type Wiring } from './wiring'

/** What the outside knows of a wired program. */
export const portsOf = ({ program, inputSizes, kept }: Wiring): Ports => ({
  name: program.name,
  inputs: [...inputSizes].map(([name, size]) => ({ name, size, kept: kept.includes(name) })),
  outputs: program.outputs.map(({ name }) => name),
  launches: program.launches.map(({ kernel }) => ({
    kernel: program.kernels[kernel]?.name ?? '',
    inputs: (program.kernels[kernel]?.parameters ?? []).map(({ dims }) => sizeOf(dims))
  }))
})

export const programEngine = (device: Device, gpu: Gpu, wiring: Wiring, engine: Engine): ProgramEngine => {
  const { program, results } = wiring
  const values = new Map<string, Float32Array>()
  const changed = new Set<string>()
  const stale = new Set<string>() // newer on the device than in `values`
  const lone = new Map<number, GpuKernel>()

  const valueOf = (input: string): Float32Array => {
    const value = values.get(input)
    if (value === undefined) throw new Error(`internal: input ${input} has no value`)
    return value
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

  const stretch = ({ input, offset, size }: Result & { readonly _tag: 'leaf' }): Float32Array =>
    valueOf(input).slice(offset, offset + size)

  const run = async (want: readonly string[]): Promise<Arrays> => {
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

  const launch = async (index: number, inputs: readonly Float32Array[]): Promise<Float32Array> => {
    const kernelIndex = program.launches[index]?.kernel ?? -1
    const text = program.kernels[kernelIndex]
    if (text === undefined) throw new Error(`internal: no launch ${index}`)
    const kernel = lone.get(kernelIndex) ?? createKernels(gpu, [text])[0]
    if (kernel === undefined) throw new Error('internal: no kernel')
    lone.set(kernelIndex, kernel)
    try {
      const arrays = inputs.map((array, position) => argument(device, array, text.parameters[position]?.dims ?? []))
      const [rows, messages] = await collectMessages(async () => kernel(...arrays))
      assertSilence(device, `kernel ${text.name} of ${program.name}`, messages)
      assertBackend(device, kernel, text.name)
      return flatten(rows, sizeOf(text.output), text.name)
    } catch (cause) {
      lone.delete(kernelIndex)
      throw cause
    }
  }

  return {
    kind: engine.kind,
    resident: engine.keepsState,
    write: (input, array) => {
      values.set(input, array)
      changed.add(input)
      stale.delete(input)
    },
    run,
    read: async (names) => {
      await refresh(names)
      return Object.fromEntries(names.map((name) => [name, valueOf(name).slice()]))
    },
    launch,
    destroy: async () => {
      await engine.destroy()
      if (device.reports !== 'gpu') for (const kernel of lone.values()) kernel.destroy()
      values.clear()
      lone.clear()
    }
  }
}
