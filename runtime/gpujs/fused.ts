/**
 * A whole program as one gpu.js pipeline: one memory on webasm, one submission on webgpu, textures between kernels on
 * the GL backends. Every input is an argument; every result that may be asked for is a result of the pipeline.
 */

import { backendError, brief, Failure } from '../backends/error'
import type { Device } from './device'
import type { Engine } from './engine'
import { argument, assertSilence, createKernels, flatten, standIns } from './kernels'
import type { Gpu, GpuInput, GpuKernel, GpuPipeline } from './library'
import { collectMessages } from './messages'
import { internals, residentEngine } from './resident'
import { resultSteps, sizeOf, type Wiring } from './wiring'

/** What a pipeline must report on each backend once it is built. */
const expectedKind: Readonly<Record<string, string>> = { webasm: 'fused-sync', webgpu: 'fused-encoder' }

/** Storage buffers a WebGPU kernel may bind by default, less one for its output. */
const webgpuArrays = 7

/** The orchestration that gpu.js traces once; its number of arguments is its `length`. */
const orchestration = (wiring: Wiring, kernels: readonly GpuKernel[]) => {
  const plan = (...handles: unknown[]): unknown[] => {
    const outputs: unknown[] = []
    for (const step of wiring.steps) {
      const inputs = step.inputs.map((source) => (source._tag === 'leaf' ? handles[source.leaf] : outputs[source.step]))
      outputs.push(kernels[step.kernel]?.(...inputs))
    }
    return resultSteps(wiring).map((step) => outputs[step])
  }
  return Object.defineProperty(plan, 'length', { value: wiring.leaves.length })
}

/** The pipeline's arguments: one for each leaf, in order. */
export const leafArguments = (
  device: Device,
  wiring: Wiring,
  values: ReadonlyMap<string, Float32Array>
): readonly GpuInput[] =>
  wiring.leaves.map((leaf) => {
    const whole = values.get(leaf.input)
    if (whole === undefined) throw new Error(`internal: input ${leaf.input} has no value`)
    return argument(device, whole.subarray(leaf.offset, leaf.offset + leaf.size), leaf.dims)
  })

/** Fails unless the pipeline ran, or is built to run, on the backend that was asked for. */
const assertPipeline = (device: Device, pipeline: GpuPipeline, where: string): void => {
  const expected = expectedKind[device.backend]
  const { backend, executorKind, fallbackReason } = pipeline
  if (expected === undefined ? backend === device.reports : executorKind === expected && fallbackReason === null) return
  const ran = expected === undefined ? backend : `${executorKind} (${fallbackReason ?? 'no reason given'})`
  throw new Failure(backendError(device.backend, 'fallback', `${where} would not run on it but on ${ran}`))
}

/** A kernel of more arrays than WebGPU binds by default reads zeros instead of failing, so it is refused before. */
const checkLimits = (device: Device, wiring: Wiring): void => {
  if (device.backend !== 'webgpu') return
  for (const { name, parameters } of wiring.program.kernels) {
    if (parameters.length <= webgpuArrays) continue
    const what = `kernel ${name} reads ${parameters.length} arrays, WebGPU allows ${webgpuArrays}; split the kernel`
    throw new Failure(backendError('webgpu', 'program', what))
  }
}

/** Names the first kernel that does not build on its own. */
const blame = async (device: Device, wiring: Wiring, kernels: readonly GpuKernel[]): Promise<void> => {
  for (const [index, text] of wiring.program.kernels.entries()) {
    const where = `kernel ${text.name} of ${wiring.program.name} does not compile`
    try {
      const [, messages] = await collectMessages(async () => kernels[index]?.kernel.build(...standIns(device, text)))
      assertSilence(device, where, messages)
    } catch (cause) {
      if (cause instanceof Failure) throw cause
      throw new Failure(backendError(device.backend, 'compile', `${where}: ${brief(cause)}`))
    }
  }
}

/** The engine that only uses gpu.js's published calls; it copies every argument and result. */
const publicEngine = async (device: Device, wiring: Wiring, pipeline: GpuPipeline): Promise<Engine> => {
  const steps = resultSteps(wiring)
  const call = async (values: ReadonlyMap<string, Float32Array>): Promise<readonly Float32Array[]> => {
    const [results, messages] = await collectMessages(() => pipeline(...leafArguments(device, wiring, values)))
    assertSilence(device, wiring.program.name, messages)
    assertPipeline(device, pipeline, wiring.program.name)
    return steps.map((step, position) => {
      const text = wiring.program.kernels[wiring.steps[step]?.kernel ?? -1]
      return flatten((results as readonly unknown[])[position], sizeOf(text?.output ?? []), text?.name ?? 'a result')
    })
  }
  const zeros = new Map([...wiring.inputSizes].map(([name, size]) => [name, new Float32Array(size)]))
  await call(zeros) // builds it, so that what does not compile is known now
  return {
    kind: pipeline.executorKind,
    keepsState: false,
    run: async (values, _changed, want) => {
      const results = await call(values)
      const wanted = new Set(want)
      return new Map(
        steps.flatMap((step, position) => (wanted.has(step) ? [[step, results[position] as Float32Array]] : []))
      )
    },
    fetch: async () => new Map(),
    destroy: () => pipeline.destroy()
  }
}

/** Builds the pipeline. `resident` false keeps to gpu.js's published calls. */
export const fused = async (device: Device, gpu: Gpu, wiring: Wiring, resident: boolean): Promise<Engine> => {
  checkLimits(device, wiring)
  const kernels = createKernels(gpu, wiring.program.kernels)
  const pipeline = gpu.createPipeline(orchestration(wiring, kernels), { threads: false })
  try {
    const inner = resident && device.backend in expectedKind ? internals(pipeline) : null
    if (inner === null) return await publicEngine(device, wiring, pipeline)
    const zeros = new Map([...wiring.inputSizes].map(([name, size]) => [name, new Float32Array(size)]))
    const [, messages] = await collectMessages(() => inner.prepare(leafArguments(device, wiring, zeros)))
    assertSilence(device, wiring.program.name, messages)
    assertPipeline(device, pipeline, wiring.program.name)
    return residentEngine(device, wiring, pipeline, kernels) ?? (await publicEngine(device, wiring, pipeline))
  } catch (cause) {
    await pipeline.destroy()
    await blame(device, wiring, kernels)
    throw cause
  }
}
