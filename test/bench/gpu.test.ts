/** The benchmark of graphics processors completes on a software device, checks its answers, and says what means nothing there. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { bundles } from '../../bench/gpu/bundle'
import { show } from '../../bench/gpu/report'
import type { GpuResults } from '../../bench/gpu/result'
import { probe } from '../../runtime/backends/probe'
import { packageRoot } from '../../runtime/package/root'
import { required } from '../gpujs/backends'

const root = packageRoot()

test('npm run bench:gpu', async (t) => {
  const { works, detail } = await probe('wgsl')()
  if (!works) {
    if (required().includes('wgsl')) t.fail(detail)
    else t.comment(`skipped: ${detail}`)
    return
  }
  const folder = path.join(root, '.scratch')
  mkdirSync(folder, { recursive: true })
  const out = path.join(folder, `bench-gpu-${process.pid}.json`)
  const args = ['--import', 'tsx', 'bench/gpu/main.ts', '--small', '--seconds', '0.02', '--no-peer', '--out', out]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  t.equal(status, 0, `it runs: ${stderr.trim().split('\n').at(-1)}`)
  const results = JSON.parse(readFileSync(out, 'utf8')) as GpuResults
  rmSync(out)
  t.deepEqual(results.gaps, [], 'every row is measured')
  const { bandwidth, arithmetic, dispatch } = results.limits
  t.ok(bandwidth > 0 && arithmetic > 0 && dispatch > 0, 'the limits of the device are measured')
  for (const r of results.rows) {
    t.ok(r.error < 1e-5 && r.seconds > 0 && r.lower <= r.seconds, `${r.what}: error ${r.error.toExponential(1)}`)
    t.ok(r.held <= 1.2 * r.predicted, `${r.what}: ${r.held} bytes held, ${r.predicted} predicted`)
  }
  const small = results.rows.filter((r) => r.what.startsWith('BLOCK') && !r.what.endsWith('a dispatch a launch'))
  t.deepEqual(
    [...new Set(small.map((r) => r.dispatches))],
    [1],
    `${small.length} rows of small systems, one dispatch each`
  )
  for (const kind of ['dense', 'BLOCK lazy', 'BLOCK literal', 'transformer forward', 'transformer step']) {
    t.ok(stdout.includes(kind), `the table has ${kind}`)
  }
  t.equal(
    stdout.includes('means nothing about any graphics processor'),
    !results.hardware,
    'and says what it means here'
  )
})

test('with a peer, and on hardware', (t) => {
  const row = {
    what: 'w',
    seconds: 2e-6,
    lower: 1e-6,
    upper: 3e-6,
    call: 1e-4,
    dispatches: 1,
    operations: 4e6,
    bytes: 1e3
  }
  const results: GpuResults = {
    adapter: 'a card',
    hardware: true,
    limits: { bandwidth: 1e12, arithmetic: 4e12, dispatch: 4e-6 },
    products: 23,
    rows: [{ ...row, clock: 'device', held: 1, predicted: 1, error: 1e-7 }],
    gaps: [{ what: 'g', why: 'it does not fit' }],
    peer: { _tag: 'ran', name: 'theirs', rows: [{ what: 'p', beside: 'w', seconds: 4e-6 }] }
  }
  const text = show(results)
  t.match(text, /w +2 +100 +1 +2000 +50% /, 'rates and shares of the peak')
  t.match(text, /p +4 +w +0\.5x/, 'the ratio to the peer')
  t.match(text, /- g: it does not fit/, 'what was not measured')
  t.notOk(text.includes('means nothing'), 'times of hardware mean what they say')
  t.end()
})

test('the benchmark in one file, and in one page', async (t) => {
  const { script, page } = await bundles()
  const outside = (text: string) => [...text.matchAll(/^import .*? from ["']([^"']+)["'];?$/gm)].map((m) => m[1] ?? '')
  t.deepEqual(
    outside(script).filter((name) => !/^(node:)?(fs|path|util|url|child_process|fs\/promises)$/.test(name)),
    [],
    'the file imports what Node has'
  )
  t.deepEqual(outside(page), [], 'the page imports nothing')
  t.ok(script.includes('import torch') && !page.includes('import torch'), 'only the file brings the script of the peer')
})
