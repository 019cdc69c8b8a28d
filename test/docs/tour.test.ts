/** The tour runs, and prints what the page says; ANSATZ_UPDATE_GOLDEN=1 writes what it prints into the page. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'tape'

import { updating } from '../golden/golden'
import { masked, root, run, withOutputs } from './blocks'

test('docs/tour.md', (t) => {
  const file = path.join(root, 'docs/tour.md')
  const page = readFileSync(file, 'utf8')
  const outputs = run(page)
  if (typeof outputs === 'string') {
    t.fail(outputs)
    return t.end()
  }
  const fresh = withOutputs(page, outputs)
  if (updating) writeFileSync(file, fresh)
  t.ok(outputs.length >= 8, `${outputs.length} blocks run`)
  const [shown, printed] = [masked(updating ? fresh : page).split('\n'), masked(fresh).split('\n')]
  const at = shown.findIndex((line, k) => line !== printed[k])
  t.equal(at, -1, at < 0 ? 'the page shows what they print' : `line ${at + 1}: "${shown[at]}", but "${printed[at]}"`)
  t.equal(shown.length, printed.length, 'no more and no less')
  t.ok(fresh.includes('status certified'), 'its answer is certified')
  t.end()
})
