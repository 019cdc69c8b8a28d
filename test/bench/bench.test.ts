/** The benchmarks run, measure every cell, and count as they say; no time is asserted. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { quantile, time } from '../../bench/measure'
import { batches, choose } from '../../bench/plan'
import type { Results } from '../../bench/result'
import { show } from '../../bench/table'
import { packageRoot } from '../../runtime/package/root'

const root = packageRoot()

const bench = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], { cwd: root, encoding: 'utf8' })

test('the stopwatch', async (t) => {
  t.equal(quantile([1, 2, 3, 4, 5], 0.5), 3, 'the median')
  t.equal(quantile([1, 2, 3, 4], 0.5), 2.5, 'between two')
  t.equal(quantile([7], 0.75), 7, 'of one')
  let calls = 0
  const timing = await time('count', () => void calls++, 0.05)
  t.ok(timing.samples >= 5 && calls > timing.samples, `${timing.samples} samples, with a warm-up before them`)
  t.ok(timing.lower <= timing.median && timing.median <= timing.upper, 'quartiles around the median')
  await time('fail', () => Promise.reject(new Error('planned')), 0.05).then(
    () => t.fail('a failure is no figure'),
    (cause: Error) => t.equal(cause.message, 'planned', 'a failure is passed on')
  )
  let count = 0
  await time('fail later', () => (++count > 1 ? Promise.reject(new Error('later')) : undefined), 0.05).then(
    () => t.fail('a later failure is no figure'),
    (cause: Error) => t.equal(cause.message, 'later', 'a failure between samples too')
  )
  t.end()
})

test('how many systems a call takes', (t) => {
  t.deepEqual(batches(1000), [1000, 100, 10, 1], 'tenths')
  t.equal(choose(1000, { milliseconds: 1, batch: 10 }, 2), 1000, 'all, where a system takes 0.1 ms')
  t.equal(choose(1000, { milliseconds: 10, batch: 10 }, 2), 100, 'a tenth, where it takes 1 ms')
  t.equal(choose(1000, { milliseconds: 1e6, batch: 10 }, 2), 1, 'one, where it is hopeless')
  t.end()
})

test('npm run bench', (t) => {
  const folder = path.join(root, '.scratch')
  mkdirSync(folder, { recursive: true })
  const out = path.join(folder, `bench-${process.pid}.json`)
  const { status, stdout, stderr } = bench('--quick', '--backends', 'webasm,webgl2', '--out', out)
  t.equal(status, 0, 'runs')
  const results = JSON.parse(readFileSync(out, 'utf8')) as Results
  rmSync(out)
  t.deepEqual(results.gaps, [], 'no cell fails')
  const found = results.cells.map((c) => `${c.what} ${c.backend}`)
  t.equal(found.length, 19, found.join(', '))
  t.ok(
    results.cells.every((c) => c.median > 0 && c.samples >= 5 && c.microseconds === (1000 * c.median) / c.batch),
    'every figure is a median of five samples at least'
  )
  t.ok(stdout.includes(show(results)), 'the table is that of the file')
  t.match(stdout, /^step +webasm /m, 'a line for the training step')
  t.match(stdout, /^forward +webasm stock +[\d.]+x$/m, 'what the patch of gpu.js saves')
  t.match(stdout, /^Cholesky +float64 +1x$/m, 'ratios to our Cholesky')
  t.match(stdout, /Not measured\n- backend webgl2: /, 'a backend that does not work here is named with its reason')
  t.match(stderr, /^forward, webasm, N = 9: /m, 'progress goes to stderr')
  t.equal(bench('--help').status, 0, '--help')
  t.equal(bench('--backends', 'abacus').status, 2, 'an unknown backend is a usage error')
  t.equal(bench('--model', 'nothing.safetensors').status, 6, 'a missing checkpoint has its exit code')
  t.end()
})
