/** A WGSL schedule for the eye: every dispatch in order, what it computes and how. */
import type { Plan } from '../plan'
import { kernelAt } from '../targets/wgsl/group'
import { guaranteed } from '../targets/wgsl/program'
import { type Schedule, type Step, scheduleWgsl } from '../targets/wgsl/schedule'
import { columns } from './plan'

const kernelsOf = (plan: Plan, first: number, last: number): string =>
  plan.launches
    .slice(first, last + 1)
    .map((l) => plan.kernels[l.kernel]?.name ?? '')
    .join(', ')

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`

/** `each s in a workgroup of 64, 7 at a time, 756 bytes of values, 2 inputs copied, 24 barriers`. */
const fusedRow = (plan: Plan, step: Extract<Step, { _tag: 'fused' }>): string => {
  const axes = kernelAt(plan, step.first)
    .over.slice(0, step.depth)
    .map((i) => i.name)
  const each = axes.length === 0 ? 'all' : `each ${axes.join(',')}`
  const local = 4 * step.per * step.slots.reduce((p, q) => p + q, 0)
  return [
    `${each} in a workgroup of ${step.width}${step.per === 1 ? '' : `, ${step.per} at a time`}`,
    ...(local === 0 ? [] : [`${local} bytes of values`]),
    ...(step.copies.length === 0 ? [] : [`${plural(step.copies.length, 'input')} copied`]),
    ...(step.together.length === 0 ? [] : [`${plural(step.together.length, 'shared sum')}`]),
    ...(step.barriers.length === 0 ? [] : [plural(step.barriers.length, 'barrier')])
  ].join(', ')
}

const rowOf = (plan: Plan, step: Step, at: number): readonly string[] => {
  switch (step._tag) {
    case 'elements':
      return [String(at), 'one invocation an element', kernelsOf(plan, step.launch, step.launch)]
    case 'tiled': {
      const { m, n, k, rm, rn } = step.tile
      const tile = `${m} x ${n} by ${k}, ${rm} x ${rn} an invocation`
      const how = `${step.groups} tiles of ${tile}`
      return [String(at), how, kernelsOf(plan, step.launch, step.last)]
    }
    case 'fused':
      return [String(at), fusedRow(plan, step), kernelsOf(plan, step.first, step.last)]
  }
}

export const showWgslSchedule = (plan: Plan, schedule: Schedule = scheduleWgsl(plan, guaranteed)): string => {
  const sizes = Object.entries(plan.sizes)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
  return [
    `${plan.name} on ${plan.target}, ${sizes}: ${schedule.length === 1 ? 'one dispatch' : `${schedule.length} dispatches`} of ${plan.launches.length} launches`,
    '',
    ...columns([['', 'how', 'kernels'], ...schedule.map((step, at) => rowOf(plan, step, at))], [0])
  ].join('\n')
}
