/** The results as a table: microseconds a system, and how many times our own Cholesky that is. */
import type { Results } from './result'

interface Line {
  readonly what: string
  readonly backend: string
}

const linesOf = ({ cells, gaps }: Results): readonly Line[] => {
  const seen = new Map<string, Line>()
  for (const { what, backend } of [...cells, ...gaps]) seen.set(`${what} ${backend}`, { what, backend })
  return [...seen.values()]
}

/** Three digits: `0.0123`, `1.23`, `123`, `12300`. */
const short = (value: number): string => String(Number(value.toPrecision(3)))

const render = (rows: readonly (readonly string[])[]): string => {
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

export const show = (results: Results): string => {
  const { cells, gaps, batch, model, seconds, machine } = results
  const sizes = [...new Set([...cells, ...gaps].map((c) => c.n))].sort((a, b) => a - b)
  const at = (line: Line, n: number) =>
    cells.find((c) => c.n === n && c.what === line.what && c.backend === line.backend)
  const base: Line = { what: 'Cholesky', backend: 'float64' }
  const header = ['', '', ...sizes.map((n) => `N = ${n}`)]
  const figures = linesOf(results).map((line) => [
    line.what,
    line.backend,
    ...sizes.map((n) => {
      const cell = at(line, n)
      return cell === undefined ? '-' : `${short(cell.microseconds)}${cell.batch === batch ? '' : ` /${cell.batch}`}`
    })
  ])
  const ratios = linesOf(results).map((line) => [
    line.what,
    line.backend,
    ...sizes.map((n) => {
      const [cell, one] = [at(line, n), at(base, n)]
      return cell === undefined || one === undefined ? '-' : `${short(cell.microseconds / one.microseconds)}x`
    })
  ])
  const stock = linesOf(results).filter(({ backend }) => backend.endsWith(' stock'))
  const gains = stock.map((line) => [
    line.what,
    line.backend,
    ...sizes.map((n) => {
      const [own, patched] = [at(line, n), at({ ...line, backend: line.backend.replace(' stock', '') }, n)]
      return own === undefined || patched === undefined ? '-' : `${short(own.microseconds / patched.microseconds)}x`
    })
  ])
  const reasons = [...new Set(gaps.map((g) => `- ${g.what} on ${g.backend} at N = ${g.n}: ${g.why}`))]
  const missing = results.backends.filter((b) => !b.works).map((b) => `- ${b.detail}`)
  return [
    `Three-layer BLOCK model (${model}), ${batch} systems a call`,
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(1)} at the start, Node ${machine.node}`,
    ...results.backends.filter((b) => b.works).map((b) => `${b.name}: ${b.detail}`),
    '',
    'Microseconds a system: median call / systems a call. One call warms up; samples are taken for',
    `${seconds} s, at least 5. "/100" marks a call of 100 systems, where more would have taken too long.`,
    '',
    render([header, ...figures]),
    '',
    'The same, as a multiple of our float64 Cholesky',
    '',
    render([header, ...ratios]),
    ...(gains.length === 0 ? [] : ['', 'gpu.js as it is, as a multiple of patched', '', render([header, ...gains])]),
    ...(reasons.length + missing.length === 0 ? [] : ['', 'Not measured', ...missing, ...reasons])
  ].join('\n')
}
