/** Opening a backend by name. What a backend needs is imported when it is opened, and not before. */
import type { TaskEither } from 'fp-ts/TaskEither'

import type { BackendError, BackendName } from './error'
import type { OpenOptions, Runtime } from './runtime'

type Open = (name: BackendName, options?: OpenOptions) => TaskEither<BackendError, Runtime>

const gpujs = async (): Promise<Open> => (await import('../gpujs/runtime')).open

const wasm = async (): Promise<Open> => (await import('../wasm/runtime')).open

const openers: Readonly<Record<BackendName, () => Promise<Open>>> = {
  wasm,
  cpu: gpujs,
  webasm: gpujs,
  webgpu: gpujs,
  headlessgl: gpujs,
  webgl2: gpujs,
  wgsl: async () => (await import('../wgsl/runtime')).open
}

/** Opens a backend, or says in one sentence why it cannot run here; there is no fallback to another. */
export const open: Open = (name, options) => async () => (await openers[name]())(name, options)()
