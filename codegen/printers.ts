/** The printers by target: a plan's texts, and whatever else the target's runtime needs to run them. */
import type { Plan } from './plan'
import type { Program } from './program'

export interface Printers {
  readonly gpujs: (plan: Plan) => Program
}
