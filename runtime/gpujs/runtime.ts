/** Opening a backend and compiling programs for it. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Program } from '../../codegen/program'
import { type Device, findDevice } from './device'
import type { Engine } from './engine'
import { asBackendError, type BackendError, type BackendName } from './error'
import { type Executable, executable } from './executable'
import { fused } from './fused'
import type { Gpu } from './library'
import { sequential } from './sequential'
import { type Wiring, wire } from './wiring'

export type { Arrays, Executable } from './executable'

export interface Runtime {
  readonly backend: BackendName
  /** What executes, in words: the graphics adapter's name, `WebAssembly SIMD`, `plain JavaScript`. */
  readonly adapter: string
  readonly hardware: boolean
  /** Builds every kernel of the program; nothing runs yet. A kernel that does not compile is a Left that names it. */
  compile(program: Program): TaskEither<BackendError, Executable>
  /** Disposes of every executable and of what gpu.js holds. */
  close(): Promise<void>
}

export interface OpenOptions {
  /** False keeps to gpu.js's published calls: arguments and results are copied at every call. Default true. */
  readonly resident?: boolean
  /** False refuses a software WebGPU. Default true. */
  readonly software?: boolean
}

const start = (device: Device, gpu: Gpu, wiring: Wiring, resident: boolean): Promise<Engine> =>
  device.backend === 'cpu' || wiring.steps.length === 0
    ? sequential(device, gpu, wiring)
    : fused(device, gpu, wiring, resident)

/** Opens a backend, or says in one sentence why it cannot run here; there is no fallback to another. */
export const open =
  (name: BackendName, options: OpenOptions = {}): TaskEither<BackendError, Runtime> =>
  async () => {
    const where = 'opening'
    try {
      const found = await findDevice(name, options.software ?? true)
      if (E.isLeft(found)) return found
      const device = found.right
      const gpu = new device.library.GPU({ mode: device.mode })
      const live = new Set<Executable>()
      const compile =
        (program: Program): TaskEither<BackendError, Executable> =>
        async () => {
          const wiring = wire(name, program)
          if (E.isLeft(wiring)) return wiring
          try {
            const engine = await start(device, gpu, wiring.right, options.resident ?? true)
            const made = executable(device, gpu, wiring.right, engine)
            live.add(made)
            return E.right(made)
          } catch (cause) {
            return E.left(asBackendError(name, 'compile', `program ${program.name}`, cause))
          }
        }
      const close = async (): Promise<void> => {
        for (const made of live) await made.dispose()
        live.clear()
        await gpu.destroy()
      }
      const { adapter, hardware } = device
      return E.right({ backend: name, adapter, hardware, compile, close })
    } catch (cause) {
      return E.left(asBackendError(name, 'unavailable', where, cause))
    }
  }
