/** Compute pipelines from kernel texts: one for every text, whichever program it belongs to. */
import { barrierFaults } from '../../codegen/targets/wgsl/barriers'
import type { WgslKernel } from '../../codegen/targets/wgsl/program'
import { backendError, Failure } from '../backends/error'
import { type GraphicsDevice, watched } from './device'

export interface Pipeline {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

export type Pipelines = (kernel: WgslKernel, program: string) => Promise<Pipeline>

/** `GPUShaderStage.COMPUTE`, which Node has only once WebGPU is there. */
const COMPUTE = 4

const build = async (graphics: GraphicsDevice, kernel: WgslKernel, program: string): Promise<Pipeline> => {
  const where = `kernel ${kernel.name} of ${program}`
  const refuse = (what: string): never => {
    throw new Failure(backendError(graphics.backend, 'compile', `${where}: ${what}`))
  }
  const { storageBuffers, workgroupBytes } = graphics.limits
  if (kernel.access.length > storageBuffers) {
    refuse(`it binds ${kernel.access.length} arrays, and the device allows ${storageBuffers}`)
  }
  if (kernel.workgroupBytes > workgroupBytes) {
    refuse(`it needs ${kernel.workgroupBytes} bytes of workgroup memory, and the device has ${workgroupBytes}`)
  }
  const [fault] = barrierFaults(kernel.source)
  if (fault !== undefined) refuse(fault)
  const { device } = graphics
  return watched(graphics, 'compile', where, async () => {
    const module = device.createShaderModule({ code: kernel.source, label: kernel.name })
    const layout = device.createBindGroupLayout({
      entries: kernel.access.map((access, binding) => ({
        binding,
        visibility: COMPUTE,
        buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' }
      }))
    })
    const pipeline = await device.createComputePipelineAsync({
      label: kernel.name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: kernel.name }
    })
    return { pipeline, layout }
  })
}

/** A text that does not compile is tried again when it is asked for again. */
export const pipelinesOf = (graphics: GraphicsDevice): Pipelines => {
  const known = new Map<string, Promise<Pipeline>>()
  return (kernel, program) => {
    const made = known.get(kernel.source) ?? build(graphics, kernel, program)
    known.set(kernel.source, made)
    made.catch(() => known.delete(kernel.source))
    return made
  }
}
