/** Whether a backend can run here, and on what. */
import * as E from 'fp-ts/Either'
import { type BackendError, type BackendName, backendError } from '../backends/error'
import { findAdapter, inNode, softwareNames } from '../webgpu/adapter'
import { type GpuLibrary, loadLibrary } from './library'

export interface Device {
  readonly backend: BackendName
  readonly library: GpuLibrary
  /** gpu.js's name for the mode, and the name that its kernels report once built. */
  readonly mode: string
  readonly reports: string
  /** What executes, in words. */
  readonly adapter: string
  /** True for a real graphics processor. */
  readonly hardware: boolean
}

/** The renderer's name that WebGL2 reports, as far as the browser tells it. */
const webgl2Renderer = (): string => {
  if (typeof OffscreenCanvas === 'undefined') return 'WebGL2'
  const context = new OffscreenCanvas(1, 1).getContext('webgl2')
  const unmasked = context?.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL
  const name: unknown = context?.getParameter(unmasked ?? context.RENDERER)
  context?.getExtension('WEBGL_lose_context')?.loseContext()
  return typeof name === 'string' && name !== '' ? name : 'WebGL2'
}

const webgpu = async (software: boolean): Promise<E.Either<BackendError, Device>> => {
  const found = await findAdapter('webgpu', software)
  if (E.isLeft(found)) return found
  const { name: adapter, hardware } = found.right
  return E.right({
    backend: 'webgpu',
    library: await loadLibrary(),
    mode: 'webgpu',
    reports: 'webgpu',
    adapter,
    hardware
  })
}

/** Finds a backend's device. `software` says whether a software WebGPU is looked for when there is no hardware. */
export const findDevice = async (name: BackendName, software = true): Promise<E.Either<BackendError, Device>> => {
  if (name === 'webgpu') return webgpu(software)
  const library = await loadLibrary()
  const unavailable = (why: string) => E.left(backendError(name, 'unavailable', `not available here: ${why}`))
  const found = (mode: string, reports: string, adapter: string, hardware: boolean) =>
    E.right<BackendError, Device>({ backend: name, library, mode, reports, adapter, hardware })
  switch (name) {
    case 'wasm':
    case 'wgsl':
      throw new Error(`internal: gpu.js does not run ${name}`)
    case 'cpu':
      return found('cpu', 'cpu', 'plain JavaScript', false)
    case 'webasm':
      return library.GPU.isWebAssemblySupported
        ? found('webasm', 'webasm', 'WebAssembly SIMD', false)
        : unavailable('this JavaScript engine has no WebAssembly, try cpu')
    case 'headlessgl':
      if (!inNode()) return unavailable('it is for Node, try webgl2 in a browser')
      return library.GPU.isHeadlessGLSupported
        ? found('headlessgl', 'gpu', 'headless OpenGL', false)
        : unavailable('it needs the package gl (npm install gl) and an X display, for example under xvfb-run')
    case 'webgl2': {
      if (inNode()) return unavailable('WebGL2 exists in browsers only, try webgpu, webasm or cpu')
      if (!library.GPU.isWebGL2Supported) return unavailable('this browser has no WebGL2 context to give, try webasm')
      const renderer = webgl2Renderer()
      return found('webgl2', 'gpu', renderer, !softwareNames.test(renderer))
    }
  }
}
