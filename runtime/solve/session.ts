/** One run of solving: clocks, options with their defaults, and a device that is opened when first needed. */
import * as E from 'fp-ts/Either'

import { type Chosen, chooseFor, isWorthLooking, type Operations } from '../backends/choose'
import type { BackendError } from '../backends/error'
import { becauseLittle } from './little'
import type { Device } from './network'
import type { Computes, Progress, SolveOptions, Timings } from './solution'

export type Stage = keyof Omit<Timings, 'total'>

/** A device, and why it was taken. */
export interface Taken {
  readonly device: Device
  readonly because: string
}

/** The devices of a solver, each opened by the first run that needs it. */
export interface Devices {
  /** The device for so many operations: the one that was named, or the best one; `little` work may be interpreted. */
  readonly open: (work: Operations, little: boolean) => Promise<E.Either<BackendError, Taken>>
  readonly close: () => Promise<void>
}

export interface Session {
  readonly tol: number
  /** A backward error below which no further pass pays. */
  readonly goal: number
  readonly maxPasses: number
  readonly options: SolveOptions
  /** The run's device, for so many operations, which may be `little` work. */
  readonly open: (work: Operations, little: boolean) => Promise<E.Either<BackendError, Device>>
  /** The device that was opened last. */
  readonly taken: () => Taken | null
  readonly time: <A>(stage: Stage, body: () => Promise<A>) => Promise<A>
  readonly timings: () => Timings
  readonly progress: (progress: Progress) => void
  readonly isAborted: () => boolean
}

type Attempt<A> = Promise<E.Either<BackendError, A>>

/** What was found for a key; an attempt that failed is made again. */
const remembered = <K, A>(known: Map<K, Attempt<A>>, key: K, attempt: () => Attempt<A>): Attempt<A> => {
  const found = known.get(key) ?? attempt()
  known.set(key, found)
  return found.then((result) => {
    if (E.isLeft(result)) known.delete(key)
    return result
  })
}

export const devicesFor = (backend: string): Devices => {
  // Short work and long work may be for different backends; a backend is opened once.
  const choices = new Map<boolean, Attempt<Chosen>>()
  const devices = new Map<Computes, Attempt<Device>>()
  const taken = async (name: Computes, because: string, make: () => Attempt<Device>): Attempt<Taken> =>
    E.map((device: Device): Taken => ({ device, because }))(await remembered(devices, name, make))
  const open: Devices['open'] = async (work, little) => {
    if (backend === 'auto' && little) {
      return taken('interpreter', becauseLittle, async () => E.right((await import('./interpreted')).interpreter))
    }
    const isLong = backend !== 'auto' || isWorthLooking(work)
    const chosen = await remembered(choices, isLong, () => chooseFor(backend, work)())
    if (E.isLeft(chosen)) return chosen
    const { name, because } = chosen.right
    return taken(name, because, async () => (await import('./compiled')).openDevice(name))
  }
  const close = async (): Promise<void> => {
    const opened = await Promise.all(devices.values())
    choices.clear()
    devices.clear()
    for (const device of opened) if (E.isRight(device)) await device.right.close()
  }
  return { open, close }
}

export const session = (options: SolveOptions, devices: Devices): Session => {
  const begun = performance.now()
  const spent: Record<Stage, number> = { prepare: 0, compile: 0, refine: 0, condition: 0, classical: 0 }
  const tol = options.tol ?? 1e-12
  let taken: Taken | null = null
  return {
    tol,
    goal: Math.max(tol / 100, 2 ** -52),
    maxPasses: options.proposeOnly ? 1 : (options.maxPasses ?? 40),
    options,
    open: async (work, little) => {
      const opened = await devices.open(work, little)
      if (E.isLeft(opened)) return opened
      taken = opened.right
      return E.right(taken.device)
    },
    taken: () => taken,
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
