/** How long calls take on the device: by its own clock where it has one, else by ours around the submission. */
import { type GraphicsDevice, watched } from './device'

export interface Times {
  /** Seconds of one call, the mean over those submitted together. */
  readonly seconds: number
  readonly clock: 'device' | 'host'
}

type Encode = (encoder: GPUCommandEncoder, timestampWrites?: GPUComputePassTimestampWrites, calls?: number) => void

const QUERY_RESOLVE = 512
const MAP_READ = 1
const COPY_SRC = 4
const COPY_DST = 8

/** Two time stamps of the device, in nanoseconds. */
const stamped = async (device: GPUDevice, calls: number, encode: Encode): Promise<number> => {
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 })
  const resolved = device.createBuffer({ size: 16, usage: QUERY_RESOLVE | COPY_SRC })
  const target = device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST })
  const encoder = device.createCommandEncoder()
  encode(encoder, { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 }, calls)
  encoder.resolveQuerySet(querySet, 0, 2, resolved, 0)
  encoder.copyBufferToBuffer(resolved, 0, target, 0, 16)
  device.queue.submit([encoder.finish()])
  await target.mapAsync(1)
  const [begin = 0n, end = 0n] = new BigUint64Array(target.getMappedRange().slice(0))
  for (const buffer of [resolved, target]) buffer.destroy()
  querySet.destroy()
  return Number(end - begin)
}

const waited = async (device: GPUDevice, calls: number, encode: Encode): Promise<number> => {
  const encoder = device.createCommandEncoder()
  encode(encoder, undefined, calls)
  const start = performance.now()
  device.queue.submit([encoder.finish()])
  await device.queue.onSubmittedWorkDone()
  return 1e6 * (performance.now() - start)
}

export const timeCalls = async (
  graphics: GraphicsDevice,
  where: string,
  calls: number,
  encode: Encode
): Promise<Times> => {
  const measured = (way: typeof waited) =>
    watched(graphics, 'execution', where, () => way(graphics.device, calls, encode))
  const nanoseconds = graphics.timed ? await measured(stamped) : 0
  // A clock that stands still, as some do between coarse ticks, is none.
  if (nanoseconds > 0) return { seconds: nanoseconds / 1e9 / calls, clock: 'device' }
  return { seconds: (await measured(waited)) / 1e9 / calls, clock: 'host' }
}
