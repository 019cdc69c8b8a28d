/** Opening the `wgsl` backend: our own compute shaders on a WebGPU device. */
import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Plan } from '../../codegen/plan'
import type { Printers } from '../../codegen/printers'
import { printSchedule, wgsl } from '../../codegen/targets/wgsl/index'
import type { WgslProgram } from '../../codegen/targets/wgsl/program'
import { scheduleWgsl, type Wishes } from '../../codegen/targets/wgsl/schedule'
import { asBackendError, type BackendError, type BackendName } from '../backends/error'
import { executableOf, portsOf } from '../backends/executable'
import type { Executable, OpenOptions, Runtime } from '../backends/runtime'
import { findAdapter } from '../webgpu/adapter'
import { type GraphicsDevice, openDevice } from './device'
import { predictedBytes, startEngine } from './engine'
import { pipelinesOf } from './pipelines'
import type { Times } from './times'

export interface WgslExecutable extends Executable {
  readonly program: WgslProgram
  /** Bytes of device memory that its schedule predicts, and those it holds now. */
  readonly memory: () => { readonly predicted: number; readonly held: number }
  /** Repeats the latest call on the device, without a readback, and measures it. */
  readonly time: (calls: number) => Promise<Times>
}

export interface WgslRuntime extends Runtime {
  readonly graphics: GraphicsDevice
  compile(plan: Plan, printers?: Partial<Printers>, wishes?: Wishes): TaskEither<BackendError, WgslExecutable>
}

export const open =
  (name: BackendName, options: OpenOptions = {}): TaskEither<BackendError, WgslRuntime> =>
  async () => {
    try {
      const found = await findAdapter(name, options.software ?? true)
      if (E.isLeft(found)) return found
      const graphics = await openDevice(name, found.right.adapter)
      const pipelines = pipelinesOf(graphics)
      const live = new Set<Executable>()
      const compile: WgslRuntime['compile'] = (plan, printers, wishes) => async () => {
        try {
          const schedule = scheduleWgsl(plan, graphics.limits, wishes)
          const program = (printers?.wgsl ?? printSchedule)(plan, schedule, graphics.limits)
          const engine = await startEngine(graphics, program, schedule, pipelines)
          const memory = () => ({ predicted: predictedBytes(program), held: engine.bytes() })
          const made = { ...executableOf(name, portsOf(plan), engine), program, memory, time: engine.time }
          live.add(made)
          return E.right(made)
        } catch (cause) {
          return E.left(asBackendError(name, 'compile', `program ${plan.name}`, cause))
        }
      }
      const close = async (): Promise<void> => {
        for (const made of live) await made.dispose()
        live.clear()
        graphics.device.destroy()
      }
      const { name: adapter, hardware } = found.right
      return E.right({
        backend: name,
        adapter,
        hardware,
        target: wgsl,
        patch: null,
        graphics,
        compile,
        decided: (plan) => plan,
        close
      })
    } catch (cause) {
      return E.left(asBackendError(name, 'unavailable', 'opening', cause))
    }
  }
