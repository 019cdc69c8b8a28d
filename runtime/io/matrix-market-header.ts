/**
 * The two header lines of a Matrix Market file: the banner and the sizes.
 *
 * Source: Boisvert, Pozo, Remington, The Matrix Market Exchange Formats, NISTIR 5935 (1996).
 */
import * as E from 'fp-ts/Either'
import { type InputError, line, quote, refuse } from './errors'
import { advance, excerpt, type Lines, split, text, wholeNumber } from './scan'
import type { Symmetry } from './table'

export const PERCENT = 37

/** Indices are kept in 32 bits. */
export const MAX_SIZE = 2 ** 31 - 1

export interface Banner {
  readonly format: 'coordinate' | 'array'
  readonly field: 'real' | 'integer' | 'pattern'
  readonly symmetry: Symmetry
}

export interface Header extends Banner {
  readonly rows: number
  readonly columns: number
  /** Entries that the file stores: as declared, or for an array as many as its symmetry leaves. */
  readonly stored: number
  readonly notes: readonly string[]
}

const BANNER_HINT = "the first line is like '%%MatrixMarket matrix coordinate real general'"

const fields = (at: Lines): readonly string[] => {
  const offsets = new Int32Array(12)
  const count = Math.min(split(at, offsets), 6)
  return Array.from({ length: count }, (_, k) => excerpt(at.bytes, offsets[2 * k]!, offsets[2 * k + 1]!))
}

const FIELDS: Readonly<Record<string, Banner['field']>> = {
  real: 'real',
  integer: 'integer',
  'unsigned-integer': 'integer',
  pattern: 'pattern'
}

/** Real Hermitian is symmetric; complex Hermitian never comes this far. */
const SYMMETRIES: Readonly<Record<string, Symmetry>> = {
  general: 'general',
  symmetric: 'symmetric',
  'skew-symmetric': 'skew-symmetric',
  hermitian: 'symmetric'
}

const lookup = <A>(names: Readonly<Record<string, A>>, word: string): A | undefined =>
  Object.hasOwn(names, word) ? names[word] : undefined

const banner = (name: string, at: Lines): E.Either<InputError, Banner> => {
  const place = line(at.number)
  const words = fields(at)
  const [, object, format, fieldWord, symmetryWord] = words.map((w) => w.toLowerCase())
  if (words.length !== 5) {
    const found = words.length > 5 ? 'more' : `${words.length}`
    return refuse(name, place, `expected 5 words in the banner, found ${found}`, BANNER_HINT)
  }
  if (object !== 'matrix') {
    return refuse(name, place, `the object is ${quote(words[1]!)}, expected 'matrix'`, 'store a vector as n x 1 matrix')
  }
  if (format !== 'coordinate' && format !== 'array') {
    return refuse(name, place, `the format is ${quote(words[2]!)}, expected 'coordinate' or 'array'`)
  }
  if (fieldWord === 'complex') return refuse(name, place, 'the matrix is complex; only real systems are solved')
  const field = lookup(FIELDS, fieldWord!)
  if (field === undefined) {
    return refuse(name, place, `the field is ${quote(words[3]!)}, expected 'real', 'integer' or 'pattern'`)
  }
  const symmetry = lookup(SYMMETRIES, symmetryWord!)
  if (symmetry === undefined) {
    const expected = "'general', 'symmetric' or 'skew-symmetric'"
    return refuse(name, place, `the symmetry is ${quote(words[4]!)}, expected ${expected}`)
  }
  if (field === 'pattern' && format === 'array') {
    return refuse(name, place, "an 'array' has values, so it cannot be a 'pattern'", "use 'coordinate'")
  }
  if (field === 'pattern' && symmetry === 'skew-symmetric') {
    return refuse(name, place, "a 'pattern' has no signs, so it cannot be 'skew-symmetric'")
  }
  return E.right({ format, field, symmetry })
}

/** How many values an array file holds. */
const storedValues = (rows: number, symmetry: Symmetry): number =>
  symmetry === 'symmetric' ? (rows * (rows + 1)) / 2 : (rows * (rows - 1)) / 2

/** Bytes of the shortest line of an entry: `1 1`, `1 1 1` or `1`, with its end of line. */
const shortestLine = (b: Banner): number => (b.format === 'array' ? 2 : b.field === 'pattern' ? 4 : 6)

const sizes = (name: string, at: Lines, b: Banner, notes: readonly string[]): E.Either<InputError, Header> => {
  const place = line(at.number)
  const names = b.format === 'coordinate' ? ['rows', 'columns', 'entries'] : ['rows', 'columns']
  const offsets = new Int32Array(6)
  const count = split(at, offsets)
  if (count !== names.length) {
    const shown = quote(excerpt(at.bytes, at.start, at.end))
    return refuse(name, place, `expected the ${names.length} sizes '${names.join(' ')}', found ${count} in ${shown}`)
  }
  const values: number[] = []
  for (const [k, what] of names.entries()) {
    const [start, end] = [offsets[2 * k]!, offsets[2 * k + 1]!]
    const value = wholeNumber(at.bytes, start, end)
    const shown = quote(excerpt(at.bytes, start, end))
    if (value === undefined) return refuse(name, place, `the number of ${what} is ${shown}, expected a whole number`)
    if (value < 0) return refuse(name, place, `the number of ${what} is negative: ${shown}`)
    if (value > MAX_SIZE) return refuse(name, place, `the number of ${what} is ${shown}, above ${MAX_SIZE}`)
    values.push(value)
  }
  const [rows, columns] = [values[0]!, values[1]!]
  const size = `${rows} x ${columns}`
  if (b.symmetry !== 'general' && rows !== columns) {
    return refuse(name, place, `a ${b.symmetry} matrix is square, but the sizes are ${size}`)
  }
  const stored = values[2] ?? (b.symmetry === 'general' ? rows * columns : storedValues(rows, b.symmetry))
  if (stored > 0 && rows * columns === 0) {
    return refuse(name, place, `${stored} entries are declared, but a matrix of ${size} has none`)
  }
  const left = Math.max(0, at.bytes.length - at.next)
  if (stored * shortestLine(b) > left + 1) {
    const verb = b.format === 'coordinate' ? 'are declared' : `belong to ${size}`
    return refuse(name, place, `${stored} entries ${verb}, but only ${left} bytes follow`, 'is the file cut off?')
  }
  return E.right({ ...b, rows, columns, stored, notes })
}

const BANNERLESS: Readonly<Record<number, Banner['format']>> = { 2: 'array', 3: 'coordinate' }

/** Without a banner, two whole numbers begin an array and three a coordinate list, both real and general (LAGraph). */
const bannerless = (name: string, at: Lines): E.Either<InputError, Banner> => {
  const words = fields(at)
  const format = words.every((w) => w.length < 20 && Number.isInteger(Number(w))) ? BANNERLESS[words.length] : undefined
  return format === undefined
    ? refuse(name, line(at.number), `no banner: found ${quote(words.join(' '))}`, BANNER_HINT)
    : E.right({ format, field: 'real', symmetry: 'general' })
}

/** Reads both header lines; afterwards `at` stands on the line of the sizes. */
export const header = (name: string, at: Lines): E.Either<InputError, Header> => {
  const none = 0 // a byte that begins no line of text: the banner itself begins with '%'
  if (!advance(at, none)) return refuse(name, line(1), 'the file is empty', BANNER_HINT)
  const first = text(at.bytes, at.start, Math.min(at.end, at.start + 14))
  if (first.toLowerCase() === '%%matrixmarket') {
    const parsed = banner(name, at)
    if (E.isLeft(parsed)) return parsed
    const last = at.number
    if (advance(at, PERCENT)) return sizes(name, at, parsed.right, [])
    return refuse(name, line(Math.max(last, at.number)), 'the file ends before the line of the sizes')
  }
  if (at.bytes[at.start] === PERCENT) {
    return refuse(name, line(at.number), `the banner is ${quote(excerpt(at.bytes, at.start, at.end))}`, BANNER_HINT)
  }
  const parsed = bannerless(name, at)
  if (E.isLeft(parsed)) return parsed
  const note = `${name}:${at.number}: no banner, so it was read as 'matrix ${parsed.right.format} real general'`
  return sizes(name, at, parsed.right, [note])
}
