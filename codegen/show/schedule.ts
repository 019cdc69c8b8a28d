/** A gpu.js schedule for the eye: the order of axes, and how every kernel's threads and sums are written. */
import type { Plan } from '../plan'
import { scheduleGpujs, showKernelSchedule } from '../targets/gpujs-schedule'
import { columns } from './plan'

export const showSchedule = (plan: Plan): string => {
  const schedule = scheduleGpujs(plan)
  const sizes = Object.entries(plan.sizes)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
  const rows = plan.kernels.map((k, at) => {
    const own = schedule[at]
    return [
      k.name,
      `[${k.over.map((i) => i.name).join(',')}]`,
      own === undefined ? '' : showKernelSchedule(k, own, plan)
    ]
  })
  return [
    `${plan.name} on ${plan.target}, ${sizes}`,
    '',
    ...columns([['kernel', 'writes', 'neighbouring threads; sums'], ...rows])
  ].join('\n')
}
