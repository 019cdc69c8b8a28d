/** A plan for the eye: what comes in, which kernel runs when on what, how long arrays live, and how much memory that takes. */
import { formulaOf } from '../formula'
import type { Plan, PlanLaunch } from '../plan'
import type { ProgramInput } from '../program'

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

const shape = (dims: readonly number[]): string => `[${dims.join(',')}]`

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`

/** Sizes in the unit that reads best: bytes of float32 or float64 numbers. */
export const bytes = (elements: number, each: number): string => {
  const total = elements * each
  if (total < 1024) return `${total} B`
  const power = total < 1024 ** 2 ? 1 : total < 1024 ** 3 ? 2 : 3
  return `${(total / 1024 ** power).toPrecision(3)} ${['', 'KiB', 'MiB', 'GiB'][power]}`
}

/** Columns padded to their widest cell; `right` names those whose cells stand to the right. */
export const columns = (rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, c) => (right.includes(c) ? cell.padStart(widths[c] ?? 0) : cell.padEnd(widths[c] ?? 0)))
      .join('  ')
      .trimEnd()
  )
}

const inputRows = (inputs: readonly ProgramInput[]): readonly string[] =>
  columns(inputs.map((i) => [i.role, i.name, shape(i.dims)]))

const launchRow = (plan: Plan, launch: PlanLaunch, at: number): readonly string[] => {
  const kernel = plan.kernels[launch.kernel]
  const buffer = plan.buffers.find((b) => b.name === launch.output)
  const life =
    buffer === undefined ? '' : buffer.last >= plan.launches.length ? `${at} to end` : `${at} to ${buffer.last}`
  return [
    String(at),
    kernel?.name ?? '',
    launch.output,
    buffer === undefined ? '' : shape(buffer.dims),
    buffer === undefined ? '' : String(buffer.slot),
    life,
    kernel === undefined ? '' : formulaOf((name) => name)(kernel.value)
  ]
}

const long = 74

const cut = (text: string): string => (text.length <= long ? text : `${text.slice(0, long - 3)}...`)

/** The plan as tables: inputs, launches in order with their arrays and formulas, memory. */
export const showPlan = (plan: Plan): string => {
  const each = plan.target === 'javascript' ? 8 : 4
  const shared = plan.slots.reduce((p, q) => p + q, 0)
  const alone = plan.buffers.reduce((total, b) => total + b.elements, 0)
  const given = plan.inputs.reduce((total, i) => total + product(i.dims), 0)
  const sizes = Object.entries(plan.sizes)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
  const launches = plan.launches.map((l, at) => launchRow(plan, l, at))
  return [
    `${plan.name} on ${plan.target}, ${sizes}: ${count(plan.launches.length, 'launch').replace(/launchs$/, 'launches')} of ${count(plan.kernels.length, 'kernel')}`,
    '',
    `Inputs (${bytes(given, each)})`,
    ...inputRows(plan.inputs).map((row) => `  ${row}`),
    ...(plan.views.length === 0
      ? []
      : [
          '',
          'Views (a stretch of an input, no kernel)',
          ...columns(plan.views.map((v) => [v.name, `from element ${v.offset}`, shape(v.dims)])).map(
            (row) => `  ${row}`
          )
        ]),
    '',
    'Launches, in order; an array lives from the launch that writes it to the last that reads it, in a slot that others share',
    ...columns(
      [
        ['', 'kernel', 'writes', 'shape', 'slot', 'lives', 'value'],
        ...launches.map((row) => row.map((cell, c) => (c === 6 ? cut(cell) : cell)))
      ],
      [0, 4]
    ).map((row) => `  ${row}`),
    '',
    'Outputs',
    ...columns(plan.outputs.map((o) => [o.name, shape(o.dims)])).map((row) => `  ${row}`),
    ...(plan.updates.length === 0
      ? []
      : ['', 'Updates', ...columns(plan.updates.map((u) => [u.input, '<-', u.output])).map((row) => `  ${row}`)]),
    '',
    `Memory: ${bytes(shared, each)} in ${count(plan.slots.length, 'slot')}; ${bytes(alone, each)} without sharing`
  ].join('\n')
}
