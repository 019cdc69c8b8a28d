/** The engine of programs that run as loops over groups of systems. */
import * as E from 'fp-ts/Either'

import type { Plan } from '../../codegen/plan'
import { type LanesProgram, lanesProgram } from '../../codegen/targets/wasm/lanes/program'
import type { ResidentEngine } from '../backends/resident'
import { alone } from './alone'
import { groups } from './lanes'

/** Batches from which on a loop over groups pays: below, lanes stand empty. */
const fewest = 16
/** Bytes of four systems' arrays that a second-level cache holds. */
const mostScratch = 2 ** 20

/** A plan as a loop over groups, where that is the better way to run it: small systems, many of them. */
export const asGroups = (plan: Plan): LanesProgram | null => {
  if ((plan.sizes['batch'] ?? 1) < fewest) return null
  const made = lanesProgram(plan)
  return E.isRight(made) && made.right.schedule.scratch <= mostScratch ? made.right : null
}

/** One launch of a plan, as a loop over groups of its own. */
const launchAlone = (plan: Plan, at: number, inputs: readonly Float32Array[]): Float32Array => {
  const own = alone(plan, at)
  const made = lanesProgram(own)
  if (E.isLeft(made)) throw new Error(`internal: ${made.left}`)
  const data = Object.fromEntries(own.inputs.map((i, k) => [i.name, inputs[k] as Float32Array]))
  const [result] = Object.values(groups(made.right).run(data))
  if (result === undefined) throw new Error(`internal: ${own.name} has no result`)
  return result
}

export const inGroups = (plan: Plan, program: LanesProgram): ResidentEngine => {
  const made = groups(program)
  const batched = new Set(program.inputs.filter((i) => i.batched).map((i) => i.name))
  const given = new Map<string, Float32Array>()
  return {
    kind: 'simd, systems across lanes',
    // A batch is read group by group while the program runs; whoever writes it leaves it be until then.
    write: (input, values) => {
      if (batched.has(input)) given.set(input, values)
      else made.load({ [input]: values })
    },
    run: async (want) => made.run(Object.fromEntries(given), want),
    read: async (inputs) => Object.fromEntries(inputs.map((name) => [name, given.get(name) ?? made.read(name)])),
    launch: async (index, inputs) => launchAlone(plan, index, inputs),
    destroy: async () => given.clear()
  }
}
