/** A WebAssembly schedule for the eye: the regions of every kernel, the nest of each, and the memory that a call takes. */
import type { Plan } from '../plan'
import { show } from '../schedules/nest'
import * as N from '../schedules/node'
import { leastWork, workOf } from '../schedules/work'
import { encode } from '../targets/wasm/encode'
import { print } from '../targets/wasm/print'
import { bytes, columns } from './plan'

const loopsOf = (loops: readonly N.Loop[]): string =>
  loops.length === 0 ? '-' : loops.map((l) => `${l.name}:${l.size}`).join(' ')

export const showWasmSchedule = (plan: Plan): string => {
  const program = print(plan)
  const isShared = print(plan, { threads: 2 }).threads > 1
  const sizes = Object.entries(plan.sizes)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
  const rows = program.schedule.kernels.flatMap(({ name, regions }, at) => {
    const times = plan.launches.filter((l) => l.kernel === at).length
    return regions.map(({ region, nest }, part) => [
      part === 0 ? name : '',
      part === 0 ? String(times) : '',
      loopsOf(region.loops),
      N.reduces(region.value)
        .map((n) => loopsOf(n.over))
        .join(' + '),
      show(nest),
      isShared && workOf(region) >= leastWork && (program.regions[at]?.[part]?.units ?? 1) > 1 ? 'dealt out' : ''
    ])
  })
  const inputs = program.plan.inputs.reduce((total, i) => total + i.dims.reduce((p, q) => p * q, 1), 0)
  const slots = plan.slots.reduce((p, q) => p + q, 0)
  return [
    `${plan.name} on ${plan.target}, ${sizes}: ${program.module.functions.length} functions, ${encode(program.module).length} bytes of WebAssembly`,
    '',
    'Regions of every kernel: loops of the output, of its sums, the tile in registers, and what threads share',
    ...columns([['kernel', 'runs', 'loops', 'sums', 'nest', 'threads'], ...rows], [1]).map((row) => `  ${row}`),
    '',
    `Memory at its peak: ${bytes(program.memoryBytes / 4, 4)}: inputs ${bytes(inputs, 4)}, values ${bytes(slots, 4)}, panels ${bytes(program.panel.bytes / 4, 4)} a thread`
  ].join('\n')
}

/** The whole module in WebAssembly's text format. */
export { showModule as showWasmModule } from '../targets/wasm/text'
