/** One kernel after another, as `cpu` runs them; an intermediate is dropped after its last reader. */

import { brief } from '../backends/error'
import type { Device } from './device'
import type { Engine } from './engine'
import { argument, assertBackend, assertSilence, createKernels, flatten, standIns } from './kernels'
import type { Gpu } from './library'
import { collectMessages } from './messages'
import { sizeOf, type Wiring } from './wiring'

/** Builds every kernel that a step uses, on arrays of zeros and without running it. */
export const sequential = async (device: Device, gpu: Gpu, wiring: Wiring): Promise<Engine> => {
  const { program, steps, leaves } = wiring
  const kernels = createKernels(gpu, program.kernels)
  for (const index of new Set(steps.map((step) => step.kernel))) {
    const kernel = kernels[index]
    const text = program.kernels[index]
    if (kernel === undefined || text === undefined) throw new Error(`internal: no kernel ${index}`)
    const where = `kernel ${text.name} of ${program.name} does not compile`
    const [, messages] = await collectMessages(async () => {
      try {
        kernel.kernel.build(...standIns(device, text))
      } catch (cause) {
        throw new Error(`${where}: ${brief(cause)}`)
      }
    })
    assertSilence(device, where, messages)
    assertBackend(device, kernel, text.name)
  }
  const named = <A>(name: string, body: () => A): A => {
    try {
      return body()
    } catch (cause) {
      throw new Error(`kernel ${name}: ${brief(cause)}`)
    }
  }
  const call = (values: ReadonlyMap<string, Float32Array>, want: ReadonlySet<number>) => {
    const held = new Map<number, Float32Array>()
    const wanted = new Map<number, Float32Array>()
    for (const [index, step] of steps.entries()) {
      const kernel = kernels[step.kernel]
      const text = program.kernels[step.kernel]
      if (kernel === undefined || text === undefined) throw new Error(`internal: no kernel ${step.kernel}`)
      const inputs = step.inputs.map((source, position) => {
        const dims = text.parameters[position]?.dims ?? []
        if (source._tag === 'step') return argument(device, held.get(source.step) ?? new Float32Array(0), dims)
        const leaf = leaves[source.leaf]
        const whole = leaf === undefined ? undefined : values.get(leaf.input)
        if (leaf === undefined || whole === undefined) throw new Error('internal: an input has no value')
        return argument(device, whole.subarray(leaf.offset, leaf.offset + leaf.size), dims)
      })
      const output = flatten(
        named(text.name, () => kernel(...inputs)),
        sizeOf(text.output),
        text.name
      )
      held.set(index, output)
      if (want.has(index)) wanted.set(index, output)
      for (const source of step.inputs) {
        if (source._tag === 'step' && (steps[source.step]?.lastUse ?? 0) <= index) held.delete(source.step)
      }
    }
    return wanted
  }
  return {
    kind: 'sequential',
    keepsState: false,
    run: async (values, _changed, want) => {
      const [results, messages] = await collectMessages(async () => call(values, new Set(want)))
      assertSilence(device, program.name, messages)
      return results
    },
    fetch: async () => new Map(),
    destroy: async () => {
      for (const kernel of new Set(kernels)) kernel.destroy()
    }
  }
}
