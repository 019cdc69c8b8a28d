/** A whole program's schedule: for every kernel of a plan, its regions and how the loops of each run. */
import type { Plan } from '../plan'
import { type Nest, nestFor } from './nest'
import type { Region } from './node'
import { regionsOf } from './region'

export interface ScheduledRegion {
  readonly region: Region
  readonly nest: Nest
}

export interface ScheduledKernel {
  readonly name: string
  readonly regions: readonly ScheduledRegion[]
}

export interface Schedule {
  readonly kernels: readonly ScheduledKernel[]
}

/** What the cost model chooses; `other` may put another nest in its place. */
export const scheduleFor = (
  plan: Plan,
  other: (r: ScheduledRegion, kernel: string) => Nest = (r) => r.nest
): Schedule => ({
  kernels: plan.kernels.map((k) => ({
    name: k.name,
    regions: regionsOf(k, plan.sizes).map((region) => {
      const chosen = { region, nest: nestFor(region) }
      return { region, nest: other(chosen, k.name) }
    })
  }))
})
