/**
 * Expected texts in files. `ANSATZ_UPDATE_GOLDEN=1` rewrites them instead of comparing.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tape'

export const updating = process.env['ANSATZ_UPDATE_GOLDEN'] === '1'

/** Claims that a text is the one in `test/golden/NAME.txt`; `name` may hold slashes. */
export const golden = (t: Test, name: string, text: string): void => {
  const file = fileURLToPath(new URL(`./${name}.txt`, import.meta.url))
  const ended = text.endsWith('\n') ? text : `${text}\n`
  if (updating) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, ended)
    t.pass(`${name}: rewritten`)
    return
  }
  if (!existsSync(file)) {
    t.fail(`${name}: no expected text; write it with ANSATZ_UPDATE_GOLDEN=1`)
    return
  }
  t.equal(ended, readFileSync(file, 'utf8'), `${name}: the expected text`)
}
