/** Whether a plan runs as a loop over groups of systems, and on how many threads. */
import * as E from 'fp-ts/Either'

import type { Plan } from '../../../plan'
import { lanes } from './group'
import { type LanesProgram, lanesProgram } from './program'

/** Batches from which on a loop over groups pays: below, lanes stand empty. */
const fewest = 16
/** Bytes of four systems' arrays that a second-level cache holds. */
const mostScratch = 2 ** 20
/**
 * Estimated cycles that are worth another thread: some sixty microseconds. A thousand systems of nine unknowns as a
 * polynomial, twice that much work, took 0.62 of the time on two.
 */
const worthAThread = 2 ** 18

/** A plan as a loop over groups, where that is the better way to run it: small systems, many of them. */
export const asGroups = (plan: Plan): LanesProgram | null => {
  if ((plan.sizes['batch'] ?? 1) < fewest) return null
  const made = lanesProgram(plan)
  return E.isRight(made) && made.right.schedule.scratch <= mostScratch ? made.right : null
}

/** The plan with the tiles that its kernels get: compiled again, it is the same module without a search for them. */
export const decided = (plan: Plan): Plan => {
  const program = asGroups(plan)
  if (program === null) return plan
  return { ...plan, tiles: Object.fromEntries(program.schedule.kernels.map(({ name, tile }) => [name, tile])) }
}

/** Estimated cycles of one call. */
export const cyclesOf = ({ schedule: { plan, kernels, stages } }: LanesProgram): number => {
  const quads = Math.ceil((plan.sizes['batch'] ?? 1) / lanes)
  return plan.launches.reduce((sum, { kernel }, at) => {
    const once = stages[at] === 'before' || stages[at] === 'after'
    return sum + (kernels[kernel]?.cycles ?? 0) * (once ? 1 : quads)
  }, 0)
}

/** Threads for a program, of those there are. Totals over systems are of one memory, and so are updates. */
export const threadsFor = (program: LanesProgram, most: number): number => {
  const { schedule, outputs } = program
  const apart = !schedule.stages.includes('total') && schedule.plan.updates.length === 0
  if (!apart || outputs.some((p) => !p.batched)) return 1
  return Math.max(1, Math.min(most, Math.floor(cyclesOf(program) / worthAThread)))
}
