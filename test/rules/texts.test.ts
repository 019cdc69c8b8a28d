/** No file is too long, and none says what it must not; the rules that say so see what they should. */
import test from 'tape'
import { forbiddenTexts, LONGEST, tooLong } from './texts'
import { texts } from './tree'

const tree = texts()

test('files are short', (t) => {
  t.deepEqual(tooLong(tree), [])
  t.end()
})

test('no file names a machine, a registry, unseeded randomness or its own making', (t) => {
  t.ok(tree.some(({ file }) => file === 'package-lock.json') && tree.some(({ file }) => file === '.ci/run'))
  t.deepEqual(forbiddenTexts(tree), [])
  t.end()
})

test('planted: one line too many', (t) => {
  const long = (lines: number) => [{ file: 'spec/a.ts', text: 'x\n'.repeat(lines) }]
  t.deepEqual(tooLong(long(LONGEST)), [])
  t.equal(tooLong(long(LONGEST + 1)).length, 1)
  t.end()
})

// In pieces, because this file is judged too.
const planted: readonly (readonly [string, readonly string[]])[] = [
  ['spec/a.ts', ["const file = '", '/', "tmp/a.mtx'"]],
  ['docs/tour.md', ['Type `cd ', '/', 'work/main`.']],
  ['docs/tour.md', ['Type `cd ', '/', 'home/ada`.']],
  ['package-lock.json', ['"resolved": ', '"https', '://example.org/a.tgz"']],
  ['README.md', ['npm install --registry https://', 'registry', '.npmjs.org']],
  ['runtime/a.ts', ['const u = Math', '.random()']],
  ['runtime/a.ts', ['export', ' default 1']],
  ['runtime/a.ts', ['// @ts', '-ignore']],
  ['docs/tour.md', ['As issue', ' #2 says']]
]

for (const [file, pieces] of planted) {
  test(`planted in ${file}: ${pieces[0]}...`, (t) => {
    t.equal(forbiddenTexts([{ file, text: `first line\n${pieces.join('')}\n` }]).length, 1)
    t.end()
  })
}

test('what is allowed is not reported', (t) => {
  const innocent = [
    '../shared/matrices',
    'spec/work/plan',
    'a/tmp/b',
    'n / work / 2',
    'an issue with the file',
    '"/usr/lib"'
  ]
  for (const text of innocent) t.deepEqual(forbiddenTexts([{ file: 'runtime/a.ts', text }]), [], text)
  t.end()
})
