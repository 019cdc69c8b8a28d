/** The runner must count what a file claims, and must not take a crash, a hang or a silence for a pass. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'
import { packageRoot } from '../../runtime/package/root'

const root = packageRoot()

interface Ran {
  readonly code: number | null
  readonly lines: readonly string[]
}

/** Runs the runner over a folder that holds test files with these texts. */
const runOn = (texts: Readonly<Record<string, string>>, ...args: readonly string[]): Ran => {
  mkdirSync(path.join(root, '.scratch'), { recursive: true })
  const folder = mkdtempSync(path.join(root, '.scratch/runner-'))
  try {
    for (const [name, text] of Object.entries(texts)) writeFileSync(path.join(folder, `${name}.test.ts`), text)
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'test/run.ts', '--folder', path.relative(root, folder).replaceAll(path.sep, '/'), ...args],
      { cwd: root, encoding: 'utf8' }
    )
    return { code: status, lines: stdout.trimEnd().split('\n') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const tape = `import test from 'tape'\n`

const cases: readonly {
  readonly name: string
  readonly text: string
  readonly passed: number
  readonly failed: number
  readonly says: string
}[] = [
  {
    name: 'assertions are counted, not tests',
    text: `${tape}test('a', (t) => { t.ok(true); t.equal(1, 1); t.end() })`,
    passed: 2,
    failed: 0,
    says: '2 passed'
  },
  {
    name: 'a failed assertion fails, with what was expected and found',
    text: `${tape}test('sums', (t) => { t.ok(true); t.equal(1 + 1, 3, 'a sum'); t.end() })`,
    passed: 1,
    failed: 1,
    says: 'expected: 3'
  },
  {
    name: 'a skip is no pass and gives its reason',
    text: `${tape}test('gpu', (t) => { t.ok(true); t.skip('no adapter'); t.comment('skipped: no driver'); t.end() })`,
    passed: 1,
    failed: 0,
    says: 'gpu: no driver'
  },
  {
    name: 'a file without assertions fails',
    text: `console.log('1..0')`,
    passed: 0,
    failed: 1,
    says: 'makes no assertion'
  },
  {
    name: 'a silent file fails',
    text: '',
    passed: 0,
    failed: 1,
    says: 'makes no assertion'
  },
  {
    name: 'a crash after passes fails',
    text: `${tape}test('a', (t) => { t.ok(true); t.end() })\ntest('b', () => { throw new Error('broken pieces') })`,
    passed: 1,
    failed: 1,
    says: 'broken pieces'
  },
  {
    name: 'an exit in the middle of the plan fails, even with code 0',
    text: `console.log('TAP version 13\\nok 1 a\\n1..2')`,
    passed: 1,
    failed: 1,
    says: '1 assertions of 2 planned'
  },
  {
    name: 'an end without a plan fails',
    text: `console.log('TAP version 13\\nok 1 a')`,
    passed: 1,
    failed: 1,
    says: 'broke off'
  },
  {
    name: 'a file that does not compile fails',
    text: 'const = 1',
    passed: 0,
    failed: 1,
    says: 'exit code 1'
  }
]

test('every kind of file is judged, and the last line counts them all', (t) => {
  const texts = Object.fromEntries(cases.map(({ text }, index) => [`sample-${index}`, text]))
  const { code, lines } = runOn(texts)
  const sum = (of: 'passed' | 'failed'): number => cases.reduce((total, sample) => total + sample[of], 0)
  t.equal(lines.at(-1), `${sum('passed')} passed, ${sum('failed')} failed`, 'the last line')
  t.equal(code, 1, 'the exit code')
  for (const [index, { name, passed, failed, says }] of cases.entries()) {
    const start = lines.findIndex((line) => line.includes(`sample-${index}.test.ts `))
    const length = lines.slice(start + 1).findIndex((line) => /^(?:ok|FAIL) |^\d+ passed/.test(line))
    const said = lines.slice(start, start + 1 + length).join('\n')
    t.ok(said.startsWith(failed === 0 ? 'ok ' : 'FAIL '), `${name}: the verdict`)
    t.ok(new RegExp(`\\b${passed} passed`).test(said), `${name}: ${passed} passed`)
    t.ok(failed === 0 || said.includes(`${failed} failed`), `${name}: ${failed} failed`)
    t.ok(said.includes(says), `${name}: it says ${says}`)
  }
  t.end()
})

test('what passes exits with 0', (t) => {
  const { code, lines } = runOn({ fine: cases[0]!.text })
  t.equal(code, 0)
  t.equal(lines.at(-1), '2 passed, 0 failed')
  t.end()
})

test('a hang is ended at the limit', (t) => {
  const { code, lines } = runOn({ hang: 'setInterval(() => {}, 1000)' }, '--limit', '2')
  t.equal(lines.at(-1), '0 passed, 1 failed')
  t.equal(code, 1)
  t.ok(lines.join('\n').includes('did not end within 2 s'))
  t.end()
})

test('a pattern that matches nothing is no success', (t) => {
  const { code, lines } = runOn({ fine: cases[0]!.text }, '--only', 'no-such-file')
  t.equal(code, 1)
  t.equal(lines.at(-1), '0 passed, 0 failed')
  t.end()
})
