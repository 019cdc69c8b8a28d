/** Loops over groups of systems as a device of the ladder. */
import * as E from 'fp-ts/Either'

import type { Plan } from '../../codegen/plan'
import { float32Errors } from '../../codegen/targets/special'
import { type LanesOptions, lanesProgram } from '../../codegen/targets/wasm/lanes/program'
import type { Module } from '../../codegen/targets/wasm/module'
import type { Device } from '../../runtime/ladder/device'
import { alone } from '../../runtime/wasm/alone'
import { type Groups, groups } from '../../runtime/wasm/lanes'

/** What a test may damage on the way to a module. */
export interface Damage {
  readonly plan?: (plan: Plan) => Plan
  readonly module?: (module: Module) => Module
}

export const lanesDevice = (options: LanesOptions = {}, damage: Damage = {}): Device => {
  const made = (plan: Plan): Groups => {
    const program = lanesProgram(damage.plan?.(plan) ?? plan, options)
    if (E.isLeft(program)) throw new Error(program.left)
    const { module } = program.right
    return groups({ ...program.right, module: damage.module?.(module) ?? module })
  }
  return {
    name: 'wasm, systems across lanes',
    target: { name: 'wasm', mostArrays: null, errors: float32Errors },
    compile: async (plan) => {
      const whole = made(plan)
      return {
        run: async (inputs) => whole.run(inputs),
        launch: async (at, inputs) => {
          const own = alone(plan, at)
          const data = Object.fromEntries(own.inputs.map((i, k) => [i.name, inputs[k] as Float32Array]))
          return made(own).run(data)[own.outputs[0]?.name ?? ''] as Float32Array
        },
        dispose: async () => {}
      }
    }
  }
}
