/** A WGSL schedule for the eye: every dispatch in order, what it computes and how. */
import type { Plan } from '../plan'
import { guaranteed } from '../targets/wgsl/program'
import { type Schedule, type Step, scheduleWgsl } from '../targets/wgsl/schedule'
import { columns } from './plan'

const kernelsOf = (plan: Plan, first: number, last: number): string =>
  plan.launches
    .slice(first, last + 1)
    .map((l) => plan.kernels[l.kernel]?.name ?? '')
    .join(', ')

const rowOf = (plan: Plan, step: Step, at: number): readonly string[] => {
  switch (step._tag) {
    case 'elements':
      return [String(at), 'one invocation an element', kernelsOf(plan, step.launch, step.launch)]
    case 'tiled':
      return [
        String(at),
        `tiles, ${step.groups} workgroups of ${step.width}`,
        kernelsOf(plan, step.launch, step.launch)
      ]
    case 'fused':
      return [String(at), 'launches in one workgroup', kernelsOf(plan, step.first, step.last)]
  }
}

export const showWgslSchedule = (plan: Plan, schedule: Schedule = scheduleWgsl(plan, guaranteed)): string => {
  const sizes = Object.entries(plan.sizes)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
  return [
    `${plan.name} on ${plan.target}, ${sizes}: ${schedule.length} dispatches of ${plan.launches.length} launches`,
    '',
    ...columns([['', 'how', 'kernels'], ...schedule.map((step, at) => rowOf(plan, step, at))], [0])
  ].join('\n')
}
