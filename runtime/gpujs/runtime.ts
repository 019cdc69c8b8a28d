/** Opening a backend and compiling programs for it. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Program } from '../../codegen/program'
import type { Target } from '../../codegen/schedule'
import { gpujs, gpujsWebasm, gpujsWebgpu, print } from '../../codegen/targets/gpujs'
import { asBackendError, type BackendError, type BackendName } from '../backends/error'
import { executableOf } from '../backends/executable'
import type { Executable, OpenOptions, Runtime } from '../backends/runtime'
import { type Device, findDevice } from './device'
import type { Engine } from './engine'
import { fused } from './fused'
import type { Gpu } from './library'
import { portsOf, programEngine } from './program-engine'
import { sequential } from './sequential'
import { patchOf, unpatched } from './webasm/patch'
import { type Wiring, wire } from './wiring'

/** A runtime that takes gpu.js programs written by hand, too. */
export interface GpujsRuntime extends Runtime {
  compileProgram(program: Program): TaskEither<BackendError, Executable>
}

/** Backends whose plans are made otherwise than as written. */
const targets: Partial<Readonly<Record<BackendName, Target>>> = { webasm: gpujsWebasm, webgpu: gpujsWebgpu }

const start = (device: Device, gpu: Gpu, wiring: Wiring, resident: boolean): Promise<Engine> =>
  device.backend === 'cpu' || wiring.steps.length === 0
    ? sequential(device, gpu, wiring)
    : fused(device, gpu, wiring, resident)

/** Opens a backend, or says in one sentence why it cannot run here; there is no fallback to another. */
export const open =
  (name: BackendName, options: OpenOptions = {}): TaskEither<BackendError, GpujsRuntime> =>
  async () => {
    const where = 'opening'
    try {
      const found = await findDevice(name, options.software ?? true)
      if (E.isLeft(found)) return found
      const device = found.right
      const gpu = new device.library.GPU({ mode: device.mode })
      const generator = name === 'webasm' ? (options.stock === true ? unpatched : patchOf(device.library)) : null
      if (generator?.patched === true) gpu.Kernel = generator.Kernel
      const patch = generator === null ? null : { patched: generator.patched, reason: generator.reason }
      const live = new Set<Executable>()
      const compileProgram =
        (program: Program): TaskEither<BackendError, Executable> =>
        async () => {
          const wiring = wire(name, program)
          if (E.isLeft(wiring)) return wiring
          try {
            const engine = await start(device, gpu, wiring.right, options.resident ?? true)
            const made = executableOf(name, portsOf(wiring.right), programEngine(device, gpu, wiring.right, engine))
            live.add(made)
            return E.right(made)
          } catch (cause) {
            return E.left(asBackendError(name, 'compile', `program ${program.name}`, cause))
          }
        }
      const compile: Runtime['compile'] = (plan, printers) => compileProgram((printers?.gpujs ?? print)(plan))
      const close = async (): Promise<void> => {
        for (const made of live) await made.dispose()
        live.clear()
        await gpu.destroy()
      }
      const { adapter, hardware } = device
      return E.right({
        backend: name,
        adapter,
        hardware,
        patch,
        target: targets[name] ?? gpujs,
        compile,
        compileProgram,
        decided: (plan) => plan,
        close
      })
    } catch (cause) {
      return E.left(asBackendError(name, 'unavailable', where, cause))
    }
  }
