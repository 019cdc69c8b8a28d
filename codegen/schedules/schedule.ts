/** A whole program's schedule: for every kernel of a plan, its regions and how the loops of each run. */
import type { Plan } from '../plan'
import { inPlace } from './in-place'
import { type Nest, nestFor, width } from './nest'
import type { Region } from './node'
import * as N from './node'
import * as P from './place'
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

/**
 * The region in pieces along its fastest loop that vectors divide. A kernel that writes where it reads must not compute a
 * number twice, as the overlapping last block of a loop does.
 */
const inExactPieces = (r: Region): readonly Region[] => {
  const last = r.loops[r.loops.length - 1]
  if (last === undefined || last.size < width) return [r]
  const pairs = last.size - (last.size % (2 * width))
  const single = last.size % (2 * width) >= width ? width : 0
  const pieces = [
    { from: 0, size: pairs },
    { from: pairs, size: single },
    { from: pairs + single, size: last.size - pairs - single }
  ]
  return pieces
    .filter(({ size }) => size > 0)
    .map(({ from, size }) => {
      const put = P.substitute(last.name, P.plus(P.along(last.name), P.fixed(from)))
      return { loops: [...r.loops.slice(0, -1), { ...last, size }], out: put(r.out), value: N.mapPlaces(put)(r.value) }
    })
}

/** What the cost model chooses; `other` may put another nest in its place. */
export const scheduleFor = (
  plan: Plan,
  other: (r: ScheduledRegion, kernel: string) => Nest = (r) => r.nest
): Schedule => {
  const updates = inPlace(plan)
  const overwrites = new Set(plan.launches.flatMap((l) => (updates.has(l.output) ? [l.kernel] : [])))
  return {
    kernels: plan.kernels.map((k, at) => {
      const regions = regionsOf(k, plan.sizes)
      return {
        name: k.name,
        regions: (overwrites.has(at) ? regions.flatMap(inExactPieces) : regions).map((region) => {
          const chosen = { region, nest: nestFor(region) }
          return { region, nest: other(chosen, k.name) }
        })
      }
    })
  }
}
