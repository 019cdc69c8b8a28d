/**
 * Systems as JSON: `{"A": [[2, 1], [1, 3]], "b": [3, 4]}`, batches with `A` of rank 3 and `b` of rank 2, or an array alone.
 *
 * Read by hand rather than by `JSON.parse`: it needs at most eight bytes per number, cannot overflow the stack, and
 * names the line and the entry. Keys other than `A` and `b` are refused, and so is every key that comes twice.
 *
 * Source: RFC 8259.
 */
import * as E from 'fp-ts/Either'
import { type InputError, inputError, line, quote } from './errors'
import { decimal, excerpt, markLength, text } from './scan'
import type { NdTable } from './table'

/** What a JSON file holds: `b` is null where the file gives none. */
export interface JsonSystem {
  readonly _tag: 'JsonSystem'
  readonly A: NdTable
  readonly b: NdTable | null
}

const MAX_RANK = 3
const LONGEST_KEY = 64

/** Progress through one file; mutable, and local to one call of `parse`. */
interface Cursor {
  readonly name: string
  readonly bytes: Uint8Array
  readonly data: Float64Array
  at: number
  line: number
  count: number
}

/** An array so far: the size of each axis, -1 while unknown; `index` is where the cursor stands. */
interface Axes {
  readonly path: string
  readonly sizes: number[]
  readonly index: number[]
  leafDepth: number
}

type Failure = InputError | null

const fail = (c: Cursor, reason: string, hint?: string): InputError => inputError(c.name, line(c.line), reason, hint)

const pathOf = (a: Axes): string => `${a.path}${a.index.map((i) => `[${i}]`).join('')}`

const skipBlank = (c: Cursor): void => {
  for (; c.at < c.bytes.length; c.at++) {
    const b = c.bytes[c.at]
    if (b === 10) c.line++
    else if (b !== 32 && b !== 9 && b !== 13) return
  }
}

const char = (c: Cursor): string => (c.at < c.bytes.length ? String.fromCharCode(c.bytes[c.at]!) : '')

const found = (c: Cursor): string =>
  c.at < c.bytes.length ? `found ${quote(excerpt(c.bytes, c.at, c.at + 12))}` : 'the file ends'

const KINDS: Readonly<Record<string, string>> = {
  '{': 'an object',
  '[': 'an array',
  '"': 'a string',
  t: 'true',
  f: 'false',
  n: 'null'
}

// --- numbers ---------------------------------------------------------------------------------------------------------

const isDigit = (b: number | undefined): boolean => b !== undefined && b >= 48 && b <= 57

const digitsEnd = (bytes: Uint8Array, start: number): number => {
  let at = start
  while (isDigit(bytes[at])) at++
  return at
}

/** The end of a number by JSON's grammar, or -1: no leading `+` or `0`, digits on both sides of the point. */
const numberEnd = (bytes: Uint8Array, start: number): number => {
  const whole = bytes[start] === 45 ? start + 1 : start
  let at = bytes[whole] === 48 ? whole + 1 : digitsEnd(bytes, whole)
  if (at === whole) return -1
  if (bytes[at] === 46) {
    const point = at
    at = digitsEnd(bytes, point + 1)
    if (at === point + 1) return -1
  }
  if (bytes[at] === 101 || bytes[at] === 69) {
    const sign = bytes[at + 1] === 43 || bytes[at + 1] === 45 ? 1 : 0
    const exponent = at + 1 + sign
    at = digitsEnd(bytes, exponent)
    if (at === exponent) return -1
  }
  return at
}

const shown = (c: Cursor, end: number): string => quote(excerpt(c.bytes, c.at, end))

const number = (c: Cursor, a: Axes): Failure => {
  const end = numberEnd(c.bytes, c.at)
  if (end < 0) {
    const kind = KINDS[char(c)]
    return fail(c, `${pathOf(a)}: expected a number, ${kind === undefined ? found(c) : `found ${kind}`}`)
  }
  const value = decimal(c.bytes, c.at, end)
  if (value === undefined) return fail(c, `${pathOf(a)}: the number ${shown(c, end)} is too long`)
  if (!Number.isFinite(value)) return fail(c, `${pathOf(a)}: ${shown(c, end)} is beyond the range of float64`)
  c.data[c.count++] = value
  c.at = end
  return null
}

// --- arrays ----------------------------------------------------------------------------------------------------------

const open = (c: Cursor, a: Axes): Failure => {
  if (a.leafDepth === a.index.length && a.leafDepth > 0)
    return fail(c, `${pathOf(a)}: expected a number, found an array`)
  if (a.index.length === MAX_RANK) return fail(c, `${pathOf(a)}: arrays are nested more than ${MAX_RANK} deep`)
  c.at++
  skipBlank(c)
  if (char(c) === ']') return fail(c, `${pathOf(a)}: the array is empty`)
  a.index.push(0)
  if (a.sizes.length < a.index.length) a.sizes.push(-1)
  return null
}

const close = (c: Cursor, a: Axes): Failure => {
  const size = a.index.pop()! + 1
  const depth = a.index.length
  const expected = a.sizes[depth]!
  if (expected >= 0 && size !== expected) {
    return fail(c, `${pathOf(a)} has ${size} entries, but those before it have ${expected}`)
  }
  a.sizes[depth] = size
  c.at++
  return null
}

const element = (c: Cursor, a: Axes): Failure => {
  if (char(c) === '[') return open(c, a)
  if (a.leafDepth === 0) a.leafDepth = a.index.length
  if (a.leafDepth !== a.index.length) return fail(c, `${pathOf(a)}: expected an array, ${found(c)}`)
  return number(c, a)
}

/** After an element: closes the arrays that end here and steps over a comma. */
const next = (c: Cursor, a: Axes): Failure => {
  for (;;) {
    skipBlank(c)
    if (char(c) === ',') {
      c.at++
      a.index[a.index.length - 1]!++
      skipBlank(c)
      return null
    }
    if (char(c) !== ']') return fail(c, `after ${pathOf(a)}: expected ',' or ']', ${found(c)}`)
    const failure = close(c, a)
    if (failure !== null || a.index.length === 0) return failure
  }
}

const array = (c: Cursor, path: string): E.Either<InputError, NdTable> => {
  const a: Axes = { path, sizes: [], index: [], leafDepth: 0 }
  const start = c.count
  if (char(c) !== '[') return E.left(fail(c, `${path}: expected an array of numbers, ${KINDS[char(c)] ?? found(c)}`))
  let failure = open(c, a)
  while (failure === null && a.index.length > 0) {
    const opened = char(c) === '['
    failure = element(c, a)
    if (failure === null && !opened) failure = next(c, a)
  }
  if (failure !== null) return E.left(failure)
  const data = c.data.subarray(start, c.count)
  return E.right({ _tag: 'NdTable', name: c.name, shape: a.sizes, data, nonFinite: null, notes: [] })
}

// --- objects ---------------------------------------------------------------------------------------------------------

const EXPECTED = 'expected {"A": [[...]], "b": [...]} or an array [[...]]'

const key = (c: Cursor): E.Either<InputError, string> => {
  if (char(c) !== '"') return E.left(fail(c, `expected a key in double quotes, ${found(c)}`))
  let end = c.at + 1
  while (end < c.bytes.length && end - c.at < LONGEST_KEY && c.bytes[end] !== 34 && c.bytes[end] !== 10) end++
  const word = text(c.bytes, c.at + 1, end)
  if (c.bytes[end] !== 34 || (word !== 'A' && word !== 'b')) {
    return E.left(fail(c, `the key ${quote(word)} is not known`, EXPECTED))
  }
  c.at = end + 1
  return E.right(word)
}

const object = (c: Cursor): E.Either<InputError, JsonSystem> => {
  let A: NdTable | null = null
  let b: NdTable | null = null
  c.at++
  skipBlank(c)
  if (char(c) === '}') return E.left(fail(c, 'the object is empty', EXPECTED))
  for (;;) {
    const word = key(c)
    if (E.isLeft(word)) return word
    if ((word.right === 'A' ? A : b) !== null) return E.left(fail(c, `the key '${word.right}' comes twice`))
    skipBlank(c)
    if (char(c) !== ':') return E.left(fail(c, `expected ':' after the key '${word.right}', ${found(c)}`))
    c.at++
    skipBlank(c)
    const value = array(c, word.right)
    if (E.isLeft(value)) return value
    if (word.right === 'A') A = value.right
    else b = value.right
    skipBlank(c)
    if (char(c) === '}') break
    if (char(c) !== ',') return E.left(fail(c, `expected ',' or '}' after '${word.right}', ${found(c)}`))
    c.at++
    skipBlank(c)
  }
  c.at++
  return A === null ? E.left(fail(c, "the key 'A' is missing", EXPECTED)) : E.right({ _tag: 'JsonSystem', A, b })
}

/** An upper bound of the numbers in the file: commas separate them all. */
const capacity = (bytes: Uint8Array): number => {
  let commas = 1
  for (const c of bytes) if (c === 44) commas++
  return Math.min(commas, Math.floor(bytes.length / 2) + 1)
}

/** Reads a system or an array; `name` is the file's name in messages. */
export const parse = (name: string, bytes: Uint8Array): E.Either<InputError, JsonSystem> => {
  const data = new Float64Array(capacity(bytes))
  const c: Cursor = { name, bytes, data, at: markLength(bytes), line: 1, count: 0 }
  skipBlank(c)
  const first = char(c)
  if (first === '') return E.left(fail(c, 'the file is empty', EXPECTED))
  if (first !== '{' && first !== '[') {
    return E.left(fail(c, `not a system: found ${KINDS[first] ?? quote(excerpt(bytes, c.at, c.at + 12))}`, EXPECTED))
  }
  const parsed =
    first === '{' ? object(c) : E.map((A: NdTable): JsonSystem => ({ _tag: 'JsonSystem', A, b: null }))(array(c, 'A'))
  if (E.isLeft(parsed)) return parsed
  skipBlank(c)
  return c.at < bytes.length ? E.left(fail(c, `expected the end of the file, ${found(c)}`)) : parsed
}
