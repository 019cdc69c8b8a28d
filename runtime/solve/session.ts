/** One run of solving: clocks, options with their defaults, and a device that is opened when first needed. */
import * as E from 'fp-ts/Either'

import type { BackendError } from '../backends/error'
import { type Device, openDevice } from './network'
import type { Progress, SolveOptions, Timings } from './solution'

export type Stage = keyof Omit<Timings, 'total'>

/** A device, shared by all runs of a solver and opened by the first that needs it. */
export interface Devices {
  readonly open: () => Promise<E.Either<BackendError, Device>>
  /** The device, if it was opened. */
  readonly opened: () => Device | null
  readonly close: () => Promise<void>
}

export interface Session {
  readonly tol: number
  /** A backward error below which no further pass pays. */
  readonly goal: number
  readonly maxPasses: number
  readonly options: SolveOptions
  readonly devices: Devices
  readonly time: <A>(stage: Stage, body: () => Promise<A>) => Promise<A>
  readonly timings: () => Timings
  readonly progress: (progress: Progress) => void
  readonly isAborted: () => boolean
}

export const devicesFor = (backend: string): Devices => {
  let found: Promise<E.Either<BackendError, Device>> | null = null
  let device: Device | null = null
  const open = async (): Promise<E.Either<BackendError, Device>> => {
    found ??= openDevice(backend)
    const result = await found
    if (E.isRight(result)) device = result.right
    else found = null
    return result
  }
  const close = async (): Promise<void> => {
    const open = device
    device = null
    found = null
    await open?.close()
  }
  return { open, opened: () => device, close }
}

export const session = (options: SolveOptions, devices: Devices): Session => {
  const begun = performance.now()
  const spent: Record<Stage, number> = { prepare: 0, compile: 0, refine: 0, condition: 0, classical: 0 }
  const tol = options.tol ?? 1e-12
  return {
    tol,
    goal: Math.max(tol / 100, 2 ** -52),
    maxPasses: options.proposeOnly ? 1 : (options.maxPasses ?? 40),
    options,
    devices,
    time: async (stage, body) => {
      const start = performance.now()
      try {
        return await body()
      } finally {
        spent[stage] += performance.now() - start
      }
    },
    timings: () => ({ ...spent, total: performance.now() - begun }),
    progress: (progress) => options.onProgress?.(progress),
    isAborted: () => options.signal?.aborted === true
  }
}
