/** The engine of programs that run as loops over groups of systems. */
import * as E from 'fp-ts/Either'

import type { Plan } from '../../codegen/plan'
import { threadsFor } from '../../codegen/targets/wasm/lanes/choose'
import { type LanesProgram, lanesProgram } from '../../codegen/targets/wasm/lanes/program'
import type { ProgramEngine } from '../backends/executable'
import { alone } from './alone'
import { groups } from './lanes'
import { threadedGroups } from './threads'

/** One launch of a plan, as a loop over groups of its own. */
const launchAlone = (plan: Plan, at: number, inputs: readonly Float32Array[], fused: boolean): Float32Array => {
  const own = alone(plan, at)
  const made = lanesProgram(own)
  if (E.isLeft(made)) throw new Error(`internal: ${made.left}`)
  const data = Object.fromEntries(own.inputs.map((i, k) => [i.name, inputs[k] as Float32Array]))
  const [result] = Object.values(groups(made.right, fused).run(data))
  if (result === undefined) throw new Error(`internal: ${own.name} has no result`)
  return result
}

export const inGroups = (plan: Plan, program: LanesProgram, most: number, fused: boolean): ProgramEngine => {
  const threads = threadsFor(program, most)
  const team = threads > 1 ? threadedGroups(program, threads, fused) : null
  const made = team ?? groups(program, fused)
  const batched = new Set(program.inputs.filter((i) => i.batched).map((i) => i.name))
  const given = new Map<string, Float32Array>()
  return {
    resident: true,
    kind: threads > 1 ? `simd, systems across lanes, ${threads} threads` : 'simd, systems across lanes',
    // A batch is read group by group while the program runs; whoever writes it leaves it be until then.
    write: (input, values) => {
      if (batched.has(input)) given.set(input, values)
      else made.load({ [input]: values })
    },
    run: async (want) => made.run(Object.fromEntries(given), want),
    read: async (inputs) => Object.fromEntries(inputs.map((name) => [name, given.get(name) ?? made.read(name)])),
    launch: async (index, inputs) => launchAlone(plan, index, inputs, fused),
    destroy: async () => {
      given.clear()
      team?.close()
    }
  }
}
