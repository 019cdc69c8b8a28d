/** Rewrites the expected texts: runs the test files that compare them, with ANSATZ_UPDATE_GOLDEN=1. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { packageRoot } from '../../runtime/package/root'
import { run } from '../runner/spawn'
import { read } from '../runner/tap'

const root = packageRoot()
const files = (readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' }) as readonly string[])
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => path.join(root, 'test', file))
  .filter((file) => /from '(?:\.\.?\/)+(?:golden\/)?golden'/.test(readFileSync(file, 'utf8')))
  .sort()

process.chdir(root)
process.env['ANSATZ_UPDATE_GOLDEN'] = '1'
for (const file of files) {
  const { passed, failed, failures } = read(await run(file, 600))
  console.log(`${path.relative(root, file)}: ${passed} passed, ${failed} failed`)
  for (const failure of failures) console.log(failure)
  if (failed > 0) process.exitCode = 1
}
