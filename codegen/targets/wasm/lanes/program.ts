/**
 * Small systems as a WebAssembly module: the loop over groups of systems (`group`) with all launches of a plan inside
 * (`stages`), each kernel in tiles (`tile`).
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as X from '../../../expr'
import type { Plan } from '../../../plan'
import {
  call,
  copy,
  count,
  fill,
  get,
  int,
  load,
  local,
  op,
  plus,
  type Statement,
  set,
  shuffle32,
  storeLane,
  times,
  type Value
} from '../code'
import { func } from '../module'
import { type GroupProgram, groupProgram } from './group'
import { type Layout, layOut } from './layout'
import { type Stage, type Stages, stagesOf } from './stages'
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
  readonly kernels: readonly LanesKernel[]
  readonly stages: Stages['stages']
  /** Bytes of arrays between launches, for four systems, shared by lifetime. */
  readonly scratch: number
}

export interface LanesProgram extends GroupProgram {
  readonly schedule: LanesSchedule
}

// --- launches --------------------------------------------------------------------------------------------------------

interface Parts {
  readonly plan: Plan
  readonly stages: readonly Stage[]
  readonly layout: Layout
}

const addressIn = ({ addresses }: Layout, name: string): Value<'i32'> => {
  const address = addresses.get(name)
  if (address === undefined || Number.isNaN(address)) throw new Error(`internal: ${name} has no place in memory`)
  return int(address)
}

const launch = ({ plan, stages, layout }: Parts, at: number): Statement => {
  const { output, inputs, kernel } = plan.launches[at] as Plan['launches'][number]
  const given = inputs.map((name) => addressIn(layout, name))
  const total = stages[at] === 'total' ? layout.totals.get(output) : undefined
  const out = total === undefined ? [addressIn(layout, output)] : [int(total.address), int(layout.mask)]
  return call((plan.kernels[kernel] as Plan['kernels'][number]).name, ...out, ...given)
}

const launches = (parts: Parts, ...wanted: readonly Stage[]): readonly Statement[] =>
  parts.stages.flatMap((stage, at) => (wanted.includes(stage) ? [launch(parts, at)] : []))

const i = local('i', 'i32')
const v = local('v', 'v128')

/** A total in lanes, its four lanes added. */
const gather = (from: number, to: Value<'i32'>, elements: number): Statement =>
  count(i, int(0), int(4 * elements), 4, [
    set(v, load('v128.load', times(get(i), 4), from)),
    set(v, op('f32x4.add', get(v), shuffle32([2, 3, 0, 1], get(v), get(v)))),
    storeLane(0, plus(get(i), to), op('f32x4.add', get(v), shuffle32([1, 0, 3, 2], get(v), get(v))))
  ])

// --- the program -----------------------------------------------------------------------------------------------------

/** Whether what a plan computes depends on the number of systems. */
const dependsOnBatch = ({ kernels }: Plan): boolean => {
  const mentions = (e: X.Expr): boolean =>
    (e._tag === 'extent' && e.dim.terms.some((t) => t.symbols.includes('batch'))) || X.parts(e).some(mentions)
  return kernels.some((k) => mentions(k.value))
}

/** A plan as a loop over groups of systems; `Left` says what does not fit. */
export const lanesProgram = (given: Plan, options: LanesOptions = {}): E.Either<string, LanesProgram> => {
  const plan = withTotalsAlone(given)
  return pipe(
    stagesOf(plan),
    E.map((staged) => {
      const layout = layOut(plan, staged, options.group)
      const kernels = plan.kernels.map((k) =>
        kernelInLanes(k, plan.sizes, options.tiles?.[k.name], plan.tiles?.[k.name])
      )
      const parts: Parts = { plan, stages: staged.stages, layout }
      const totals = [...layout.totals]
      const program = groupProgram({
        name: plan.name,
        group: layout.group,
        batch: dependsOnBatch(plan) || staged.batched.size === 0 ? (plan.sizes['batch'] ?? 1) : null,
        inputs: layout.inputs,
        outputs: layout.outputs,
        bytes: layout.bytes,
        functions: kernels.map((k) => func(k.name, k.params, null, k.body, false)),
        begin: [
          ...totals.map(([, { address, elements }]) => fill(int(address), int(0), int(16 * elements))),
          ...launches(parts, 'before')
        ],
        each: launches(parts, 'systems', 'total'),
        end: [
          ...totals.map(([name, { address, elements }]) => gather(address, addressIn(layout, name), elements)),
          ...launches(parts, 'after'),
          ...plan.updates.map(({ input, output }) => {
            const elements = layout.inputs.find((p) => p.name === input)?.elements ?? 0
            return copy(addressIn(layout, input), addressIn(layout, output), int(4 * elements))
          })
        ],
        mask: totals.length === 0 ? null : layout.mask
      })
      return { ...program, schedule: { plan, kernels, stages: staged.stages, scratch: layout.scratch } }
    })
  )
}
