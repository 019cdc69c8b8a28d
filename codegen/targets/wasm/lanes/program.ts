/**
 * Small systems as a WebAssembly module: the loop over groups of systems, four of them across the lanes of a vector, with
 * all launches inside (`stages`), each kernel in tiles (`tile`).
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Plan } from '../../../plan'
import { type Module, module, pageBytes } from '../module'
import { type LanesPort, layOut } from './layout'
import { functionsOf } from './module'
import { type Stages, stagesOf } from './stages'
import { kernelInLanes, type LanesKernel, type Tile } from './tile'
import { withTotalsAlone } from './totals'

// --- model -----------------------------------------------------------------------------------------------------------

export interface LanesOptions {
  /** Systems of a group; by default as many as keep a group's inputs in the second-level cache. */
  readonly group?: number
  /** Tiles by the name of a kernel, in place of the cheapest. */
  readonly tiles?: Readonly<Record<string, Tile>>
}

export interface LanesSchedule {
  readonly plan: Plan
  /** Systems that one call of `run` may take. */
  readonly group: number
  readonly kernels: readonly LanesKernel[]
  readonly stages: Stages['stages']
  /** Bytes of arrays between launches, for four systems, shared by lifetime; bytes of all memory. */
  readonly scratch: number
  readonly bytes: number
}

/**
 * Exports `memory`, `begin()`, `run(systems)` and `end()`: a call of the program begins, runs its groups and ends. Inputs
 * are written to memory before `run`, or before `begin` where they are no batch; outputs are read behind `run` or `end`.
 */
export interface LanesProgram {
  readonly schedule: LanesSchedule
  readonly inputs: readonly LanesPort[]
  readonly outputs: readonly LanesPort[]
  readonly module: Module
}

// --- the program -----------------------------------------------------------------------------------------------------

/** A plan as a loop over groups of systems; `Left` says what does not fit. */
export const lanesProgram = (given: Plan, options: LanesOptions = {}): E.Either<string, LanesProgram> => {
  const plan = withTotalsAlone(given)
  return pipe(
    stagesOf(plan),
    E.map((staged) => {
      const { layout, inputs, outputs, group, scratch, bytes } = layOut(plan, staged, options.group)
      const kernels = plan.kernels.map((k) => kernelInLanes(k, plan.sizes, options.tiles?.[k.name]))
      const functions = functionsOf({ plan, stages: staged.stages, layout, inputs, outputs, kernels })
      const pages = Math.ceil(bytes / pageBytes)
      return {
        schedule: { plan, group, kernels, stages: staged.stages, scratch, bytes },
        inputs,
        outputs,
        module: module({ pages, most: pages, imported: false, shared: false }, functions)
      }
    })
  )
}
