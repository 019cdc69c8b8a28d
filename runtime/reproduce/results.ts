/**
 * What a report is made of, as it lies in `results.json`: every row with its setting, its numbers and when it ran.
 */
import * as E from 'fp-ts/Either'
import { z } from 'zod'

import { type Cell, type Config, configs, type RowResult } from './row'

// --- model -----------------------------------------------------------------------------------------------------------

const machine = z.strictObject({
  cpu: z.string(),
  cores: z.int().positive(),
  /** GiB. */
  memory: z.number().positive(),
  system: z.string(),
  node: z.string(),
  /** Processes that wanted a core in the minute before. */
  load: z.number().nonnegative()
})

const cell = z.union([z.string(), z.number(), z.null()])

const table = z.strictObject({ title: z.string(), columns: z.array(z.string()), rows: z.array(z.array(cell)) })

const claim = z.strictObject({
  claim: z.string().min(1),
  paper: z.string().min(1),
  ours: z.string().min(1),
  verdict: z.enum(['reproduced', 'not reproduced', 'not testable here']),
  note: z.string().optional()
})

/** Weights that the row asked for; `seconds` is what training them took, once. */
const trained = z.strictObject({
  recipe: z.string(),
  seed: z.int().nonnegative(),
  loss: z.number().nullable(),
  seconds: z.number().nonnegative(),
  /** Floating-point operations of its steps, where they are counted. */
  operations: z.number().nonnegative().optional()
})

const row = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string().min(1),
  about: z.string().min(1),
  /** The day, as ISO 8601 writes it. */
  date: z.iso.date(),
  machine,
  seconds: z.number().nonnegative(),
  /** Floating-point operations of all trainings that the row plans. */
  budget: z.number().nonnegative().optional(),
  /** Why there is no result, in a sentence. */
  failed: z.string().nullable(),
  backends: z.array(z.string()),
  /** Whole recipes, as `ansatz train` takes them in JSON. */
  recipes: z.array(z.looseObject({ name: z.string() })),
  trained: z.array(trained),
  claims: z.array(claim),
  tables: z.array(table),
  plots: z.array(z.strictObject({ name: z.string().regex(/^[\w.-]+$/), caption: z.string() })),
  notes: z.array(z.string())
})

/** The shape of `results.json`. */
export const results = z.strictObject({
  format: z.literal('ansatz-report'),
  version: z.literal(2),
  report: z.string(),
  seed: z.int().nonnegative(),
  config: z.enum(configs),
  /** When and where the last row ran. */
  date: z.iso.date(),
  machine,
  rows: z.array(row)
})

export type Results = z.infer<typeof results>
export type ReportRow = z.infer<typeof row>
export type Machine = z.infer<typeof machine>

// --- constructors ----------------------------------------------------------------------------------------------------

/** JSON has no infinity and no NaN: they are written as words. */
const written = (value: Cell): Cell =>
  typeof value !== 'number' || Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf'

/** The parts of a row's result that are kept as they are. */
export const settled = ({ claims, tables, plots, backends, notes }: RowResult) => ({
  claims: claims.map((c) => ({ ...c })),
  tables: tables.map(({ title, columns, rows }) => ({
    title,
    columns: [...columns],
    rows: rows.map((cells) => cells.map(written))
  })),
  plots: plots.map(({ name, caption }) => ({ name, caption })),
  backends: [...backends],
  notes: [...notes]
})

// --- combinators -----------------------------------------------------------------------------------------------------

/** Rows in the report's order, newer ones instead of older ones of the same name. */
export const merge = (
  older: readonly ReportRow[],
  newer: readonly ReportRow[],
  order: readonly string[]
): readonly ReportRow[] => {
  const place = (r: ReportRow): number => (order.includes(r.id) ? order.indexOf(r.id) : order.length)
  return [...older.filter((o) => !newer.some((n) => n.id === o.id)), ...newer].sort((p, q) => place(p) - place(q))
}

/** A claim on which two runs differ; `there` is null where the other has no such claim. */
export interface Difference {
  readonly row: string
  readonly claim: string
  readonly here: string
  readonly there: string | null
}

/** Claims whose verdicts are not the same in another run: by row, and by place in the row. */
export const differences = (rows: readonly ReportRow[], others: readonly ReportRow[]): readonly Difference[] =>
  rows.flatMap(({ id, claims }) => {
    const other = others.find((o) => o.id === id)
    return claims.flatMap(({ claim, verdict }, k) => {
      const there = other?.claims[k]?.verdict ?? null
      return there === verdict ? [] : [{ row: id, claim, here: verdict, there }]
    })
  })

// --- reading ---------------------------------------------------------------------------------------------------------

/** The results in a text, or in one sentence why they are none. */
export const parse = (file: string, text: string): E.Either<string, Results> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return E.left(`${file}: expected the JSON of a report, found other text`)
  }
  const judged = results.safeParse(value)
  if (judged.success) return E.right(judged.data)
  const [first] = judged.error.issues
  return E.left(`${file}: expected the results of a report, but ${first?.path.join('.') || 'it'}: ${first?.message}`)
}

/** Why rows of a run cannot stand beside those of an earlier one, or null. */
export const clash = (
  file: string,
  older: Results,
  run: { readonly report: string; readonly seed: number; readonly config: Config }
): string | null => {
  if (older.report !== run.report) return `${file}: holds the report ${older.report}; give another folder with --out`
  if (older.config !== run.config) {
    return `${file}: holds a ${older.config} run, and rows of a ${run.config} run are not mixed in; give another folder with --out`
  }
  return older.seed === run.seed
    ? null
    : `${file}: holds a run with seed ${older.seed}, and rows with seed ${run.seed} are not mixed in; give --seed ${older.seed} or another folder with --out`
}
