/**
 * Tables of numbers as text: separated by commas, semicolons, or blanks (spaces and tabs, any number of them).
 *
 * One row per line; blank lines and lines beginning with `#` are skipped. The first row says which separator it is.
 */
import * as E from 'fp-ts/Either'
import { type InputError, inputError, line, quote, refuse } from './errors'
import { advance, decimal, excerpt, isBlank, isSpelled, type Lines, lines, NEWLINE } from './scan'
import type { Spot, Table } from './table'

const COMMA = 44
const SEMICOLON = 59
const HASH = 35

/** The separator of the row, or 0 for blanks. */
const separator = (at: Lines): number => {
  let found = 0
  for (let c = at.start; c < at.end; c++) {
    if (at.bytes[c] === SEMICOLON) return SEMICOLON
    if (at.bytes[c] === COMMA) found = COMMA
  }
  return found
}

/** An upper bound of the numbers in the file, so that they are stored once and never moved. */
const capacity = (bytes: Uint8Array): number => {
  let separators = 1
  for (const c of bytes) if (c === COMMA || c === SEMICOLON || c === NEWLINE || isBlank(c)) separators++
  return Math.min(separators, Math.floor(bytes.length / 2) + 1)
}

interface Reading {
  readonly name: string
  readonly at: Lines
  readonly data: Float64Array
  readonly separator: number
  count: number
  rows: number
  columns: number
  nonFinite: Spot | null
}

const HEADER_HINT = 'a table holds numbers only; remove a line of headings or begin it with #'

const bad = (r: Reading, column: number, reason: string): InputError => {
  const hint = r.rows === 0 ? HEADER_HINT : undefined
  return inputError(r.name, line(r.at.number), `row ${r.rows + 1}, column ${column}: ${reason}`, hint)
}

/** Reads `[start, end)` as the next number. */
const field = (r: Reading, column: number, start: number, end: number): InputError | null => {
  const { bytes } = r.at
  if (start === end) return bad(r, column, 'the field is empty')
  const value = decimal(bytes, start, end)
  if (value === undefined) return bad(r, column, `expected a number, found ${quote(excerpt(bytes, start, end))}`)
  if (!Number.isFinite(value)) {
    if (!isSpelled(bytes, start))
      return bad(r, column, `${quote(excerpt(bytes, start, end))} is beyond the range of float64`)
    r.nonFinite ??= { place: line(r.at.number), text: `column ${column}: ${excerpt(bytes, start, end)}` }
  }
  r.data[r.count++] = value
  return null
}

const isEnd = (r: Reading, c: number): boolean =>
  c >= r.at.end || (r.separator === 0 ? isBlank(r.at.bytes[c]!) : r.at.bytes[c] === r.separator)

const row = (r: Reading): InputError | null => {
  const { bytes } = r.at
  let c = r.at.start
  let column = 0
  const last = trimmedEnd(r)
  while (c < last) {
    while (c < last && isBlank(bytes[c]!) && bytes[c] !== r.separator) c++
    const start = c
    while (!isEnd(r, c)) c++
    let end = c
    while (end > start && isBlank(bytes[end - 1]!)) end--
    const failure = field(r, ++column, start, end)
    if (failure !== null) return failure
    c++
    if (c === last && r.separator !== 0) return bad(r, column + 1, 'the field is empty')
  }
  if (r.rows === 0) r.columns = column
  if (column !== r.columns) {
    const reason = `row ${r.rows + 1} has ${column} numbers, but the rows before it have ${r.columns}`
    return inputError(r.name, line(r.at.number), reason)
  }
  r.rows++
  return null
}

/** End of the row without blanks at the end. */
const trimmedEnd = (r: Reading): number => {
  let end = r.at.end
  while (end > r.at.start && isBlank(r.at.bytes[end - 1]!)) end--
  return end
}

/** Reads a table of numbers; `name` is the file's name in messages. */
export const parse = (name: string, bytes: Uint8Array): E.Either<InputError, Table> => {
  const at = lines(bytes)
  if (!advance(at, HASH)) return refuse(name, line(1), 'the file holds no numbers')
  const data = new Float64Array(capacity(bytes))
  const r: Reading = { name, at, data, separator: separator(at), count: 0, rows: 0, columns: 0, nonFinite: null }
  do {
    const failure = row(r)
    if (failure !== null) return E.left(failure)
  } while (advance(at, HASH))
  return E.right({
    _tag: 'Table',
    name,
    rows: r.rows,
    columns: r.columns,
    entries: { _tag: 'Dense', data: data.subarray(0, r.count) },
    symmetry: 'general',
    nonFinite: r.nonFinite,
    notes: []
  })
}
