/**
 * The header of a `.npy` file: magic, version, and three keys of a Python dictionary, read without evaluating it.
 *
 * Source: NEP 1, A Simple File Format for NumPy Arrays; versions 1, 2 and 3.
 */
import * as E from 'fp-ts/Either'
import { byte, type InputError, quote, refuse } from './errors'
import { excerpt, text } from './scan'

/** `descr` such as `<f8`, written at byte `descrAt`; `start` is the byte where the data begins. */
export interface NpyHeader {
  readonly descr: string
  readonly descrAt: number
  readonly fortranOrder: boolean
  readonly shape: readonly number[]
  readonly start: number
}

const MAX_HEADER = 65536
const MAX_RANK = 32
const MAGIC = '\x93NUMPY'

/** One token of the dictionary and the byte where it begins. */
interface Token {
  readonly kind: 'string' | 'word' | 'mark'
  readonly text: string
  readonly at: number
}

const isWordByte = (c: number): boolean => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)

const tokens = (name: string, bytes: Uint8Array, start: number, end: number): E.Either<InputError, Token[]> => {
  const found: Token[] = []
  let at = start
  while (at < end) {
    const c = bytes[at]!
    const from = at
    if (c === 32 || c === 10) {
      at++
    } else if (c === 39 || c === 34) {
      do at++
      while (at < end && bytes[at] !== c && bytes[at] !== 92)
      if (at >= end || bytes[at] === 92) return refuse(name, byte(at), 'a string of the header does not end')
      found.push({ kind: 'string', text: text(bytes, from + 1, at++), at: from })
    } else if (isWordByte(c)) {
      while (at < end && isWordByte(bytes[at]!)) at++
      found.push({ kind: 'word', text: text(bytes, from, at), at: from })
    } else {
      found.push({ kind: 'mark', text: String.fromCharCode(c), at: at++ })
    }
  }
  return E.right(found)
}

/** A walk over the tokens: `take` gives the next one, or a token of no kind at the end. */
interface Walk {
  readonly name: string
  readonly list: readonly Token[]
  readonly end: number
  next: number
}

const take = (w: Walk): Token => w.list[w.next++] ?? { kind: 'mark', text: '', at: w.end }
const peek = (w: Walk): string => w.list[w.next]?.text ?? ''

const unexpected = (w: Walk, t: Token, expected: string): E.Either<InputError, never> =>
  refuse(w.name, byte(t.at), `expected ${expected} in the header, found ${t.text === '' ? 'its end' : quote(t.text)}`)

const size = (t: Token): number | undefined => {
  const digits = t.text.endsWith('L') ? t.text.slice(0, -1) : t.text
  const value = t.kind === 'word' && digits.length > 0 && digits.length <= 15 ? Number(digits) : Number.NaN
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

const shape = (w: Walk): E.Either<InputError, number[]> => {
  const open = take(w)
  if (open.text !== '(') return unexpected(w, open, "a shape such as '(2, 3)'")
  const sizes: number[] = []
  while (peek(w) !== ')') {
    const t = take(w)
    const value = size(t)
    if (value === undefined) return unexpected(w, t, 'a size from 0 to 10^15')
    sizes.push(value)
    if (sizes.length > MAX_RANK) return refuse(w.name, byte(t.at), `more than ${MAX_RANK} axes`)
    if (peek(w) === ')') break
    const comma = take(w)
    if (comma.text !== ',') return unexpected(w, comma, "',' or ')'")
  }
  take(w)
  return E.right(sizes)
}

const dictionary = (w: Walk, start: number): E.Either<InputError, NpyHeader> => {
  let descr: string | undefined
  let descrAt = start
  let fortranOrder: boolean | undefined
  let sizes: readonly number[] | undefined
  const open = take(w)
  if (open.text !== '{') return unexpected(w, open, "'{'")
  while (peek(w) !== '}') {
    const key = take(w)
    const colon = take(w)
    if (key.kind !== 'string') return unexpected(w, key, 'a key')
    if (colon.text !== ':') return unexpected(w, colon, "':'")
    if (key.text === 'descr' && descr === undefined) {
      const t = take(w)
      if (t.text === '[' && t.kind === 'mark') {
        return refuse(w.name, byte(t.at), 'a structured dtype (records) is not an array of numbers')
      }
      if (t.kind !== 'string') return unexpected(w, t, "a dtype such as '<f8'")
      descr = t.text
      descrAt = t.at
    } else if (key.text === 'fortran_order' && fortranOrder === undefined) {
      const t = take(w)
      if (t.text !== 'True' && t.text !== 'False') return unexpected(w, t, "'True' or 'False'")
      fortranOrder = t.text === 'True'
    } else if (key.text === 'shape' && sizes === undefined) {
      const found = shape(w)
      if (E.isLeft(found)) return found
      sizes = found.right
    } else return unexpected(w, key, "the keys 'descr', 'fortran_order' and 'shape' once each")
    if (peek(w) === '}') break
    const comma = take(w)
    if (comma.text !== ',') return unexpected(w, comma, "',' or '}'")
  }
  take(w)
  const rest = take(w)
  if (rest.text !== '') return unexpected(w, rest, "nothing after '}'")
  if (descr === undefined || fortranOrder === undefined || sizes === undefined) {
    const missing = descr === undefined ? 'descr' : fortranOrder === undefined ? 'fortran_order' : 'shape'
    return refuse(w.name, byte(w.end), `the header has no key '${missing}'`)
  }
  return E.right({ descr, descrAt, fortranOrder, shape: sizes, start })
}

/** Reads magic, version and dictionary; the header is at most 64 KiB. */
export const npyHeader = (name: string, bytes: Uint8Array): E.Either<InputError, NpyHeader> => {
  const magic = excerpt(bytes, 0, Math.min(6, bytes.length))
  if (magic !== MAGIC) return refuse(name, byte(0), `expected the magic '\\x93NUMPY', found ${quote(magic)}`)
  if (bytes.length < 8) return refuse(name, byte(bytes.length), 'the file ends inside the version')
  const [major, minor] = [bytes[6]!, bytes[7]!]
  if (major < 1 || major > 3 || minor !== 0) {
    return refuse(name, byte(6), `the format version is ${major}.${minor}, expected 1.0, 2.0 or 3.0`)
  }
  const start = major === 1 ? 10 : 12
  if (bytes.length < start) return refuse(name, byte(bytes.length), "the file ends inside the header's length")
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER) return refuse(name, byte(8), `a header of ${length} bytes, above ${MAX_HEADER}`)
  const end = start + length
  if (end > bytes.length) {
    return refuse(name, byte(bytes.length), `the file ends inside the header, ${end - bytes.length} bytes early`)
  }
  const list = tokens(name, bytes, start, end)
  if (E.isLeft(list)) return list
  return dictionary({ name, list: list.right, end, next: 0 }, end)
}
