/** A WebGPU device with all that its adapter allows, and what can happen to it. */
import { guaranteed, type Limits } from '../../codegen/targets/wgsl/program'
import { type BackendName, backendError, brief, Failure, lostError } from '../backends/error'

export interface GraphicsDevice {
  readonly backend: BackendName
  readonly device: GPUDevice
  readonly limits: Limits
  /** Bytes of the largest buffer, and of the largest stretch of one that a kernel may bind. */
  readonly largest: number
  /** Whether the device tells times. */
  readonly timed: boolean
  /** Why the device is gone, or null. */
  readonly lost: () => string | null
}

/** The device's limits that we ask the adapter for. */
const asked = [
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxBufferSize',
  'maxStorageBufferBindingSize'
] as const

export const openDevice = async (backend: BackendName, adapter: GPUAdapter): Promise<GraphicsDevice> => {
  const timed = adapter.features.has('timestamp-query')
  const device = await adapter.requestDevice({
    requiredFeatures: timed ? ['timestamp-query'] : [],
    requiredLimits: Object.fromEntries(asked.map((name) => [name, adapter.limits[name]]))
  })
  let gone: string | null = null
  void device.lost.then((info) => {
    gone = brief(info.message || info.reason || 'it was reset or removed')
  })
  const { limits } = device
  return {
    backend,
    device,
    limits: {
      ...guaranteed,
      storageBuffers: limits.maxStorageBuffersPerShaderStage,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize
    },
    largest: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
    timed,
    lost: () => gone
  }
}

export const assertPresent = (graphics: GraphicsDevice, where: string): void => {
  const gone = graphics.lost()
  if (gone !== null) throw new Failure(lostError(graphics.backend, where, gone))
}

/**
 * Does something with the device: what it objects to is an error of that work, and a lost device is said to be lost. All
 * that `work` asks of the device it asks before it waits for anything, as errors are caught for the whole device.
 */
export const watched = async <A>(
  graphics: GraphicsDevice,
  reason: 'compile' | 'execution',
  where: string,
  work: () => Promise<A> | A
): Promise<A> => {
  assertPresent(graphics, where)
  const { device, backend } = graphics
  for (const filter of filters) device.pushErrorScope(filter)
  const begun = (async () => work())()
  const popped = filters.map(() => device.popErrorScope())
  const [[result], scopes] = await Promise.all([Promise.allSettled([begun]), Promise.allSettled(popped)])
  // A device that goes away tells so a little later than it refuses.
  if (result.status === 'rejected' || scopes.some((s) => s.status === 'rejected')) await settled(device)
  assertPresent(graphics, where)
  for (const scope of scopes) {
    const said = scope.status === 'rejected' ? brief(scope.reason) : scope.value?.message
    if (said) throw new Failure(backendError(backend, reason, `${where}: ${brief(said)}`))
  }
  if (result.status === 'rejected') throw result.reason
  return result.value
}

const filters = ['validation', 'out-of-memory', 'internal'] as const

/** Long enough for a device that is gone to say so. */
const settled = (device: GPUDevice): Promise<unknown> =>
  Promise.race([device.lost, new Promise((resolve) => setTimeout(resolve, 50))])
