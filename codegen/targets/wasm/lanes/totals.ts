/** Totals over all systems stand alone: what is computed from one, such as a mean, becomes a launch behind it. */
import * as X from '../../../expr'
import type { Plan, PlanBuffer, PlanKernel, PlanLaunch } from '../../../plan'
import { isBatch } from './stages'

const addsSystems = (e: X.Expr): e is X.Reduction => X.isReduction(e) && e.over.some((i) => isBatch(i.dim))

interface Split {
  readonly total: PlanKernel
  readonly rest: PlanKernel
}

/** The label of a total where it is read. */
const label = 'total'

/** A kernel with exactly one total inside, as that total and what is made of it; null where there is nothing to split. */
const split = (k: PlanKernel): Split | null => {
  if (isBatch(k.over[0]?.dim) || addsSystems(k.value)) return null
  const found = X.reductions(k.value).filter(addsSystems)
  const [total] = found
  if (found.length !== 1 || total === undefined || k.parameters.some((p) => p.label === label)) return null
  const read = X.tensor(label)(...k.over)
  const replace = (e: X.Expr): X.Expr => (e === total ? read : X.mapParts(replace)(e))
  const value = replace(k.value)
  const reading = (e: X.Expr) => k.parameters.filter((p) => X.tensors(e).includes(p.label))
  return {
    total: { ...k, name: `${k.name}_total`, label, parameters: reading(total), value: total },
    rest: { ...k, parameters: [...reading(value), { label, axes: k.over.map((i) => i.dim) }], value }
  }
}

export const withTotalsAlone = (plan: Plan): Plan => {
  const splits = plan.kernels.map(split)
  if (splits.every((each) => each === null)) return plan
  const kernels = [...plan.kernels]
  const places = splits.map((each, at) => {
    if (each === null) return null
    kernels[at] = each.rest
    return kernels.push(each.total) - 1
  })
  const inputsOf = (k: PlanKernel, old: PlanKernel, launch: PlanLaunch): readonly string[] =>
    k.parameters.map(
      (p) => launch.inputs[old.parameters.findIndex((q) => q.label === p.label)] ?? `${launch.output} total`
    )
  const launches: PlanLaunch[] = []
  const buffers: PlanBuffer[] = []
  const moved = plan.launches.map((launch, at) => {
    const each = splits[launch.kernel] ?? null
    const place = places[launch.kernel] ?? null
    const old = plan.kernels[launch.kernel] as PlanKernel
    const buffer = plan.buffers[at] as PlanBuffer
    if (each !== null && place !== null) {
      const output = `${launch.output} total`
      launches.push({ kernel: place, inputs: inputsOf(each.total, old, launch), output })
      buffers.push({ ...buffer, name: output })
      launches.push({ ...launch, inputs: inputsOf(each.rest, old, launch) })
    } else launches.push(launch)
    buffers.push(buffer)
    return launches.length - 1
  })
  const when = (at: number): number => moved[at] ?? launches.length
  const lives = buffers.map((b, at): PlanBuffer => {
    const own = plan.buffers.find(({ name }) => name === b.name)
    return own === undefined
      ? { ...b, first: at, last: at + 1 }
      : { ...b, first: when(own.first), last: when(own.last) }
  })
  return { ...plan, kernels, launches, buffers: lives }
}
