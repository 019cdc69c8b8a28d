/**
 * A report as Markdown: every claim with its verdict in one table, then a section for every row.
 */
import { differences, type Machine, type ReportRow, type Results } from './results'

// --- numbers ---------------------------------------------------------------------------------------------------------

/** Three digits, whole numbers whole, powers of ten where a number would be long: `1.23e-7`, `0.0123`, `512`. */
export const short = (value: number): string => {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value)
  const size = Math.abs(value)
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(3)))
  return value.toExponential(2).replace(/\.?0*e\+?/, 'e')
}

const seconds = (s: number): string =>
  s < 10 ? `${s.toFixed(1)} s` : s < 120 ? `${s.toFixed(0)} s` : `${(s / 60).toFixed(1)} min`

// --- Markdown --------------------------------------------------------------------------------------------------------

/** Text for a cell: no line breaks, no column marks. */
const inCell = (text: string): string => text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')

const cellOf = (value: string | number | null): string =>
  value === null ? '-' : typeof value === 'number' ? short(value) : inCell(value)

const tableOf = (columns: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string => {
  const isNumeric = columns.map(
    (_, c) => rows.length > 0 && rows.every((r) => r[c] === null || typeof r[c] === 'number')
  )
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(inCell)),
    line(isNumeric.map((numeric) => (numeric ? '---:' : '---'))),
    ...rows.map((r) => line(columns.map((_, c) => cellOf(r[c] ?? null))))
  ].join('\n')
}

const sectionTitle = (r: ReportRow): string => `${r.title} (\`${r.id}\`)`

/** The name that a heading's link has where Markdown is shown. */
const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

const claimRows = (r: ReportRow): readonly (readonly string[])[] => {
  const link = `[${r.id}](#${anchor(sectionTitle(r))})`
  return r.failed === null
    ? r.claims.map((c) => [link, c.claim, c.paper, c.ours, `**${c.verdict}**`])
    : [[link, 'the row', '-', r.failed, '**failed**']]
}

const budgetOf = ({ budget }: ReportRow): string =>
  budget === undefined
    ? ''
    : ` Budget: ${short(budget)} floating-point operations of training, counted in the equations of its steps.`

/** Seconds of all trainings, in this run or in the one that kept their weights. */
const trainingOf = ({ trained }: ReportRow): number => trained.reduce((total, t) => total + t.seconds, 0)

const section = (r: ReportRow): string => {
  const ran = [
    `Ran on ${r.date} in ${seconds(r.seconds)}`,
    ...(r.trained.length === 0 ? [] : [`with weights that took ${seconds(trainingOf(r))} to train`]),
    ...(r.backends.length === 0 ? [] : [`on ${r.backends.join(', ')}`]),
    ...(r.recipes.length === 0 ? [] : [`with the recipes ${r.recipes.map(({ name }) => `\`${name}\``).join(', ')}`])
  ].join('; ')
  const verdicts = r.claims.map((c) => {
    const paper = c.paper === '-' ? '' : ` Paper: ${c.paper}.`
    return `- **${c.verdict}**: ${c.claim}${paper} Ours: ${c.ours}.${c.note === undefined ? '' : ` ${c.note}`}`
  })
  const counted = r.trained.some((t) => t.operations !== undefined)
  const trained = r.trained.map((t) => [
    t.recipe,
    t.seed,
    t.loss,
    t.seconds,
    ...(counted ? [t.operations ?? null] : [])
  ])
  const trainedColumns = ['recipe', 'seed', 'last loss', 'seconds', ...(counted ? ['operations'] : [])]
  return [
    `## ${sectionTitle(r)}`,
    r.about,
    `${ran}.${budgetOf(r)}`,
    ...(r.failed === null ? [] : [`**This row failed**: ${r.failed}`]),
    ...(verdicts.length === 0 ? [] : [verdicts.join('\n')]),
    ...r.plots.map(({ name, caption }) => `![${inCell(caption)}](${name}.svg)\n\n*${caption}* ([PNG](${name}.png))`),
    ...r.tables.map(({ title, columns, rows }) => `**${title}**\n\n${tableOf(columns, rows)}`),
    ...(trained.length === 0 ? [] : [`**Weights trained for this row**\n\n${tableOf(trainedColumns, trained)}`]),
    ...(r.notes.length === 0 ? [] : [`Notes:\n\n${r.notes.map((n) => `- ${n}`).join('\n')}`])
  ].join('\n\n')
}

const machineOf = ({ cpu, cores, memory, system, node }: Machine): string =>
  `${cpu}, ${cores} cores, ${short(memory)} GiB, ${system}, Node ${node}`

/** What a report says of itself before its rows. */
export interface Heading {
  readonly title: string
  /** Paragraphs of Markdown. */
  readonly intro: string
  readonly command: string
}

/** Verdicts of another seed beside these: how many are the same, and those that are not. */
const beside = (rows: readonly ReportRow[], other: Results): string => {
  const differing = differences(rows, other.rows)
  const shared = rows.flatMap((r) => r.claims).length - differing.length
  const from = `Another run, with seed ${other.seed} ([seed-${other.seed}.json](seed-${other.seed}.json))`
  return differing.length === 0
    ? `${from}, comes to the same verdict on each of the ${shared} claims.`
    : `${from}, comes to the same verdict on ${shared} claims, and not on these:\n\n${differing
        .map(({ row, claim, here, there }) => `- ${row}: ${claim} **${here}** here, **${there ?? 'absent'}** there`)
        .join('\n')}`
}

/** `README.md` of a report; `others` are the results of the same rows with other seeds. */
export const markdown = (
  { title, intro, command }: Heading,
  { seed, config, rows }: Results,
  others: readonly Results[] = []
): string => {
  const machines = [...new Set(rows.map((r) => machineOf(r.machine)))]
  const busiest = Math.max(0, ...rows.map((r) => r.machine.load))
  const claims = rows.flatMap((r) => r.claims)
  const count = (verdict: string): number => claims.filter((c) => c.verdict === verdict).length
  const failed = rows.filter((r) => r.failed !== null).length
  return `${[
    `# ${title}`,
    intro,
    ...(config === 'quick'
      ? [
          '**A quick run: small sizes, short training, few systems. It shows that every row runs; its verdicts are not findings.**'
        ]
      : []),
    `Made by \`${command}\`. Every number, with its recipe, seed, machine and date, is in [results.json](results.json).`,
    `Seed ${seed}. ${machines.join('; ')}; load (processes that want a core) up to ${busiest.toFixed(1)}.`,
    `Of ${claims.length} claims ${count('reproduced')} are reproduced, ${count('not reproduced')} are not, ` +
      `${count('not testable here')} are not testable here${failed === 0 ? '' : `; ${failed} rows failed`}.`,
    ...others.map((other) => beside(rows, other)),
    '## Verdicts',
    tableOf(['row', 'claim', 'paper', 'ours', 'verdict'], rows.flatMap(claimRows)),
    ...rows.map(section)
  ].join('\n\n')}\n`
}
