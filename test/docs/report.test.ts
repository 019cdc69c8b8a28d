/** The committed reports are whole, are what the command writes of their results, and where there is another seed it agrees. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { algebraformerReport } from '../../runtime/reproduce/algebraformer/index'
import { linearTransformer } from '../../runtime/reproduce/linear-transformer/index'
import { markdown } from '../../runtime/reproduce/report'
import { differences, parse, type Results } from '../../runtime/reproduce/results'
import { right } from '../support/right'
import { root } from './blocks'

const folder = path.join(root, 'docs/reports/linear-transformer')
const text = (name: string): string => readFileSync(path.join(folder, name), 'utf8')
const resultsOf = (name: string): Results => right(parse(name, text(name)))

test('the committed report on Algebraformer', (t) => {
  const there = path.join(root, 'docs/reports/algebraformer')
  const page = (name: string): string => readFileSync(path.join(there, name), 'utf8')
  const results = right(parse('results.json', page('results.json')))
  t.equal(results.config, 'reduced', 'a reduced run')
  t.deepEqual(
    results.rows.map(({ id }) => id),
    algebraformerReport.rows.map(({ id }) => id),
    'with every row'
  )
  for (const { id, failed, claims, plots, trained, budget } of results.rows) {
    t.equal(failed, null, `${id} did not fail`)
    t.ok(claims.length > 0, `and ends in ${claims.length} verdicts`)
    t.ok(trained.length === 0 || (budget ?? 0) > 0, 'with a budget where it trains')
    for (const { name } of plots) {
      t.ok(existsSync(path.join(there, `${name}.svg`)) && existsSync(path.join(there, `${name}.png`)), `plot ${name}`)
    }
  }
  const seeds = new Set(results.rows.find(({ id }) => id === 'diffusion')?.trained.map(({ seed }) => seed))
  t.ok(seeds.size >= 3, `the order of the networks over ${seeds.size} seeds`)
  const others = readdirSync(there)
    .filter((name) => /^seed-\d+\.json$/.test(name))
    .sort()
    .map((name) => right(parse(name, page(name))))
  t.equal(page('README.md'), markdown(algebraformerReport, results, others), 'the page is made of these results')
  t.end()
})

test('the committed report on the linear Transformer', (t) => {
  const results = resultsOf('results.json')
  const others = readdirSync(folder)
    .filter((name) => /^seed-\d+\.json$/.test(name))
    .sort()
    .map(resultsOf)
  t.equal(results.config, 'full', 'a full run')
  t.deepEqual(
    results.rows.map(({ id }) => id),
    linearTransformer.rows.map(({ id }) => id),
    'with every row'
  )
  for (const { id, failed, claims, plots } of results.rows) {
    t.equal(failed, null, `${id} did not fail`)
    t.ok(claims.length > 0, `and ends in ${claims.length} verdicts`)
    for (const { name } of plots) {
      t.ok(existsSync(path.join(folder, `${name}.svg`)) && existsSync(path.join(folder, `${name}.png`)), `plot ${name}`)
    }
  }
  t.ok(others.length > 0, `beside ${others.length} run with another seed`)
  for (const other of others) {
    t.notEqual(other.seed, results.seed, `seed ${other.seed}`)
    t.deepEqual(differences(results.rows, other.rows), [], `${other.seed}: the same verdicts`)
    t.equal(other.rows.length, results.rows.length, 'on all rows')
  }
  t.equal(text('README.md'), markdown(linearTransformer, results, others), 'the page is made of these results')
  t.end()
})
