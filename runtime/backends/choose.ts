/** Which backend is used: the one that is named, or the best for the work at hand. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import { type BackendError, type BackendName, backendError, backendNames, isBackendName } from './error'
import { open } from './open'
import { mayHaveGraphics } from './present'
import type * as Probing from './probe'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Chosen {
  readonly name: BackendName
  /** Why, in a few words. */
  readonly because: string
}

/** Work to be done, in floating-point operations; `null` where it is not known. */
export type Operations = number | null

// --- what looking costs ------------------------------------------------------------------------------------------------

/** Operations a second of our WebAssembly on one core, at the least, for products of a matrix and a vector. */
const onProcessor = 4e9
/** Seconds to load WebGPU, find an adapter, open it and build the first pipelines. */
const looking = 0.25

/**
 * Whether a graphics processor may pay: not where the processor is done with all the work before one is found. Work that is
 * not known may be long.
 */
export const isWorthLooking = (work: Operations): boolean => work === null || work > onProcessor * looking

const short = (work: number): string => {
  const ms = (work / onProcessor) * 1000
  return ms < 1 ? 'under 1 ms' : `about ${Math.round(ms)} ms`
}

// --- choosing --------------------------------------------------------------------------------------------------------

/** A small program is compiled for it: the compiler is read where that is asked for. */
const trial: typeof Probing.trial = async (name, options) => (await import('./probe')).trial(name, options)

const named = async (name: string): Promise<E.Either<BackendError, Chosen>> => {
  if (!isBackendName(name)) {
    const known = ['auto', ...backendNames].join(', ')
    return E.left(backendError(name, 'unavailable', `there is no such backend; there are ${known}`))
  }
  // Our own WebAssembly asks for no device: that it opens says all.
  const tried = name === 'wasm' ? await opens(name) : await trial(name, {})
  return E.isLeft(tried) ? tried : E.right({ name, because: 'asked for' })
}

const opens = async (name: BackendName): Promise<E.Either<BackendError, void>> => {
  const opened = await open(name)()
  if (E.isLeft(opened)) return opened
  return E.right(await opened.right.close())
}

const automatic = async (work: Operations): Promise<Chosen> => {
  let because: string
  if (work !== null && !isWorthLooking(work)) {
    because = `no graphics processor was looked for: the work takes ${short(work)}`
  } else if (!mayHaveGraphics()) {
    because = 'there is no graphics processor'
  } else {
    const graphics = await trial('wgsl', { software: false })
    if (E.isRight(graphics) && graphics.right.hardware)
      return { name: 'wgsl', because: 'long work, for which there is a graphics processor' }
    because = 'no graphics processor answers'
  }
  if (E.isRight(await opens('wasm'))) return { name: 'wasm', because }
  const webasm = await trial('webasm', {})
  return { name: E.isRight(webasm) ? 'webasm' : 'cpu', because: `${because}, and no WebAssembly with SIMD` }
}

/**
 * The backend to use. `auto`: wgsl on a real graphics processor, looked for where the work is long enough; else wasm, else
 * webasm, else cpu. A backend that is named is taken or refused, never replaced by another.
 */
export const chooseFor =
  (request: string, work: Operations = null): TaskEither<BackendError, Chosen> =>
  async () =>
    request === 'auto' ? E.right(await automatic(work)) : named(request)

/** The backend to use for work that is not known. */
export const choose =
  (request: string): TaskEither<BackendError, BackendName> =>
  async () =>
    E.map(({ name }: Chosen) => name)(await chooseFor(request)())
