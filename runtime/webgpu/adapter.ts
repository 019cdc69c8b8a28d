/** The graphics adapter that WebGPU offers here, in a browser or in Node, and whether it is only software. */
import * as E from 'fp-ts/Either'

import { type BackendError, backendError } from '../backends/error'

export interface Adapter {
  readonly adapter: GPUAdapter
  /** In words, `(software)` included. */
  readonly name: string
  /** True for a real graphics processor. */
  readonly hardware: boolean
}

export const inNode = (): boolean => typeof process !== 'undefined' && typeof process.versions?.node === 'string'

export const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i

const navigatorGpu = (): GPU | undefined =>
  'navigator' in globalThis ? (globalThis.navigator as { readonly gpu?: GPU }).gpu : undefined

const describe = (adapter: GPUAdapter): Adapter => {
  const info: Partial<GPUAdapterInfo> | undefined = adapter.info
  const words = [info?.description, info?.device, info?.vendor, info?.architecture].filter((word) => word)
  const made = [info?.vendor, info?.architecture].filter((word) => word).join(' ')
  const name = info?.description || info?.device || made || 'unnamed adapter'
  const old = (adapter as { readonly isFallbackAdapter?: boolean }).isFallbackAdapter
  const software = old === true || info?.isFallbackAdapter === true || softwareNames.test(words.join(' '))
  return { adapter, name: software ? `${name} (software)` : name, hardware: !software }
}

/** Asks for an adapter, or says in one sentence why there is none. `software` says whether one in software will do. */
export const findAdapter = async (backend: string, software: boolean): Promise<E.Either<BackendError, Adapter>> => {
  const unavailable = (why: string) => E.left(backendError(backend, 'unavailable', `not available here: ${why}`))
  if (navigatorGpu() === undefined) {
    if (!inNode()) return unavailable('this browser has no WebGPU (navigator.gpu), try webgl2 or webasm')
    const { provideWebGPU } = await import('./node')
    const refused = await provideWebGPU(software)
    if (refused !== null) return unavailable(refused)
  }
  const adapter = await navigatorGpu()?.requestAdapter({ powerPreference: 'high-performance' })
  return adapter ? E.right(describe(adapter)) : unavailable('WebGPU is present, but no adapter answers')
}
