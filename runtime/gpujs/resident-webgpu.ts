/** The resident engine on webgpu: one submission a call, inputs and state in buffers, only what is asked read back. */

import { backendError, brief, Failure, lostError } from '../backends/error'
import type { Device } from './device'
import type { Engine } from './engine'
import type { GpuPipeline } from './library'
import type { Refresh } from './refresh'
import { resultSteps, type Wiring } from './wiring'

interface Buffer {
  mapAsync(mode: number, offset: number, size: number): Promise<void>
  getMappedRange(offset: number, size: number): ArrayBuffer
  unmap(): void
  destroy(): void
}

interface Pass {
  setPipeline(pipeline: unknown): void
  setBindGroup(index: number, group: unknown): void
  dispatchWorkgroups(x: number, y: number, z: number): void
  end(): void
}

interface Encoder {
  beginComputePass(): Pass
  copyBufferToBuffer(from: Buffer, fromOffset: number, to: Buffer, toOffset: number, size: number): void
  finish(): unknown
}

interface GraphicsDevice {
  readonly queue: {
    writeBuffer(buffer: Buffer, offset: number, data: ArrayBufferLike, dataOffset: number, size: number): void
    submit(commands: readonly unknown[]): void
  }
  createCommandEncoder(): Encoder
  createBuffer(descriptor: { readonly size: number; readonly usage: number }): Buffer
  pushErrorScope(filter: 'validation' | 'out-of-memory' | 'internal'): void
  popErrorScope(): Promise<{ readonly message: string } | null>
}

/** The parts of gpu.js 2.24.1's WebGPUPipelineExecutor that are used here. */
interface Executor {
  readonly kind: 'fused-encoder'
  readonly context: { readonly isLost: boolean }
  readonly _device: GraphicsDevice
  readonly _argRegions: ReadonlyMap<number, { readonly flatLength: number; readonly buffer: Buffer }>
  readonly _passes: readonly { readonly pipeline: unknown; readonly bindGroup: unknown; readonly groups: number[] }[]
  readonly _resultReads: readonly { readonly kind: string; readonly buffer: Buffer; readonly byteLength: number }[]
}

const isExecutor = (value: unknown, wiring: Wiring): value is Executor => {
  if (typeof value !== 'object' || value === null) return false
  const { kind, context, _device, _argRegions, _passes, _resultReads } = value as Partial<Executor>
  return (
    kind === 'fused-encoder' &&
    typeof context?.isLost === 'boolean' &&
    typeof _device?.createCommandEncoder === 'function' &&
    _argRegions instanceof Map &&
    wiring.leaves.every((leaf, index) => _argRegions.get(index)?.flatLength === leaf.size) &&
    Array.isArray(_passes) &&
    _passes.length === wiring.steps.length &&
    _passes.every((pass) => pass.groups?.length === 3 && pass.pipeline !== undefined && pass.bindGroup !== undefined) &&
    Array.isArray(_resultReads) &&
    _resultReads.length === resultSteps(wiring).length &&
    _resultReads.every((read) => read.kind === 'step' && read.buffer !== undefined)
  )
}

const MAP_READ = 0x0001
const COPY_DST = 0x0008

export const residentWebgpu = (
  device: Device,
  wiring: Wiring,
  pipeline: GpuPipeline,
  executor: unknown,
  copies: readonly Refresh[]
): Engine | null => {
  if (!isExecutor(executor, wiring)) return null
  const { _device: graphics, _argRegions: regions, _passes: passes, _resultReads: reads, context } = executor
  const where = `program ${wiring.program.name}`
  const readOf = new Map(resultSteps(wiring).map((step, index) => [step, reads[index]]))
  const held = (step: number) => readOf.get(step) ?? internal(`step ${step} is no result`)
  const place = (leaf: number): Buffer => regions.get(leaf)?.buffer ?? internal(`leaf ${leaf} has no buffer`)
  const align = (bytes: number): number => Math.ceil(bytes / 16) * 16
  let staging: { readonly buffer: Buffer; readonly size: number } | null = null

  const stagingOf = (size: number): Buffer => {
    if (staging === null || staging.size < size) {
      staging?.buffer.destroy()
      staging = { buffer: graphics.createBuffer({ size, usage: MAP_READ | COPY_DST }), size }
    }
    return staging.buffer
  }

  const assertPresent = (): void => {
    if (context.isLost) throw new Failure(lostError(device.backend, where, 'it was reset or removed'))
  }

  /** Submits what `encode` records, then the copies of the wanted results, and reads those back. */
  const submit = async (wanted: readonly number[], encode: (encoder: Encoder) => void) => {
    assertPresent()
    const sizes = wanted.map((step) => held(step).byteLength)
    const offsets = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + align(size), 0))
    const total = sizes.reduce((sum, size) => sum + align(size), 0)
    graphics.pushErrorScope('validation')
    graphics.pushErrorScope('out-of-memory')
    const target = total > 0 ? stagingOf(total) : null
    const encoder = graphics.createCommandEncoder()
    encode(encoder)
    if (target !== null) {
      for (const [index, step] of wanted.entries()) {
        encoder.copyBufferToBuffer(held(step).buffer, 0, target, offsets[index] ?? 0, sizes[index] ?? 0)
      }
    }
    graphics.queue.submit([encoder.finish()])
    const scopes = [graphics.popErrorScope(), graphics.popErrorScope()]
    const mapped = target === null ? Promise.resolve() : target.mapAsync(MAP_READ, 0, total)
    const [mapping, ...errors] = await Promise.allSettled([mapped, ...scopes])
    for (const error of errors) {
      const said = error.status === 'rejected' ? brief(error.reason) : error.value?.message
      assertPresent()
      if (said) throw new Failure(backendError(device.backend, 'execution', `${where}: ${brief(said)}`))
    }
    if (mapping?.status === 'rejected') {
      throw new Failure(lostError(device.backend, where, brief(mapping.reason)))
    }
    assertPresent()
    const results = new Map<number, Float32Array>()
    if (target !== null) {
      const bytes = target.getMappedRange(0, total)
      for (const [index, step] of wanted.entries()) {
        const first = offsets[index] ?? 0
        results.set(step, new Float32Array(bytes.slice(first, first + (sizes[index] ?? 0))))
      }
      target.unmap()
    }
    return results
  }

  return {
    kind: executor.kind,
    keepsState: true,
    run: async (values, changed, want) => {
      assertPresent()
      for (const [index, leaf] of wiring.leaves.entries()) {
        const whole = changed.has(leaf.input) ? values.get(leaf.input) : undefined
        if (whole === undefined) continue
        const first = whole.byteOffset + 4 * leaf.offset
        graphics.queue.writeBuffer(place(index), 0, whole.buffer, first, 4 * leaf.size)
      }
      return submit(want, (encoder) => {
        const pass = encoder.beginComputePass()
        for (const step of passes) {
          const [x = 1, y = 1, z = 1] = step.groups
          pass.setPipeline(step.pipeline)
          pass.setBindGroup(0, step.bindGroup)
          pass.dispatchWorkgroups(x, y, z)
        }
        pass.end()
        for (const { leaf, step, offset, size } of copies) {
          encoder.copyBufferToBuffer(held(step).buffer, 4 * offset, place(leaf), 0, 4 * size)
        }
      })
    },
    fetch: (wanted) => submit(wanted, () => undefined),
    destroy: async () => {
      staging?.buffer.destroy()
      staging = null
      await pipeline.destroy()
    }
  }
}

const internal = (what: string): never => {
  throw new Error(`internal: ${what}`)
}
