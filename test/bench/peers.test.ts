/** The frame of the comparison with other libraries holds without any of them: no time is asserted. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'tape'

import { judge } from '../../bench/peers/check'
import { start } from '../../bench/peers/child'
import { command, type Entry, entries, missing } from '../../bench/peers/contestants'
import { reply } from '../../bench/peers/protocol'
import type { Results } from '../../bench/peers/result'
import { callsFor, type Racer, race, ratioOf, together } from '../../bench/peers/rounds'
import { run } from '../../bench/peers/run'
import { keep, keyOf } from '../../bench/peers/store'
import { allRight, show } from '../../bench/peers/table'
import type { Case } from '../../bench/peers/workload'
import { packageRoot } from '../../runtime/package/root'

const root = packageRoot()
const home = path.join(root, 'bench', 'peers')

const folder = (): string => mkdtempSync(path.join(tmpdir(), 'ansatz-peers-test-'))

const doubling: Case = {
  workload: 'contraction',
  title: 'doubling of three numbers',
  sizes: { k: 3 },
  make: () => ({
    operands: { values: { values: Float32Array.of(1, -2, 3), dims: [3] } },
    references: { doubled: { values: Float64Array.of(2, -4, 6), tolerance: 1e-6 } }
  }),
  operations: () => 3,
  baseline: ['nobody', 'planted right']
}

const planted: Entry = { name: 'planted', file: '../../test/bench/planted-peer.ts', packages: [], threads: [1] }

test('an answer is judged', (t) => {
  const reference = Float64Array.of(1, -4, 2)
  t.equal(judge(Float32Array.of(1, -4, 2), reference, 1e-6).wrong, null, 'right')
  t.equal(judge(Float32Array.of(1, -4, 2.002), reference, 1e-3).error.toFixed(5), '0.00050', 'by its largest value')
  t.match(judge(Float32Array.of(1, -4, 2.1), reference, 1e-3).wrong ?? '', /^off by 2\.5e-2 /, 'wrong')
  t.match(judge(Float32Array.of(0, 0, 0), reference, 1e-3).wrong ?? '', /^off by 1\.0e\+0 /, 'zeros')
  t.match(judge(Float32Array.of(1, -4), reference, 1).wrong ?? '', /expected 3 numbers, got 2/, 'a wrong size')
  t.match(judge(Float32Array.of(1, NaN, 2), reference, 1).wrong ?? '', /number 1 is NaN/, 'no number')
  t.equal(judge(Float32Array.of(0), Float64Array.of(0), 1e-6).wrong, null, 'zero where zero is right')
  t.match(judge(Float32Array.of(1e-9), Float64Array.of(0), 1).wrong ?? '', /^off by/, 'and nothing else there')
  t.end()
})

test('rounds', async (t) => {
  const turns: string[] = []
  const racer = (name: string, wall: number): Racer => ({
    warm: async () => ({ wall, cpu: wall }),
    turn: async (calls, again) => {
      turns.push(`${name}${calls}${again ? '' : ' alone'}`)
      return { wall: wall * (1 + turns.length / 100), cpu: wall }
    }
  })
  const pace = { warmUp: 1, sample: 10, rounds: 6, limit: 1e6 }
  const [a, b] = await race([racer('a', 2), racer('b', 400)], pace)
  t.equal(a?.length, 6, 'a sample a round')
  t.deepEqual(
    turns.slice(0, 6),
    ['a5', 'b1 alone', 'b1 alone', 'a5', 'a5', 'b1 alone'],
    'every round begins with the next; long calls alone'
  )
  t.equal(ratioOf([1, 9, 4], [2, 3, 4]).median, 1, 'ratios within rounds, then their median')
  t.equal((await race([racer('a', 1)], { ...pace, rounds: 50, limit: 0 }))[0]?.length, 5, 'five rounds at least')
  const pair = await together([racer('a', 2), racer('b', 3)]).warm(1)
  t.deepEqual(pair, { wall: 3, cpu: 5 }, 'two at once take as long as the slower, and the time of both')
  t.deepEqual([callsFor(10, 3), callsFor(10, 30)], [4, 1], 'calls of a sample')
  t.ok(
    b?.every(({ wall }) => wall > 400),
    'samples go to their own'
  )
  t.end()
})

test('contestants run, are checked, and what is wrong is not timed', async (t) => {
  const data = folder()
  const gone: Entry = { ...planted, name: 'gone', file: 'packages/nobody.ts' }
  const uninstalled: Entry = { ...planted, name: 'uninstalled', packages: ['no-such-package'] }
  const results = await run({
    cases: [doubling],
    entries: [planted, gone, uninstalled, { ...planted, name: 'python', file: 'python/peers.py' }],
    threads: [1, 2],
    pace: { warmUp: 1, sample: 0.1, rounds: 5, limit: 1000 },
    clock: 'wall',
    python: 'no-such-python',
    home,
    data,
    sources: [],
    say: () => undefined
  })
  rmSync(data, { recursive: true })
  const [comparison] = results.comparisons
  t.deepEqual(
    comparison?.lines.map(({ method, error }) => [method, error]),
    [['right', 0]],
    'the right one is timed'
  )
  t.equal(comparison?.baseline, 'planted right', 'the first baseline that is there')
  t.equal(comparison?.lines[0]?.ratio?.median, 1, 'a ratio to itself')
  t.equal(comparison?.lines[0]?.samples.length, 5, 'its samples are kept')
  const gaps = Object.fromEntries(comparison?.gaps.map((g) => [g.method, `${g.wrong} ${g.why}`]) ?? [])
  t.match(gaps['zeros'] ?? '', /^true off by 1\.0e\+0/, 'zeros are wrong')
  t.match(gaps['input'] ?? '', /^true off by 5\.0e-1/, 'so is its input')
  t.match(gaps['short'] ?? '', /^true expected 3 numbers/, 'so is a wrong size')
  t.equal(gaps['fails'], 'false planned failure', 'a failure speaks for itself')
  t.equal(gaps['skips'], 'false not for this size', 'a skip has its reason')
  const absent = Object.fromEntries(results.absent.map(({ name, why }) => [name, why]))
  t.match(absent['gone'] ?? '', /Cannot find module/, 'a process that dies says of what')
  t.match(absent['uninstalled'] ?? '', /^no-such-package not installed: npm run bench:peers:install$/, 'no package')
  t.match(absent['python'] ?? '', /^no-such-python does not start/, 'no Python')
  t.notOk(allRight(results), 'wrong answers fail the run')
  const table = show(results)
  t.match(table, /^planted {2}right +1 .* 1x /m, 'a line with its ratio')
  t.match(table, /^- planted zeros, 1 thread: WRONG ANSWER, not timed: off by /m, 'wrong answers are named')
  t.match(table, /^- uninstalled is absent: no-such-package not installed/m, 'who is absent, and why')
  t.end()
})

test('a process and its lines', async (t) => {
  t.equal(reply('chatter'), null, 'chatter is no reply')
  t.deepEqual(reply('{"ok":true}'), { ok: true }, 'a reply')
  const child = await start(command(planted, home, 1, 'python3'))
  t.equal(child.greeting.methods.length, 6, 'greets after its chatter')
  await child.ask({ ask: 'time', method: 'right', calls: 1, again: false }).then(
    () => t.fail('nothing is prepared'),
    (cause: Error) => t.match(cause.message, /^internal: right is not prepared/, 'a failure is passed on')
  )
  await child.stop()
  await child.ask({ ask: 'close' }).then(
    () => t.fail('it is gone'),
    (cause: Error) => t.match(cause.message, /process ended/, 'whoever is gone says so')
  )
  t.end()
})

test('what must be installed', (t) => {
  const place = folder()
  const needs = { ...planted, packages: ['@scope/one', 'two'] }
  t.equal(missing(needs, place), '@scope/one and two not installed: npm run bench:peers:install')
  for (const name of needs.packages) {
    mkdirSync(path.join(place, 'node_modules', name), { recursive: true })
    writeFileSync(path.join(place, 'node_modules', name, 'package.json'), '{}')
  }
  t.equal(missing(needs, place), null)
  rmSync(place, { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'))
  const wanted = [...new Set(entries.flatMap(({ packages }) => packages))]
  t.deepEqual(
    wanted.filter((name) => !(name in dependencies)),
    [],
    'its package.json has what contestants need'
  )
  t.end()
})

test('operands and references are kept', (t) => {
  const data = folder()
  let made = 0
  const count = () => {
    made++
    return doubling.make()
  }
  const counted: Case = { ...doubling, make: count }
  const first = keep(counted, data, ['text'])
  t.deepEqual(keep(counted, data, ['text']), first, 'the same again')
  t.equal(made, 1, 'made once')
  t.notEqual(keyOf(counted, ['text']), keyOf(counted, ['another']), 'another text, another key')
  t.notEqual(keyOf(counted, []), keyOf({ ...counted, sizes: { k: 4 } }, []), 'another size, another key')
  rmSync(data, { recursive: true })
  t.end()
})

test('npm run bench:peers', (t) => {
  const main = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'bench/peers/main.ts', ...args], { cwd: root, encoding: 'utf8' })
  const place = folder()
  const out = path.join(place, 'results.json')
  const { status, stdout, stderr } = main('--quick', '--against', 'numpy', '--python', 'no-such-python', '--json', out)
  t.equal(status, 0, 'runs without any other library')
  t.equal(stderr, '', 'silent where no terminal is')
  const results = JSON.parse(readFileSync(out, 'utf8')) as Results
  rmSync(place, { recursive: true })
  t.deepEqual(
    results.comparisons.map(({ workload }) => workload),
    ['contraction', 'systems', 'block', 'transformer', 'training'],
    'every workload'
  )
  t.ok(
    results.comparisons.every(({ lines }) => lines.some(({ contestant }) => contestant === 'ours gpu.js')),
    'ours answers rightly in all of them'
  )
  t.deepEqual(
    results.comparisons.flatMap(({ gaps }) => gaps),
    [],
    'no gap'
  )
  t.ok(stdout.startsWith(show(results)), 'the tables are those of the file')
  t.match(stdout, /^- numpy is absent: no-such-python does not start/m, 'numpy is absent, and why')
  t.match(main('--help').stdout, /Example:\n {2}npm run bench:peers -- /, '--help has an example')
  t.equal(main('--only', 'abacus').status, 2, 'an unknown workload is a usage error')
  t.equal(main('--against', 'abacus').status, 2, 'so is an unknown contestant')
  t.end()
})
