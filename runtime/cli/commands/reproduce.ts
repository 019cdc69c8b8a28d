/** `ansatz reproduce`: a paper's experiments run anew, and a report written of them. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import * as E from 'fp-ts/Either'

import { rootAbove } from '../../package/root'
import { algebraformerReport } from '../../reproduce/algebraformer/index'
import { linearTransformer } from '../../reproduce/linear-transformer/index'
import type { ReportRow } from '../../reproduce/results'
import type { Config } from '../../reproduce/row'
import { type Report, reproduce as run } from '../../reproduce/run'
import { type Exit, fail, type Outcome } from '../exit'
import { duration, note, say, sayJson, table } from '../print'
import { type Bar, bar } from '../progress'
import { didYouMean, quoted } from '../suggest'

interface Options {
  readonly only?: readonly string[]
  readonly quick?: boolean
  readonly config?: Config
  readonly seed: number
  readonly out?: string
  readonly keep?: string
  readonly json?: boolean
}

const reports: readonly Report[] = [linearTransformer, algebraformerReport]

/** Exit codes by what `reproduce` says went wrong. */
const exitOf = (message: string): Exit => (message.startsWith('plots are drawn by packages') ? 'backend' : 'input')

/** Where a report lies: in the package that the working directory belongs to, or in the directory itself. */
const folderOf = (name: string): string => {
  const parts = ['docs', 'reports', name]
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return path.join(rootAbove(folder), ...parts)
    if (folder === path.dirname(folder)) return path.resolve(...parts)
  }
}

const summary = (r: ReportRow): string => {
  if (r.failed !== null) return `failed: ${r.failed}`
  const count = (verdict: string): number => r.claims.filter((c) => c.verdict === verdict).length
  const parts = ['reproduced', 'not reproduced', 'not testable here'].map((v) => [count(v), v] as const)
  const some = parts.filter(([k]) => k > 0).map(([k, v]) => `${k} ${v}`)
  return some.length === 0 ? 'no claims' : some.join(', ')
}

export const reproduce = async (name: string, o: Options): Promise<Outcome> => {
  const report = reports.find((r) => r.name === name)
  if (report === undefined) {
    const names = reports.map((r) => r.name)
    const near = didYouMean(name, names)
    return fail('usage', `there is no report ${quoted(name)}${near === '' ? `; there is ${names.join(', ')}` : near}`)
  }
  const ids = report.rows.map((r) => r.id)
  const odd = o.only?.find((id) => !ids.includes(id))
  if (odd !== undefined) {
    const near = didYouMean(odd, ids)
    return fail(
      'usage',
      `--only: there is no row ${quoted(odd)}${near === '' ? `; there are ${ids.join(', ')}` : near}`
    )
  }
  const config = o.quick === true ? 'quick' : (o.config ?? report.usual)
  if (!report.configs.includes(config)) {
    return fail('usage', `--config: ${name} runs as ${report.configs.join(' or ')}, not as ${config}`)
  }
  const out = o.out === undefined ? folderOf(name) : path.resolve(o.out)
  const began = Date.now()
  let progress: Bar | null = null
  const results = await run(report, {
    config,
    seed: o.seed,
    out,
    ...(o.only === undefined ? {} : { only: o.only }),
    ...(o.keep === undefined ? {} : { keep: path.resolve(o.keep) }),
    onRow: async (row) => {
      progress = await bar(row.id)
    },
    onProgress: (_, what, done, total) => progress?.update(done, total, what),
    onTrained: (row, { recipe, seed, seconds }) =>
      note(`${row.id}  ${recipe.name}, seed ${seed}: trained in ${duration(1000 * seconds)}`),
    onResult: (r, done, of) => {
      progress?.stop()
      note(`${done} of ${of}  ${r.id}  ${duration(1000 * r.seconds)}  ${summary(r)}`)
    }
  })
  if (E.isLeft(results)) return fail(exitOf(results.left), results.left)
  const { rows } = results.right
  const ran = rows.filter((r) => o.only === undefined || o.only.includes(r.id))
  const failed = ran.filter((r) => r.failed !== null)
  if (o.json === true) sayJson({ out, ...results.right })
  else {
    const claims = ran.flatMap((r) =>
      r.failed === null ? r.claims.map((c) => [r.id, c.verdict, c.claim]) : [[r.id, 'failed', r.failed]]
    )
    say(table([['row', 'verdict', 'claim'], ...claims]))
    say(
      `\n${ran.length} ${ran.length === 1 ? 'row' : 'rows'}, ${duration(Date.now() - began)}; the report is ${path.join(out, 'README.md')}`
    )
  }
  return E.right(failed.length === 0 ? 'done' : 'rung')
}
