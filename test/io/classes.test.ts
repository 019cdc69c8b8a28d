/** Every foreign file of ../shared/matrices is treated as its SOURCES.tsv says. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import test from 'tape'
import { type InputError, show } from '../../runtime/io/errors'
import * as matrixMarket from '../../runtime/io/matrix-market'
import { parseArray } from '../../runtime/io/read'
import { type SystemFile, system } from '../../runtime/io/system'
import { shipped } from '../../runtime/package/root'

const ROOT = shipped('..', 'shared', 'matrices')
const LIMIT = { maxDenseBytes: 2e8 }

interface Source {
  readonly file: string
  readonly n: string
  readonly nnz: string
  readonly expect: string
}

/** The verdict that a file must get: refused by the parser, parsed, made a system, refused on the way, or either. */
type Verdict = 'must reject' | 'parse' | 'solve' | 'reject' | 'either'

const VERDICTS: readonly (readonly [string, Verdict])[] = [
  ['must reject', 'must reject'],
  ['parse; reject as non-square', 'reject'],
  ['parse or reject', 'either'],
  ['parse', 'parse'],
  ['solve', 'solve'],
  ['numerically singular', 'solve'],
  ['singular', 'solve'],
  ['right-hand side', 'parse'],
  ['see upstream test', 'parse'],
  ['pattern', 'solve'],
  ['value overflows f64', 'must reject'],
  ['entry (1,1) is nan', 'reject'],
  ['reject: not square / empty', 'reject'],
  ['reject with reason, or parse', 'either'],
  ['reject: object dtype', 'must reject'],
  ['reject', 'must reject'],
  ['invalid JSON', 'must reject'],
  ['valid JSON (not a system', 'reject'],
  ['banner says integer', 'reject'],
  ['implementation-defined', 'either'],
  ['accept or reject', 'either'],
  ['either', 'either'],
  ['upstream', 'either'],
  ['complex', 'either'],
  ['0-based complex', 'either']
]

/** Reasons for which a file of the class 'parse' may be refused, as SOURCES.tsv and our formats allow. */
const ALLOWED = [
  'the matrix is complex',
  "the object is 'vector'",
  'the dtype is',
  'is an archive',
  'beyond the range of float64'
]

const sources = (): readonly Source[] =>
  readFileSync(path.join(ROOT, 'SOURCES.tsv'), 'utf8')
    .split('\n')
    .slice(1)
    .filter((row) => row !== '')
    .map((row) => {
      const cells = row.split('\t')
      return { file: cells[0]!, n: cells[6]!, nnz: cells[7]!, expect: cells[11]! }
    })

const name = (file: string): string => path.basename(file)

/** One sentence that names file, line or byte, and a reason. */
const isComplete = (file: string, e: InputError): boolean =>
  e.file === name(file) && /^(line|byte) \d+$/.test(e.place ?? '') && e.reason.length > 8 && show(e).includes(e.reason)

const read = (file: string) => {
  const parsed = parseArray(name(file), readFileSync(path.join(ROOT, file)))
  const solved: E.Either<InputError, SystemFile> = E.isLeft(parsed)
    ? parsed
    : system(parsed.right.name, parsed.right.A, parsed.right.b, LIMIT)
  return { parsed, solved }
}

const nonzeros = (s: SystemFile): number => s.A.reduce((count, v) => count + (v === 0 ? 0 : 1), 0)

test('every foreign file gets the verdict that its source says', (t) => {
  if (!existsSync(path.join(ROOT, 'SOURCES.tsv'))) {
    t.comment('SKIPPED: the folder ../shared/matrices is absent')
    t.end()
    return
  }
  const counts: Record<string, [number, number]> = {}
  const exceptions: string[] = []
  for (const source of sources()) {
    const verdict = VERDICTS.find(([prefix]) => source.expect.startsWith(prefix))?.[1]
    if (verdict === undefined) {
      t.fail(`${source.file}: no verdict for '${source.expect}'`)
      continue
    }
    const { parsed, solved } = read(source.file)
    const count = (counts[verdict] ??= [0, 0])
    const accepted = verdict === 'solve' || verdict === 'reject' ? E.isRight(solved) : E.isRight(parsed)
    count[accepted ? 0 : 1]++
    const why = E.isLeft(parsed) ? show(parsed.left) : E.isLeft(solved) ? show(solved.left) : 'accepted'
    if (verdict === 'must reject' && !(E.isLeft(parsed) && isComplete(source.file, parsed.left))) {
      t.fail(`${source.file} must be refused with line or byte: ${why}`)
    }
    if (verdict === 'reject' && E.isRight(solved)) t.fail(`${source.file} must be refused: ${why}`)
    if (verdict === 'solve' && E.isLeft(solved)) t.fail(`${source.file} must give a system: ${why}`)
    if (verdict === 'parse' && E.isLeft(parsed)) {
      if (ALLOWED.some((reason) => parsed.left.reason.includes(reason))) exceptions.push(why)
      else t.fail(`${source.file} must parse: ${why}`)
    }
    if (E.isLeft(parsed) && !isComplete(source.file, parsed.left)) t.fail(`no place or reason: ${why}`)
    if (verdict === 'solve' && E.isRight(solved) && source.n !== '') {
      t.equal(solved.right.n, Number(source.n), `${source.file}: n = ${source.n}`)
      if (nonzeros(solved.right) > Number(source.nnz)) {
        t.fail(`${source.file}: ${nonzeros(solved.right)} nonzeros, at most ${source.nnz} expected`)
      }
    }
  }
  for (const [verdict, [accepted, refused]] of Object.entries(counts)) {
    t.comment(`${verdict}: ${accepted} accepted, ${refused} refused`)
  }
  for (const why of exceptions) t.comment(`refused though of class 'parse': ${why}`)
  t.end()
})

test('malformed Matrix Market files are refused with a line whatever they are called', (t) => {
  if (!existsSync(path.join(ROOT, 'SOURCES.tsv'))) {
    t.comment('SKIPPED: the folder ../shared/matrices is absent')
    t.end()
    return
  }
  for (const { file } of sources().filter((s) => s.expect.startsWith('must reject'))) {
    const parsed = matrixMarket.parse(name(file), readFileSync(path.join(ROOT, file)))
    t.ok(E.isLeft(parsed) && isComplete(file, parsed.left), E.isLeft(parsed) ? show(parsed.left) : file)
  }
  t.end()
})
