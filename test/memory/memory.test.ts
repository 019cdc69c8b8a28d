/** Memory: as much as was predicted, none lost from call to call, and a bound on a large batch; each in a process of its own. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import test from 'tape'
import { packageRoot } from '../../runtime/package/root'

const megabyte = 2 ** 20

const measured = (what: string): Readonly<Record<string, number>> => {
  const file = path.join(packageRoot(), 'test/memory/child.ts')
  const ran = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', file, what], {
    cwd: packageRoot(),
    encoding: 'utf8',
    timeout: 600_000
  })
  if (ran.status !== 0) throw new Error(`internal: measuring ${what}: ${ran.stderr}`)
  return JSON.parse(ran.stdout) as Readonly<Record<string, number>>
}

const show = (bytes: number): string => `${(bytes / megabyte).toFixed(1)} MB`

test('a program takes the memory that its plan predicts', (t) => {
  const { predicted, grown } = measured('peak') as { readonly predicted: number; readonly grown: number }
  t.ok(grown <= 1.2 * predicted, `${show(grown)} at most 1.2 times the ${show(predicted)} predicted`)
  t.ok(grown >= 0.5 * predicted, 'which it really needs')
  t.end()
})

for (const [what, name] of [
  ['calls', 'calls of a compiled program'],
  ['solves', 'systems solved one by one']
] as const) {
  test(`10,000 ${name} leave nothing behind`, (t) => {
    const { before, after } = measured(what) as { readonly before: number; readonly after: number }
    const grown = after - before
    // Optimised code and inline caches grow a little; the smallest array left by every call would be two megabytes.
    t.ok(grown < megabyte, `${show(before)} in use, then ${show(after)}`)
    t.end()
  })
}

test('a dataset takes no more memory however many systems it has', (t) => {
  const { before, after, bytes } = measured('dataset') as Readonly<Record<'before' | 'after' | 'bytes', number>>
  t.ok(after - before < bytes / 8, `${show(before)} at most, then ${show(after)} for an A.npy of ${show(bytes)}`)
  t.end()
})

test('10,000 systems of 64 unknowns in one call take less than 1.5 GB', (t) => {
  const { certified, most } = measured('batch') as { readonly certified: number; readonly most: number }
  t.equal(certified, 10_000, 'all certified')
  t.ok(most < 1.5e9, `${show(most)} at most in the process, of which A takes ${show(8 * 10_000 * 64 * 64)}`)
  t.end()
})
