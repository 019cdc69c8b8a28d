/**
 * A program on a device: its inputs, state and results in buffers, all dispatches of a call in one submission, and one
 * readback.
 */
import { printLaunch } from '../../codegen/targets/wgsl/index'
import type { Bound, WgslProgram } from '../../codegen/targets/wgsl/program'
import type { Schedule } from '../../codegen/targets/wgsl/schedule'
import { backendError, Failure, lostError } from '../backends/error'
import { type ProgramEngine, sizeOf } from '../backends/executable'
import type { Arrays } from '../backends/runtime'
import { assertPresent, type GraphicsDevice, watched } from './device'
import type { Pipelines } from './pipelines'
import { type Times, timeCalls } from './times'

// Flags of GPUBufferUsage and GPUMapMode, which Node has only once WebGPU is there.
export const MAP_READ = 1
export const COPY_SRC = 4
export const COPY_DST = 8
export const STORAGE = 128
const READ = 1

/** Where an array lies, in bytes. */
interface Place {
  readonly buffer: GPUBuffer
  readonly offset: number
  readonly size: number
}

interface Prepared {
  readonly pipeline: GPUComputePipeline
  readonly group: GPUBindGroup
  readonly groups: readonly [number, number]
}

export interface WgslEngine extends ProgramEngine {
  /** Bytes of all buffers of the program, of which `predicted` were known before any was made. */
  readonly bytes: () => number
  /** Repeats the latest call on the device, without a readback, and measures it. */
  time(calls: number): Promise<Times>
}

/** Bytes of a program's buffers, as its schedule tells: inputs, values between dispatches, and the readback of all outputs. */
export const predictedBytes = (program: WgslProgram): number => {
  const numbers = [program.keptSize, program.dataSize, ...program.slots].reduce((p, q) => p + q, 0)
  const outputs = program.plan.outputs.reduce((total, o) => total + sizeOf(program.plan, o.name), 0)
  return 4 * (numbers + outputs)
}

const check = (graphics: GraphicsDevice, program: WgslProgram): void => {
  const most = graphics.largest / 4
  const largest = Math.max(program.keptSize, program.dataSize, ...program.slots)
  if (largest <= most) return
  const what = `program ${program.plan.name} needs a buffer of ${4 * largest} bytes, and the device allows ${4 * most}`
  throw new Failure(backendError(graphics.backend, 'program', `${what}; try a smaller batch`))
}

export const startEngine = async (
  graphics: GraphicsDevice,
  program: WgslProgram,
  schedule: Schedule,
  pipelines: Pipelines
): Promise<WgslEngine> => {
  const { device, backend } = graphics
  const { plan } = program
  const where = `program ${plan.name}`
  check(graphics, program)
  let bytes = 0
  const made = new Set<GPUBuffer>()
  const create = (size: number, usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ size: Math.max(size, 4), usage })
    bytes += buffer.size
    made.add(buffer)
    return buffer
  }
  const free = (buffer: GPUBuffer): void => {
    if (made.delete(buffer)) bytes -= buffer.size
    buffer.destroy()
  }
  const all = STORAGE | COPY_SRC | COPY_DST
  const built = await Promise.all(program.kernels.map((kernel) => pipelines(kernel, plan.name)))

  const { kept, data, slots } = await watched(graphics, 'compile', where, () => ({
    kept: create(4 * program.keptSize, all),
    data: create(4 * program.dataSize, all),
    slots: program.slots.map((numbers) => create(4 * numbers, all))
  }))
  const leafOf = new Map(program.leaves.map((leaf) => [leaf.name, leaf]))
  const bufferOf = new Map(program.buffers.map((b) => [b.name, b]))

  const placeOf = (name: string): Place => {
    const leaf = leafOf.get(name)
    if (leaf !== undefined) return { buffer: leaf.kept ? kept : data, offset: 4 * leaf.at, size: 4 * leaf.size }
    const own = bufferOf.get(name)
    const buffer = own === undefined ? undefined : slots[own.slot]
    if (own === undefined || buffer === undefined) throw new Error(`internal: ${name} has no buffer`)
    return { buffer, offset: 0, size: 4 * own.elements }
  }
  const resource = (bound: Bound): GPUBufferBinding => (bound._tag === 'kept' ? { buffer: kept } : placeOf(bound.name))

  const steps = await watched(graphics, 'compile', where, () =>
    program.dispatches.map(({ kernel, bound, groups }): Prepared => {
      const own = built[kernel]
      if (own === undefined) throw new Error(`internal: no kernel ${kernel}`)
      const entries = bound.map((b, binding) => ({ binding, resource: resource(b) }))
      return { pipeline: own.pipeline, group: device.createBindGroup({ layout: own.layout, entries }), groups }
    })
  )

  // --- updates: every stretch of an input that is bound by itself gets its copy ---------------------------------------

  const updates = plan.updates.flatMap(({ input, output }) => {
    const from = placeOf(output)
    return program.leaves
      .filter((leaf) => leaf.input === input && leaf.apart)
      .map((leaf) => ({ from, first: 4 * leaf.from, to: 4 * leaf.at, size: 4 * leaf.size }))
  })
  // An update from an input is held aside, as another update may write over it.
  const aside = updates.filter(({ from }) => from.buffer === kept).reduce((total, u) => total + u.size, 0)
  const holding = aside === 0 ? null : create(aside, COPY_SRC | COPY_DST)

  const update = (encoder: GPUCommandEncoder): void => {
    let at = 0
    const copies = updates.map(({ from, first, to, size }) => {
      if (from.buffer !== kept || holding === null) return { buffer: from.buffer, at: from.offset + first, to, size }
      encoder.copyBufferToBuffer(kept, from.offset + first, holding, at, size)
      at += size
      return { buffer: holding, at: at - size, to, size }
    })
    for (const copy of copies) encoder.copyBufferToBuffer(copy.buffer, copy.at, kept, copy.to, copy.size)
  }

  const encode = (encoder: GPUCommandEncoder, timestampWrites?: GPUComputePassTimestampWrites, calls = 1): void => {
    if (steps.length === 0) return
    const pass = encoder.beginComputePass(timestampWrites === undefined ? {} : { timestampWrites })
    for (let call = 0; call < calls; call++) {
      for (const { pipeline, group, groups } of steps) {
        pass.setPipeline(pipeline)
        pass.setBindGroup(0, group)
        pass.dispatchWorkgroups(...groups)
      }
    }
    pass.end()
  }

  // --- readback --------------------------------------------------------------------------------------------------------

  let staging: GPUBuffer | null = null
  const stagingOf = (size: number): GPUBuffer => {
    if (staging === null || staging.size < size) {
      if (staging !== null) free(staging)
      staging = create(size, MAP_READ | COPY_DST)
    }
    return staging
  }

  /** Submits what `before` and `after` record around the copies of some arrays, and reads those back. */
  const submit = (
    names: readonly string[],
    before: (encoder: GPUCommandEncoder) => void,
    after: (encoder: GPUCommandEncoder) => void
  ): Promise<Arrays> => {
    const places = names.map(placeOf)
    const total = places.reduce((sum, p) => sum + p.size, 0)
    return watched(graphics, 'execution', where, async () => {
      const target = total === 0 ? null : stagingOf(total)
      const encoder = device.createCommandEncoder()
      before(encoder)
      let end = 0
      for (const { buffer, offset, size } of places) {
        if (target !== null) encoder.copyBufferToBuffer(buffer, offset, target, end, size)
        end += size
      }
      after(encoder)
      device.queue.submit([encoder.finish()])
      if (target === null) return {}
      const mapped = await target.mapAsync(READ, 0, total).then(
        () => null,
        (cause: unknown) => String(cause)
      )
      if (mapped !== null) {
        assertPresent(graphics, where)
        throw new Failure(lostError(backend, where, mapped))
      }
      const bytes = target.getMappedRange(0, total)
      let at = 0
      const results = places.map(({ size }, k) => {
        at += size
        return [names[k] as string, new Float32Array(bytes.slice(at - size, at))] as const
      })
      target.unmap()
      return Object.fromEntries(results)
    })
  }

  // --- a launch alone --------------------------------------------------------------------------------------------------

  /** The kernel and the order of its arrays, from the program where a dispatch is this launch and nothing else. */
  const aloneOf = (index: number) => {
    const own = program.dispatches.find((d) => d.launches[0] === index && d.launches[1] === index)
    const kernel = own === undefined ? undefined : program.kernels[own.kernel]
    if (own === undefined || kernel === undefined || own.bound.some((b) => b._tag === 'kept')) {
      return printLaunch(plan, schedule, index, program.limits)
    }
    const names = own.bound.flatMap((b) => (b._tag === 'array' ? [b.name] : []))
    return { kernel, groups: own.groups, inputs: names.slice(0, -1) }
  }

  const launch = async (index: number, inputs: readonly Float32Array[]): Promise<Float32Array> => {
    const { kernel, groups, inputs: order } = aloneOf(index)
    const { pipeline, layout } = await pipelines(kernel, plan.name)
    const launched = plan.launches[index]
    const size = 4 * sizeOf(plan, launched?.output ?? '')
    const lone: GPUBuffer[] = []
    const own = (bytes: number, usage: number): GPUBuffer => {
      const buffer = device.createBuffer({ size: bytes, usage })
      lone.push(buffer)
      return buffer
    }
    try {
      return await watched(graphics, 'execution', `kernel ${kernel.name} of ${plan.name}`, async () => {
        const bound = order.map((name) => {
          const values = inputs[launched?.inputs.indexOf(name) ?? -1] ?? new Float32Array(0)
          const buffer = own(values.byteLength, STORAGE | COPY_DST)
          device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>)
          return buffer
        })
        const result = own(size, STORAGE | COPY_SRC)
        const target = own(size, MAP_READ | COPY_DST)
        const entries = [...bound, result].map((buffer, binding) => ({ binding, resource: { buffer } }))
        const encoder = device.createCommandEncoder()
        const pass = encoder.beginComputePass()
        pass.setPipeline(pipeline)
        pass.setBindGroup(0, device.createBindGroup({ layout, entries }))
        pass.dispatchWorkgroups(...groups)
        pass.end()
        encoder.copyBufferToBuffer(result, 0, target, 0, size)
        device.queue.submit([encoder.finish()])
        await target.mapAsync(READ)
        return new Float32Array(target.getMappedRange().slice(0))
      })
    } finally {
      for (const buffer of lone) buffer.destroy()
    }
  }

  return {
    kind: 'wgsl',
    resident: true,
    bytes: () => bytes,
    write: (input, values) => {
      assertPresent(graphics, where)
      for (const leaf of program.leaves) {
        if (leaf.input !== input || !leaf.apart) continue
        const stretch = values.subarray(leaf.from, leaf.from + leaf.size) as Float32Array<ArrayBuffer>
        device.queue.writeBuffer(leaf.kept ? kept : data, 4 * leaf.at, stretch)
      }
    },
    run: (want) => submit(want, (encoder) => encode(encoder), update),
    read: (inputs) =>
      submit(
        inputs,
        () => undefined,
        () => undefined
      ),
    launch,
    time: (calls) => timeCalls(graphics, where, calls, encode),
    destroy: async () => {
      for (const buffer of made) free(buffer)
    }
  }
}
