/**
 * The report: frame, merging, kept weights, pictures; and the quick run of every row through the command.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import test from 'tape'

import { continues, trainer } from '../../runtime/reproduce/keep'
import { linearTransformer } from '../../runtime/reproduce/linear-transformer/index'
import { pen } from '../../runtime/reproduce/plots'
import { markdown, short } from '../../runtime/reproduce/report'
import { merge, type Results, results as schema } from '../../runtime/reproduce/results'
import type { Row, RowResult } from '../../runtime/reproduce/row'
import { type Report, type ReportOptions, reproduce } from '../../runtime/reproduce/run'
import * as F from '../../spec/family'
import * as R from '../../spec/recipe'
import { blockLinear } from '../../spec/zoo/block-linear'
import { ansatz, isSentence, root } from '../cli/run'
import { right } from '../support/right'

mkdirSync(path.join(root, '.scratch'), { recursive: true })
const scratch = mkdtempSync(path.join(root, '.scratch/report-'))
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
const folder = (name: string): string => path.join(scratch, name)
const read = (out: string, file: string): string => readFileSync(path.join(out, file), 'utf8')
const resultsIn = (out: string): Results => schema.parse(JSON.parse(read(out, 'results.json')))

const isPng = (bytes: Uint8Array): boolean =>
  [0x89, 0x50, 0x4e, 0x47].every((byte, k) => bytes[k] === byte) && bytes.length > 500

// --- a report of our own ---------------------------------------------------------------------------------------------

const points = (k: number) => ({
  data: { values: [1, 10, 100].map((n) => ({ n, error: k * 10 ** -n })) },
  mark: { type: 'line', point: true },
  encoding: {
    x: { field: 'n', type: 'quantitative', scale: { type: 'log' } },
    y: { field: 'error', type: 'quantitative', scale: { type: 'log' } }
  }
})

const fine = (value: number): RowResult => ({
  claims: [{ claim: 'One | two.', paper: '1', ours: String(value), verdict: 'reproduced' }],
  tables: [
    {
      title: 'Numbers',
      columns: ['a', 'b'],
      rows: [
        [value, 1.23456e-7],
        [Infinity, null]
      ]
    }
  ],
  plots: [{ name: 'points', caption: 'Points.', spec: points(value) }],
  backends: ['javascript float64'],
  recipes: ['block-linear-2'],
  notes: ['A note.']
})

const row = (id: string, run: Row['run']): Row => ({ id, title: `Row ${id}`, about: 'A row.', run })

const report = (...rows: readonly Row[]): Report => ({
  name: 'ours',
  title: 'Ours',
  intro: 'An introduction.',
  command: 'ansatz reproduce ours',
  configs: ['quick', 'full'],
  usual: 'full',
  training: 'javascript',
  rows
})

const options = (out: string, more: Partial<ReportOptions> = {}): ReportOptions => ({
  config: 'quick',
  seed: 1,
  out,
  ...more
})

test('a row that fails says why, and stops no other', async (t) => {
  const out = folder('failing')
  const broken = { ...fine(2), plots: [{ name: 'broken', caption: 'Broken.', spec: { mark: 'nothing' } }] }
  const results = right(
    await reproduce(
      report(
        row('left', async () => E.left('planned: nothing to see')),
        row('throws', async () => {
          throw new Error('internal: planned')
        }),
        row('draws', async () => E.right(broken)),
        row('last', async () => E.right(fine(3)))
      ),
      options(out)
    )
  )
  const failed = results.rows.map((r) => r.failed)
  t.deepEqual(failed.slice(0, 2), ['planned: nothing to see', 'a fault of ansatz itself: planned'], 'the reasons')
  t.ok(/^plot broken: expected a Vega-Lite specification/.test(failed[2] ?? ''), failed[2] ?? 'no reason')
  t.equal(failed[3], null, 'the last runs')
  t.deepEqual(resultsIn(out), results, 'results.json holds what was found')
  t.ok(isPng(readFileSync(path.join(out, 'points.png'))), 'a PNG')
  t.ok(read(out, 'points.svg').startsWith('<svg'), 'an SVG')
  const text = read(out, 'README.md')
  for (const part of [
    '3 rows failed',
    '**failed**',
    'One \\| two.',
    '![Points.](points.svg)',
    '1.23e-7',
    'inf',
    'A quick run'
  ])
    t.ok(text.includes(part), part)
  t.equal(text, markdown(report(), results), 'the Markdown is a function of the results')
  t.end()
})

test('--only merges rows of the same seed and kind, and no others', async (t) => {
  const out = folder('merging')
  let value = 1
  const both = report(
    row('first', async () => E.right({ ...fine(value), plots: [] })),
    row('second', async (c) => E.right({ ...fine(c.seed), plots: value === 1 ? fine(1).plots : [] }))
  )
  const before = right(await reproduce(both, options(out)))
  t.ok(existsSync(path.join(out, 'points.svg')), 'a plot')
  value = 2
  const after = right(await reproduce(both, options(out, { only: ['second'] })))
  t.deepEqual(after.rows[0], before.rows[0], 'the other row stays')
  t.deepEqual(
    after.rows.map((r) => r.id),
    ['first', 'second'],
    'in order'
  )
  t.notOk(existsSync(path.join(out, 'points.svg')), 'a plot that is no more is removed')
  const refusal = async (more: Partial<ReportOptions>): Promise<string> => {
    const found = await reproduce(both, options(out, { only: ['first'], ...more }))
    return E.isLeft(found) ? found.left : 'no refusal'
  }
  t.ok((await refusal({ seed: 2 })).includes('with seed 1'), 'another seed')
  t.ok((await refusal({ config: 'full' })).includes('a quick run'), 'a full run')
  writeFileSync(path.join(out, 'results.json'), '{"format": "other"}')
  t.ok((await refusal({})).includes('expected the results of a report'), 'a file of another origin')
  const [p, q] = [before.rows[0]!, before.rows[1]!]
  t.deepEqual(merge([q], [p], ['first', 'second']), [p, q], 'the order is the report’s')
  t.end()
})

test('plots are the same bytes every time', async (t) => {
  const draw = right(await pen())
  const plot = { name: 'points', caption: '', spec: points(1) }
  const [one, two] = [right(await draw(plot)), right(await draw(plot))]
  t.equal(one.svg, two.svg, 'SVG')
  t.deepEqual(one.png, two.png, 'PNG')
  t.ok(one.svg.includes('DejaVu Sans') && />1e-[0-9]+</.test(one.svg), 'our font, powers of ten')
  t.end()
})

test('numbers are short', (t) => {
  const shown = [0, 512, 1e6, 0.012345, 1.5e-9, -3e-20, 123456.7, 1 / 3].map(short)
  t.deepEqual(shown, ['0', '512', '1e6', '0.0123', '1.5e-9', '-3e-20', '123000', '0.333'])
  t.end()
})

// --- trained weights -------------------------------------------------------------------------------------------------

const stage = (iterations: number) => R.scalarNodes({ kappas: [5], nodes: 20, iterations, starts: 1 })
const recipe = (name: string, ...iterations: readonly number[]): R.Recipe =>
  R.make({
    name,
    model: blockLinear({ layers: 2 }),
    start: R.random(),
    stages: iterations.map(stage),
    seed: 7,
    valid: F.spd({ kappa: 5, sizes: 9 })
  })

test('weights are trained once, kept, and gone on from', async (t) => {
  const [short_, long] = [recipe('short', 5), recipe('long', 5, 6)]
  t.ok(
    continues(long, short_) && !continues(short_, long) && !continues(recipe('other', 4, 6), short_),
    'who continues whom'
  )
  let steps = 0
  const count = () => void steps++
  const keep = folder('kept')
  const train = trainer(keep)
  const [p, q] = [right(await train(short_, 3, count)), right(await train(short_, 3, count))]
  t.equal(p, q, 'asked twice, trained once')
  const before = steps
  const on = right(await train(long, 3, count))
  t.equal(steps - before, 6, 'the longer recipe goes on where the shorter one ended')
  const whole = right(await trainer(null)(long, 3))
  t.deepEqual(on.weights, whole.weights, 'and gives the same bytes as from its start')
  t.equal(readdirSync(keep).filter((f) => f.endsWith('.safetensors')).length, 2, 'kept')
  steps = 0
  const again = right(await trainer(keep)(long, 3, count))
  t.deepEqual(
    [again.weights, again.loss, again.seconds, steps],
    [on.weights, on.loss, on.seconds, 0],
    'not trained again'
  )
  right(await trainer(keep)(recipe('long', 5, 7), 3, count))
  t.ok(steps > 0, 'another recipe of the same name is')
  const file = readdirSync(keep).find((f) => f.startsWith('short') && f.endsWith('.safetensors'))!
  writeFileSync(path.join(keep, file), 'damaged')
  t.ok(E.isLeft(await trainer(keep)(short_, 3)), 'damaged weights are refused')
  t.end()
})

// --- the command -----------------------------------------------------------------------------------------------------

test('ansatz reproduce: mistakes are sentences', async (t) => {
  for (const args of [
    ['other'],
    ['linear-transformer', '--only', 'figure-33'],
    ['linear-transformer', '--seed', '-1']
  ]) {
    const { code, err } = await ansatz(['reproduce', ...args])
    t.equal(code, 2, args.join(' '))
    t.ok(isSentence(err) || err.includes('--seed'), err.trim())
  }
  t.end()
})

test('ansatz reproduce linear-transformer --quick: every row, its files, and verdicts that another seed shares', async (t) => {
  const out = folder('quick')
  const ran = await ansatz(['reproduce', 'linear-transformer', '--quick', '--out', out])
  t.equal(ran.code, 0, ran.err.trim())
  const results = resultsIn(out)
  t.deepEqual(
    results.rows.map((r) => r.id),
    linearTransformer.rows.map((r) => r.id),
    'every row, in order'
  )
  for (const r of results.rows) {
    t.equal(r.failed, null, `${r.id} runs`)
    t.ok(r.claims.length > 0 && r.tables.length > 0 && r.seconds > 0, `${r.id}: claims, tables`)
    for (const { name } of r.plots) {
      t.ok(/^<svg[\s\S]*<\/svg>\s*$/.test(read(out, `${name}.svg`)), `${name}.svg`)
      t.ok(isPng(readFileSync(path.join(out, `${name}.png`))), `${name}.png`)
      t.ok(read(out, 'README.md').includes(`](${name}.svg)`), `${name} is shown`)
    }
  }
  t.ok(ran.out.includes(path.join(out, 'README.md')), 'says where it wrote')
  const other = folder('other-seed')
  const settled = ['closed-form']
  const second = await ansatz([
    'reproduce',
    'linear-transformer',
    '--quick',
    '--only',
    settled.join(),
    '--seed',
    '2',
    '--out',
    other,
    '--json'
  ])
  t.equal(second.code, 0, second.err.trim())
  const printed = JSON.parse(second.out) as { readonly out: string; readonly rows: Results['rows'] }
  t.equal(printed.out, other, '--json says where, too')
  for (const id of settled) {
    const verdicts = (rows: Results['rows']) => rows.find((r) => r.id === id)?.claims.map((c) => c.verdict)
    t.deepEqual(verdicts(printed.rows), verdicts(results.rows), `${id}: the same verdicts with another seed`)
  }
  const mixed = await ansatz([
    'reproduce',
    'linear-transformer',
    '--quick',
    '--only',
    'closed-form',
    '--seed',
    '2',
    '--out',
    out
  ])
  t.equal(mixed.code, 3, mixed.err.trim())
  t.ok(isSentence(mixed.err), 'rows of another seed are not mixed in')
  t.end()
})
