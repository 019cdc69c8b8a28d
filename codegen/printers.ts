/** The printers by target: a plan's texts, and whatever else the target's runtime needs to run them. */
import type { Plan } from './plan'
import type { Program } from './program'
import type { PrintOptions, WasmProgram } from './targets/wasm/print'
import type { Limits, WgslProgram } from './targets/wgsl/program'
import type { Schedule } from './targets/wgsl/schedule'

export interface Printers {
  readonly gpujs: (plan: Plan) => Program
  readonly wasm: (plan: Plan, options?: PrintOptions) => WasmProgram
  readonly wgsl: (plan: Plan, schedule: Schedule, limits: Limits) => WgslProgram
}
