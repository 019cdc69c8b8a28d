/**
 * Updates written where their inputs lie: the new value of a parameter may take the place of the old one when nothing reads the
 * old one later, and when each of its numbers is computed from the old number at the same place, if from any.
 */

import * as X from '../expr'
import type { Plan, PlanKernel } from '../plan'

/** Whether a kernel reads an array only at the place that it writes. */
const readsItsPlace = (k: PlanKernel, label: string): boolean =>
  X.reads(k.value)
    .filter((r) => r.tensor === label)
    .every(
      (r) =>
        r.at.length === k.over.length && r.at.every((p, axis) => p._tag === 'index' && p.name === k.over[axis]?.name)
    )

const sameDims = (p: readonly number[], q: readonly number[]): boolean =>
  p.length === q.length && p.every((d, axis) => d === q[axis])

/** The inputs in whose places updates may be written, by the names of the updates. */
export const inPlace = (plan: Plan): ReadonlyMap<string, string> => {
  const written = new Map(plan.launches.map((l, at) => [l.output, at]))
  const inputs = new Map(plan.inputs.map((i) => [i.name, i.dims]))
  const dims = new Map(plan.buffers.map((b) => [b.name, b.dims]))
  const sources = new Map(plan.views.map((v) => [v.name, v.of]))
  const kept = new Set([...plan.outputs.map((o) => o.name), ...plan.updates.map((u) => u.output)])
  // The last launch that reads an input; one that reads a view of it counts as later, since places are then not its own.
  const last = new Map<string, number>()
  for (const [at, { inputs: names }] of plan.launches.entries()) {
    for (const name of names) {
      const source = sources.get(name)
      last.set(source ?? name, source === undefined ? at : at + 0.5)
    }
  }
  const taken = new Set<string>()
  const found = new Map<string, string>()
  for (const { input, output } of plan.updates) {
    const at = written.get(output)
    const [before, after] = [inputs.get(input), dims.get(output)]
    if (at === undefined || before === undefined || after === undefined || !sameDims(before, after)) continue
    if (kept.has(input) || taken.has(input) || found.has(output) || (last.get(input) ?? 0) > at) continue
    const launch = plan.launches[at]
    const kernel = launch === undefined ? undefined : plan.kernels[launch.kernel]
    const place = launch?.inputs.indexOf(input) ?? -1
    const label = place < 0 ? undefined : kernel?.parameters[place]?.label
    if (kernel === undefined || (label !== undefined && !readsItsPlace(kernel, label))) continue
    // Tiles of sums compute some numbers twice, from what they have then overwritten.
    if (X.reductions(kernel.value).length > 0) continue
    taken.add(input)
    found.set(output, input)
  }
  return found
}
