/** The runner must count what a file claims, and must not take a crash, a hang or a silence for a pass. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

const root = path.resolve(import.meta.dirname, '../..')

/** Runs the runner over a folder that holds one test file with this text. */
const runOn = (
  text: string,
  ...args: readonly string[]
): { readonly code: number | null; readonly lines: string[] } => {
  mkdirSync(path.join(root, '.scratch'), { recursive: true })
  const folder = mkdtempSync(path.join(root, '.scratch/runner-'))
  try {
    writeFileSync(path.join(folder, 'sample.test.ts'), text)
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
  readonly last: string
  readonly says: string
}[] = [
  {
    name: 'assertions are counted, not tests',
    text: `${tape}test('a', (t) => { t.ok(true); t.equal(1, 1); t.end() })`,
    last: '2 passed, 0 failed',
    says: '2 passed'
  },
  {
    name: 'a failed assertion fails, with what was expected and found',
    text: `${tape}test('sums', (t) => { t.ok(true); t.equal(1 + 1, 3, 'a sum'); t.end() })`,
    last: '1 passed, 1 failed',
    says: 'expected: 3'
  },
  {
    name: 'a skip is no pass and gives its reason',
    text: `${tape}test('gpu', (t) => { t.ok(true); t.skip('no adapter'); t.comment('skipped: no driver'); t.end() })`,
    last: '1 passed, 0 failed',
    says: 'gpu: no driver'
  },
  {
    name: 'a file without assertions fails',
    text: `console.log('1..0')`,
    last: '0 passed, 1 failed',
    says: 'makes no assertion'
  },
  {
    name: 'a silent file fails',
    text: '',
    last: '0 passed, 1 failed',
    says: 'makes no assertion'
  },
  {
    name: 'a crash after passes fails',
    text: `${tape}test('a', (t) => { t.ok(true); t.end() })\ntest('b', () => { throw new Error('broken pieces') })`,
    last: '1 passed, 1 failed',
    says: 'broken pieces'
  },
  {
    name: 'an exit in the middle of the plan fails, even with code 0',
    text: `console.log('TAP version 13\\nok 1 a\\n1..2')`,
    last: '1 passed, 1 failed',
    says: '1 assertions of 2 planned'
  },
  {
    name: 'an end without a plan fails',
    text: `console.log('TAP version 13\\nok 1 a')`,
    last: '1 passed, 1 failed',
    says: 'broke off'
  },
  {
    name: 'a file that does not compile fails',
    text: 'const = 1',
    last: '0 passed, 1 failed',
    says: 'exit code 1'
  }
]

for (const { name, text, last, says } of cases) {
  test(name, (t) => {
    const { code, lines } = runOn(text)
    t.equal(lines.at(-1), last, 'the last line counts')
    t.equal(code, last.endsWith(' 0 failed') ? 0 : 1, 'the exit code follows')
    t.ok(lines.join('\n').includes(says), `the output says: ${says}`)
    t.end()
  })
}

test('a hang is ended at the limit', (t) => {
  const { code, lines } = runOn('setInterval(() => {}, 1000)', '--limit', '2')
  t.equal(lines.at(-1), '0 passed, 1 failed')
  t.equal(code, 1)
  t.ok(lines.join('\n').includes('did not end within 2 s'))
  t.end()
})

test('a pattern that matches nothing is no success', (t) => {
  const { code, lines } = runOn('', '--only', 'no-such-file')
  t.equal(code, 1)
  t.equal(lines.at(-1), '0 passed, 0 failed')
  t.end()
})
