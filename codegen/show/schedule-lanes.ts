/** A loop over groups of systems for the eye: the stages of its launches, the tile of every kernel, and its memory. */
import type { LanesProgram } from '../targets/wasm/lanes/program'
import type { Stage } from '../targets/wasm/lanes/stages'
import type { Tile } from '../targets/wasm/lanes/tile'
import { bytes, columns } from './plan'

const tileOf = (tile: Tile): string => {
  const widths = Object.entries(tile).filter(([, width]) => width > 1)
  return widths.length === 0 ? '-' : widths.map(([index, width]) => `${index}:${width}`).join(' ')
}

const words: Readonly<Record<Stage, string>> = {
  before: 'once, before',
  systems: 'for four systems',
  total: 'for four systems, into a total',
  after: 'once, behind'
}

export const showLanesSchedule = (program: LanesProgram): string => {
  const { schedule, group } = program
  const { plan, stages } = schedule
  const sizes = Object.entries(plan.sizes)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
  const rows = schedule.kernels.map((k, at) => {
    const runs = plan.launches.flatMap((l, launch) => (l.kernel === at ? [stages[launch] as Stage] : []))
    const first = runs[0]
    return [
      k.name,
      String(runs.length),
      first === undefined ? '' : words[first],
      tileOf(k.tile),
      String(Math.round(k.cycles))
    ]
  })
  const each = program.inputs.filter((p) => p.batched).reduce((sum, p) => sum + p.elements, 0)
  return [
    `${plan.name} on ${plan.target}, ${sizes}: a loop over groups of ${group} systems, four across the lanes of a vector`,
    '',
    'Every launch inside the loop; elements that a kernel writes together, by index, and its cycles for four systems (estimated)',
    ...columns([['kernel', 'runs', 'when', 'tile', 'cycles'], ...rows], [1, 4]).map((row) => `  ${row}`),
    '',
    `Memory, whatever the batch: ${bytes(program.bytes / 4, 4)}, of which arrays of four systems ${bytes(schedule.scratch / 4, 4)} and a group's inputs ${bytes(group * each, 4)}`
  ].join('\n')
}
