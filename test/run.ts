/**
 * Runs every test file, each in a process of its own, and ends with `N passed, N failed`.
 *
 *     npm test                          all of them
 *     npm test -- --only linalg         the files whose path matches the regular expression
 *     npm test -- --jobs 4 --limit 60   four at a time, one minute each
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '../runtime/package/root'
import { run } from './runner/spawn'
import { read } from './runner/tap'

const root = packageRoot()

const usage = 'usage: npm test -- [--only PATTERN] [--jobs N] [--limit SECONDS] [--list]'

const options = {
  only: { type: 'string', default: '.' },
  jobs: { type: 'string', default: '2' },
  limit: { type: 'string', default: '1800' },
  folder: { type: 'string', default: 'test' },
  list: { type: 'boolean', default: false }
} as const

interface Settings {
  readonly only: RegExp
  readonly jobs: number
  readonly limit: number
  readonly folder: string
  readonly list: boolean
}

const count = (name: string, text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`--${name} expects a whole number above 0, got ${text}`)
  return value
}

/** The settings, or the sentence that says what is wrong with them. */
const settings = (args: readonly string[]): Settings | string => {
  try {
    const { values } = parseArgs({ args: [...args], options })
    const { only, jobs, limit, folder, list } = values
    return { only: new RegExp(only), jobs: count('jobs', jobs), limit: count('limit', limit), folder, list }
  } catch (cause) {
    return `${cause instanceof Error ? cause.message : String(cause)}\n${usage}`
  }
}

const testFiles = (folder: string): readonly string[] =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file.replaceAll(path.sep, '/')}`)
    .sort()

const main = async ({ only, jobs, limit, folder, list }: Settings): Promise<number> => {
  const files = testFiles(folder).filter((file) => only.test(file))
  if (list) {
    console.log(files.join('\n'))
    return 0
  }
  if (files.length === 0) {
    console.log(`no test file in ${folder}/ matches ${only.source}\n0 passed, 0 failed`)
    return 1
  }
  const width = Math.max(...files.map((file) => file.length))
  let [passed, failed, next] = [0, 0, 0]
  const work = async (): Promise<void> => {
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      const ending = await run(path.join(root, file), limit)
      const outcome = read(ending)
      passed += outcome.passed
      failed += outcome.failed
      const figures = `${String(outcome.passed).padStart(6)} passed ${ending.seconds.toFixed(1).padStart(7)} s`
      const verdict = outcome.failed === 0 ? 'ok  ' : 'FAIL'
      console.log(
        `${verdict} ${file.padEnd(width)} ${figures}${outcome.failed > 0 ? `  ${outcome.failed} failed` : ''}`
      )
      for (const skip of outcome.skips) console.log(`       skipped  ${skip}`)
      for (const failure of outcome.failures) console.log(`\n  ${failure.trimEnd().replaceAll('\n', '\n  ')}\n`)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 || passed === 0 ? 1 : 0
}

process.chdir(root)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const chosen = settings(process.argv.slice(2))
if (typeof chosen === 'string') {
  console.error(chosen)
  process.exitCode = 2
} else {
  process.exitCode = await main(chosen)
}
