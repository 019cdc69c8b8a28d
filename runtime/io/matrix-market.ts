/**
 * Matrix Market files (`.mtx`), coordinate and array, read in one pass over the bytes.
 *
 * One entry per line; blank lines and lines beginning with `%` may stand anywhere after the banner. Entries of a
 * coordinate file with equal indices are summed, as scipy does. A pattern entry has the value 1. A decimal number is
 * rounded to the nearest float64; a whole number that is not exact there, and a number that becomes 0, leave a note.
 *
 * Source: Boisvert, Pozo, Remington, The Matrix Market Exchange Formats, NISTIR 5935 (1996).
 */
import * as E from 'fp-ts/Either'
import { type InputError, inputError, line, quote, refuse } from './errors'
import { type Header, header, PERCENT } from './matrix-market-header'
import { advance, decimal, excerpt, isSpelled, type Lines, lines, split, text, underflowed, wholeNumber } from './scan'
import type { Dense, Spot, Table, Triplets } from './table'

/** What one file has told so far; mutable, and local to one call of `parse`. */
interface Reading {
  readonly name: string
  readonly at: Lines
  readonly header: Header
  readonly offsets: Int32Array
  nonFinite: Spot | null
  rounded: string | null
  failure: InputError | null
}

const fail = (r: Reading, reason: string, hint?: string): undefined => {
  r.failure = inputError(r.name, line(r.at.number), reason, hint)
  return undefined
}

const shown = (r: Reading, field: number): string =>
  quote(excerpt(r.at.bytes, r.offsets[2 * field]!, r.offsets[2 * field + 1]!))

// --- one entry -------------------------------------------------------------------------------------------------------

/** Moves to the next entry, which has `count` fields; false after a failure. */
const entry = (r: Reading, index: number, count: number): boolean => {
  if (!advance(r.at, PERCENT)) {
    fail(r, `the file ends after ${index} of ${r.header.stored} entries`, 'is the file cut off?')
    return false
  }
  const found = split(r.at, r.offsets)
  if (found === count) return true
  const expected = count === 1 ? 'one value' : count === 2 ? "'row column'" : "'row column value'"
  fail(r, `expected ${expected}, found ${quote(excerpt(r.at.bytes, r.at.start, r.at.end))}`)
  return false
}

/** The zero-based index in the given field. */
const index = (r: Reading, field: number, size: number, what: string): number | undefined => {
  const value = wholeNumber(r.at.bytes, r.offsets[2 * field]!, r.offsets[2 * field + 1]!)
  if (value === undefined) return fail(r, `the ${what} index is ${shown(r, field)}, expected a whole number`)
  if (value >= 1 && value <= size) return value - 1
  const hint = value === 0 ? 'Matrix Market indices begin at 1' : undefined
  return fail(r, `the ${what} index is ${shown(r, field)}, outside 1..${size}`, hint)
}

const round = (r: Reading, field: number, value: number): void => {
  r.rounded ??= `${r.name}:${r.at.number}: ${shown(r, field)} was rounded to ${value}, the nearest float64`
}

/** The value in the given field: a float64, or NaN or an infinity if the file says so in words. */
const value = (r: Reading, field: number): number | undefined => {
  const { bytes, number } = r.at
  const start = r.offsets[2 * field]!
  const end = r.offsets[2 * field + 1]!
  if (r.header.field === 'integer') {
    const whole = wholeNumber(bytes, start, end)
    if (whole === undefined) return fail(r, `the value is ${shown(r, field)}, but the banner says 'integer'`)
    if (!Number.isFinite(whole)) return fail(r, `the value ${shown(r, field)} is beyond the range of float64`)
    const exact = Number.isSafeInteger(whole) || BigInt(text(bytes, start, end).replace('+', '')) === BigInt(whole)
    if (!exact) round(r, field, whole)
    return whole
  }
  const real = decimal(bytes, start, end)
  if (real === undefined) return fail(r, `the value is ${shown(r, field)}, expected a number`)
  if (!Number.isFinite(real)) {
    if (!isSpelled(bytes, start)) return fail(r, `the value ${shown(r, field)} is beyond the range of float64`)
    r.nonFinite ??= { place: line(number), text: excerpt(bytes, start, end) }
  } else if (real === 0 && underflowed(bytes, start, end)) round(r, field, real)
  return real
}

// --- all entries -----------------------------------------------------------------------------------------------------

const triplets = (r: Reading): Triplets | undefined => {
  const { stored, rows, columns, field, symmetry } = r.header
  const row = new Int32Array(stored)
  const column = new Int32Array(stored)
  const values = new Float64Array(stored)
  let triangle = 0 // the sign of row - column of the first entry off the diagonal
  for (let e = 0; e < stored; e++) {
    if (!entry(r, e, field === 'pattern' ? 2 : 3)) return undefined
    const i = index(r, 0, rows, 'row')
    if (i === undefined) return undefined
    const k = index(r, 1, columns, 'column')
    if (k === undefined) return undefined
    const v = field === 'pattern' ? 1 : value(r, 2)
    if (v === undefined) return undefined
    if (symmetry !== 'general') {
      const side = Math.sign(i - k)
      if (triangle === 0) triangle = side
      if (side !== 0 && side !== triangle) {
        return fail(r, `entry (${i + 1}, ${k + 1}) lies in the other triangle than those before it`, oneTriangle(r))
      }
      if (side === 0 && v !== 0 && symmetry === 'skew-symmetric') {
        return fail(r, `the diagonal of a skew-symmetric matrix is 0, but entry (${i + 1}, ${k + 1}) is ${shown(r, 2)}`)
      }
    }
    row[e] = i
    column[e] = k
    values[e] = v
  }
  return { _tag: 'Triplets', row, column, value: values }
}

const oneTriangle = (r: Reading): string => `a ${r.header.symmetry} file stores one triangle`

/** Values come column by column; of a symmetric array the lower triangle, of a skew-symmetric one below the diagonal. */
const array = (r: Reading): Dense | undefined => {
  const { stored, rows, columns, symmetry } = r.header
  const data = new Float64Array(rows * columns)
  const first = (k: number): number => (symmetry === 'general' ? 0 : symmetry === 'symmetric' ? k : k + 1)
  let i = first(0)
  let k = 0
  for (let e = 0; e < stored; e++) {
    if (!entry(r, e, 1)) return undefined
    const v = value(r, 0)
    if (v === undefined) return undefined
    while (i >= rows) i = first(++k)
    data[i * columns + k] = v
    if (symmetry !== 'general') data[k * columns + i] = symmetry === 'symmetric' ? v : -v
    i++
  }
  return { _tag: 'Dense', data }
}

/** Reads a Matrix Market file; `name` is the file's name in messages. */
export const parse = (name: string, bytes: Uint8Array): E.Either<InputError, Table> => {
  const at = lines(bytes)
  const head = header(name, at)
  if (E.isLeft(head)) return head
  const { rows, columns, symmetry, stored, notes } = head.right
  const offsets = new Int32Array(6)
  const r: Reading = { name, at, header: head.right, offsets, nonFinite: null, rounded: null, failure: null }
  const entries = head.right.format === 'coordinate' ? triplets(r) : array(r)
  if (r.failure !== null) return E.left(r.failure)
  if (entries === undefined) throw new Error('internal: entries without a failure')
  if (advance(at, PERCENT)) {
    return refuse(name, line(at.number), `a line follows the last of ${stored} entries: ${quote(lineText(at))}`)
  }
  return E.right({
    _tag: 'Table',
    name,
    rows,
    columns,
    entries,
    symmetry,
    nonFinite: r.nonFinite,
    notes: r.rounded === null ? notes : [...notes, r.rounded]
  })
}

const lineText = (at: Lines): string => excerpt(at.bytes, at.start, at.end)
