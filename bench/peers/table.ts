/** The comparisons as text: one table a case, times and ratios side by side. */
import { type Judged, judge } from './claims'
import type { Comparison, Gap, Line, Results } from './result'

/** Three digits: `0.0123`, `1.23`, `123`, `12300`. */
const short = (value: number): string => String(Number(value.toPrecision(3)))

const heading = ['', '', 'threads', 'ms a call', 'quartiles', 'cpu ms', 'GFLOP/s', 'ratio', 'quartiles', 'error']

const cells = (line: Line): readonly string[] => [
  line.contestant,
  line.method,
  line.processes > 1 ? `${line.processes} processes` : `${line.threads}`,
  short(line.time.median),
  `${short(line.time.lower)} - ${short(line.time.upper)}`,
  short(line.cpu.median),
  line.gflops === null ? '' : short(line.gflops),
  line.ratio === null ? '' : `${short(line.ratio.median)}x`,
  line.ratio === null ? '' : `${short(line.ratio.lower)} - ${short(line.ratio.upper)}`,
  line.error.toExponential(0)
]

export const render = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, k) => Math.max(...rows.map((row) => row[k]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, k) => (k < 2 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!)))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

export const showClaims = (judged: readonly Judged[]): string =>
  render([
    ['', '', 'ratio', 'at most', ''],
    ...judged.map(({ says, title, ratio, atMost }) => [
      says,
      title.replace(/(?:, float32|:).*$/, ''),
      ratio === null ? '-' : `${short(ratio)}x`,
      atMost === null ? '' : `${short(atMost)}x`,
      ratio === null ? 'not measured' : atMost === null ? '' : ratio <= atMost ? 'holds' : 'missed'
    ])
  ])

const clockWords = { wall: 'time', cpu: 'processor time' }

const reason = (gap: Gap): string =>
  `- ${[gap.contestant, gap.method].filter((w) => w !== null).join(' ')}, ${gap.threads} thread${gap.threads === 1 ? '' : 's'}: ` +
  `${gap.wrong ? 'WRONG ANSWER, not timed: ' : ''}${gap.why}`

export const showComparison = ({ title, baseline, clock, lines, gaps }: Comparison): string =>
  [
    title[0]!.toUpperCase() + title.slice(1),
    ...(baseline === null
      ? []
      : [`ratio: ${clockWords[clock]} over that of ${baseline} in the same round; below 1x is faster`]),
    '',
    lines.length === 0 ? 'nothing was timed' : render([heading, ...lines.map(cells)]),
    ...(gaps.length === 0 ? [] : ['', ...gaps.map(reason)])
  ].join('\n')

export const show = (results: Results): string => {
  const { machine, contestants, absent, comparisons, date } = results
  const load = `load ${machine.loadBefore.toFixed(1)} before and ${machine.loadAfter.toFixed(1)} after`
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${load}, Node ${machine.node}, ${date.slice(0, 16)}Z`,
    ...contestants.map(({ name, threads, version, detail }) =>
      threads === 1 ? `- ${name} ${version}: ${detail}` : `- ${name} on ${threads} threads: ${detail}`
    ),
    ...absent.map(
      ({ name, threads, why }) => `- ${name}${threads === 1 ? '' : ` on ${threads} threads`} is absent: ${why}`
    ),
    '',
    'Medians of rounds in which all take turns; every answer was held against a float64 reference first (error: its largest',
    'difference as a share of the largest value).',
    ...comparisons.flatMap((c) => ['', showComparison(c)]),
    '',
    'What Ansatz is held to: our time over theirs',
    '',
    showClaims(judge(results))
  ].join('\n')
}

/** True if every answer was right. */
export const allRight = ({ comparisons }: Results): boolean =>
  comparisons.every(({ gaps }) => gaps.every(({ wrong }) => !wrong))
