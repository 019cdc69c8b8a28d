/** The results as tables. */
import type { GpuResults, GpuRow } from './result'

const short = (value: number): string => String(Number(value.toPrecision(3)))

const percent = (share: number): string => `${short(100 * share)}%`

const micro = (seconds: number): string => short(1e6 * seconds)

const render = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, k) => Math.max(...rows.map((row) => (row[k] ?? '').length)))
  const line = (row: readonly string[]) =>
    row.map((cell, k) => (k === 0 ? cell.padEnd(widths[k] ?? 0) : cell.padStart(widths[k] ?? 0))).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

const cells = ({ limits }: GpuResults, row: GpuRow): readonly string[] => {
  const rate = row.operations / row.seconds
  const moved = row.bytes / row.seconds
  return [
    row.what,
    `${micro(row.seconds)}${row.clock === 'host' ? '*' : ''}`,
    micro(row.call),
    String(row.dispatches),
    short(rate / 1e9),
    percent(rate / limits.arithmetic),
    percent(moved / limits.bandwidth),
    row.error.toExponential(1)
  ]
}

const software = (results: GpuResults): readonly string[] =>
  results.hardware
    ? []
    : [
        '',
        'This is a software device: a processor plays the graphics processor. The last column, the dispatches and the memory',
        'mean what they say. Every time, rate and share above and every ratio below means nothing about any graphics processor.'
      ]

const peers = ({ peer, rows }: GpuResults): readonly string[] => {
  if (peer._tag === 'absent') return ['', `No peer was timed: ${peer.reason}.`]
  const lines = peer.rows.map((p) => {
    const own = rows.find((r) => r.what === p.beside)
    return [p.what, micro(p.seconds), p.beside, own === undefined ? '-' : `${short(own.seconds / p.seconds)}x`]
  })
  return [
    '',
    `${peer.name}, on its own arrays on the device`,
    '',
    render([['', 'us', 'ours', 'ours / theirs'], ...lines])
  ]
}

export const show = (results: GpuResults): string => {
  const { limits, rows, gaps } = results
  return [
    `Our WGSL kernels on ${results.adapter}`,
    `copy ${short(limits.bandwidth / 1e9)} GB/s, multiply-adds ${short(limits.arithmetic / 1e9)} GFLOP/s, a dispatch ${micro(limits.dispatch)} us`,
    '',
    'us: median on the device of calls submitted together, arrays resident. call: from arrays in memory to answers in memory.',
    'GFLOP/s: operations that the plan asks for. peak: share of the multiply-adds. moved: bytes that must move once, as a share',
    'of the copy. error: of answers checked in float64, normwise.',
    `BLOCK: the shipped three-layer network; lazy: as the polynomial that it amounts to, ${results.products} products of a matrix and a vector.`,
    ...(rows.some((r) => r.clock === 'host') ? ['*: by the clock of the host.'] : []),
    '',
    render([
      ['', 'us', 'call us', 'dispatches', 'GFLOP/s', 'peak', 'moved', 'error'],
      ...rows.map((r) => cells(results, r))
    ]),
    ...software(results),
    ...(gaps.length === 0 ? [] : ['', 'Not measured', ...gaps.map((g) => `- ${g.what}: ${g.why}`)]),
    ...peers(results)
  ].join('\n')
}
