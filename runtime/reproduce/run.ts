/**
 * Running the rows of a report and writing it: `README.md`, `results.json`, and every plot as SVG and PNG.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Recipe } from '../../spec/recipe'
import { encodeRecipe } from '../../spec/recipe-json'
import { recipes as zoo } from '../../spec/zoo/recipes'
import { choose } from '../backends/choose'
import { probeAll } from '../backends/probe'
import { show } from '../checkpoint/checkpoint'
import { writeWhole } from '../checkpoint/file'
import * as Key from '../random/key'
import { budgetOf, operationsOf } from './cost'
import { type Train, trainer } from './keep'
import { type Drawn, type Pen, pen } from './plots'
import { type Heading, markdown } from './report'
import { clash, type Machine, merge, parse, type ReportRow, type Results, settled } from './results'
import type { Config, Row, RowContext, RowResult, TrainedRun } from './row'
import { remaining } from './time-left'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Report extends Heading {
  readonly name: string
  /** In the order in which they stand in the report. */
  readonly rows: readonly Row[]
  /** The ways in which it runs. */
  readonly configs: readonly Config[]
  /** What a run does that is told no way. */
  readonly usual: Config
  /** Where stages with Adam run: float64 in plain JavaScript, or the best backend of the machine, in float32. */
  readonly training: 'javascript' | 'auto'
}

export interface ReportOptions {
  /** Rows to run; all of them where it is left out. */
  readonly only?: readonly string[]
  readonly config: Config
  readonly seed: number
  readonly out: string
  /** A folder of trained weights to take from and add to. */
  readonly keep?: string
  readonly onRow?: (row: Row, done: number, of: number) => void
  readonly onProgress?: (row: Row, what: string, done: number, total: number) => void
  readonly onTrained?: (row: Row, run: TrainedRun) => void
  readonly onResult?: (row: ReportRow, done: number, of: number) => void
}

type Result<A> = E.Either<string, A>

// --- here and now ----------------------------------------------------------------------------------------------------

const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: Math.max(1, cpus().length),
  memory: Math.round((totalmem() / 2 ** 30) * 10) / 10,
  system: `${process.platform} ${process.arch}`,
  node: process.versions.node,
  load: Math.round((loadavg()[0] ?? 0) * 100) / 100
})

const today = (): string => new Date().toISOString().slice(0, 10)

/** Backends that work, best first: hardware, then WebAssembly, plain JavaScript, and graphics in software. */
const workingBackends = async (): Promise<readonly string[]> => {
  const rank = ({ name, hardware }: { readonly name: string; readonly hardware: boolean }): number =>
    hardware ? 0 : ({ wasm: 1, webasm: 2, cpu: 3 }[name] ?? 4)
  const probes = (await probeAll()()).filter((p) => p.works)
  return [...probes].sort((p, q) => rank(p) - rank(q)).map((p) => p.name)
}

const sentenceOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause))
    .split('\n')[0]!
    .replace(/^internal: /, 'a fault of ansatz itself: ')

// --- files -----------------------------------------------------------------------------------------------------------

const put = async (file: string, content: string | Uint8Array): Promise<Result<void>> => {
  const written = await writeWhole(file, typeof content === 'string' ? Buffer.from(content) : content)()
  return E.isLeft(written) ? E.left(show(written.left)) : E.right(undefined)
}

const resultsFile = (out: string): string => path.join(out, 'results.json')

/** The results that lie in the folder, or null where there are none. */
const earlier = async (out: string): Promise<Result<Results | null>> => {
  const file = resultsFile(out)
  const text = await readFile(file, 'utf8').catch(() => null)
  return text === null ? E.right(null) : parse(file, text)
}

/** Runs with other seeds that lie beside the results, as `seed-2.json`; what is none of this report's is passed over. */
const otherSeeds = async (out: string, { report, seed, config }: Results): Promise<readonly Results[]> => {
  const names = (await readdir(out).catch(() => [])).filter((name) => /^seed-\d+\.json$/.test(name)).sort()
  const found: Results[] = []
  for (const name of names) {
    const file = path.join(out, name)
    const other = parse(file, await readFile(file, 'utf8'))
    if (E.isLeft(other)) continue
    if (other.right.report === report && other.right.config === config && other.right.seed !== seed)
      found.push(other.right)
  }
  return found
}

const plotFiles = (rows: readonly ReportRow[]): readonly string[] =>
  rows.flatMap((r) => r.plots.flatMap(({ name }) => [`${name}.svg`, `${name}.png`]))

// --- one row ---------------------------------------------------------------------------------------------------------

interface Ran {
  readonly row: ReportRow
  readonly drawings: readonly { readonly name: string; readonly drawn: Drawn }[]
}

const recipesOf = (named: readonly string[], used: readonly TrainedRun[]): ReportRow['recipes'] => {
  const found = new Map<string, Recipe>()
  for (const { recipe } of used) found.set(recipe.name, recipe)
  for (const recipe of zoo) if (named.includes(recipe.name) && !found.has(recipe.name)) found.set(recipe.name, recipe)
  return [...found.values()].map((recipe) => encodeRecipe(recipe) as ReportRow['recipes'][number])
}

/** Operations of a recipe's own training; none where they are not counted. */
const costOf = (recipe: Recipe): number =>
  pipe(
    operationsOf(recipe),
    E.match(
      () => 0,
      (operations) => operations ?? 0
    )
  )

const nothing: RowResult = { claims: [], tables: [], plots: [], backends: [], recipes: [], notes: [] }

/** Runs a row and draws its plots; what goes wrong is a sentence in the row. */
const runRow = async (
  row: Row,
  c: Omit<RowContext, 'key' | 'train' | 'progress' | 'quick'>,
  train: Train,
  draw: Pen,
  o: ReportOptions
): Promise<Ran> => {
  const used: TrainedRun[] = []
  const budget = row.trainings === undefined ? null : budgetOf(row.trainings(c.config, c.seed))
  const left = remaining(budget === null || E.isLeft(budget) ? 0 : budget.right)
  const progress: RowContext['progress'] = (what, done, total) => o.onProgress?.(row, what, done, total)
  const context: RowContext = {
    ...c,
    quick: c.config === 'quick',
    key: Key.fold(Key.fold(Key.key(c.seed), 'reproduce'), row.id),
    progress,
    train: async (recipe, seed) => {
      const follow = left.begin(costOf(recipe))
      const run = await train(recipe, seed, (p) => {
        const about = `${recipe.name}, seed ${seed}, stage ${p.stage + 1} of ${p.stages}`
        progress(`${about}${follow.at(p.iteration / p.iterations)}`, p.iteration, p.iterations)
      })
      follow.end()
      if (E.isRight(run) && !used.includes(run.right)) {
        used.push(run.right)
        o.onTrained?.(row, run.right)
      }
      return run
    }
  }
  const here = machine()
  const start = performance.now()
  let result: Result<RowResult>
  try {
    result = await row.run(context)
  } catch (cause) {
    result = E.left(sentenceOf(cause))
  }
  const seconds = Math.round(performance.now() - start) / 1000
  const drawings: Ran['drawings'][number][] = []
  let failed = E.isLeft(result) ? result.left : null
  for (const plot of E.isRight(result) ? result.right.plots : []) {
    const drawn = await draw(plot)
    if (E.isRight(drawn)) drawings.push({ name: plot.name, drawn: drawn.right })
    else failed ??= drawn.left
  }
  const { id, title, about } = row
  const found = E.isRight(result) && failed === null ? result.right : nothing
  return {
    row: {
      id,
      title,
      about,
      date: today(),
      machine: here,
      seconds,
      ...(budget === null || E.isLeft(budget) ? {} : { budget: budget.right }),
      failed,
      ...settled(found),
      recipes: recipesOf(found.recipes, used),
      trained: used.map((t) => ({
        recipe: t.recipe.name,
        seed: t.seed,
        loss: Number.isFinite(t.loss) ? t.loss : null,
        seconds: Math.round(t.seconds * 100) / 100,
        ...(costOf(t.recipe) === 0 ? {} : { operations: costOf(t.recipe) })
      }))
    },
    drawings: failed === null ? drawings : []
  }
}

// --- the report ------------------------------------------------------------------------------------------------------

const writeAll = async (report: Report, results: Results, { drawings }: Ran, out: string): Promise<Result<void>> => {
  for (const { name, drawn } of drawings) {
    const svg = await put(path.join(out, `${name}.svg`), drawn.svg)
    if (E.isLeft(svg)) return svg
    const png = await put(path.join(out, `${name}.png`), drawn.png)
    if (E.isLeft(png)) return png
  }
  const json = await put(resultsFile(out), `${JSON.stringify(results, null, 1)}\n`)
  if (E.isLeft(json)) return json
  return put(path.join(out, 'README.md'), markdown(report, results, await otherSeeds(out, results)))
}

/**
 * Run rows and write the report, anew after each row, so that an interrupted run leaves what it had found. With `only` the
 * rows take their places among those of an earlier run with the same seed. A row that fails says why and stops no other.
 */
export const reproduce = async (report: Report, o: ReportOptions): Promise<Result<Results>> => {
  const { config, seed, out } = o
  const before = await earlier(out)
  if (E.isLeft(before))
    return o.only === undefined ? E.left(`${before.left}; remove it or give another folder`) : before
  const run = { report: report.name, seed, config }
  const against = o.only === undefined || before.right === null ? null : clash(resultsFile(out), before.right, run)
  if (against !== null) return E.left(against)
  const made = await pen()
  if (E.isLeft(made)) return made
  try {
    await mkdir(out, { recursive: true })
  } catch (cause) {
    return E.left(`${out}: cannot make the folder: ${sentenceOf(cause)}`)
  }
  const chosen = report.rows.filter((r) => o.only === undefined || o.only.includes(r.id))
  const training = report.training === 'javascript' ? E.right('javascript' as const) : await choose('auto')()
  if (E.isLeft(training)) return E.left(training.left.message)
  const train = trainer(o.keep ?? null, training.right)
  const backends = await workingBackends()
  const order = report.rows.map((r) => r.id)
  let rows: readonly ReportRow[] = o.only === undefined ? [] : (before.right?.rows ?? [])
  let results: Results | null = null
  for (const [k, row] of chosen.entries()) {
    o.onRow?.(row, k, chosen.length)
    const ran = await runRow(row, { config, seed, backends }, train, made.right, o)
    rows = merge(rows, [ran.row], order)
    const { date, machine: here } = ran.row
    results = {
      format: 'ansatz-report',
      version: 2,
      report: report.name,
      seed,
      config,
      date,
      machine: here,
      rows: [...rows]
    }
    const written = await writeAll(report, results, ran, out)
    if (E.isLeft(written)) return written
    o.onResult?.(ran.row, k + 1, chosen.length)
  }
  if (results === null) throw new Error('internal: a report without rows')
  const current = new Set(plotFiles(results.rows))
  for (const file of plotFiles(before.right?.rows ?? [])) {
    if (!current.has(file)) await rm(path.join(out, file), { force: true })
  }
  return E.right(results)
}
