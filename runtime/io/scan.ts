/**
 * Numbers and fields in bytes, read by hand in one pass: no regular expression and no string per number.
 */

export const NEWLINE = 10
const TAB = 9
const RETURN = 13
const SPACE = 32
const PLUS = 43
const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57

/** The longest number that is read, in characters. */
const LONGEST_NUMBER = 4096

/** Space, tab, carriage return, vertical tab or form feed. */
export const isBlank = (c: number): boolean => c === SPACE || (c >= TAB && c <= RETURN && c !== NEWLINE)

const isDigit = (c: number): boolean => c >= ZERO && c <= NINE

/** The bytes as Latin-1 text. */
export const text = (bytes: Uint8Array, start: number, end: number): string => {
  let s = ''
  const last = Math.min(end, bytes.length)
  for (let at = start; at < last; at++) s += String.fromCharCode(bytes[at]!)
  return s
}

/** At most 40 characters of the bytes, for messages. */
export const excerpt = (bytes: Uint8Array, start: number, end: number): string =>
  text(bytes, start, Math.min(end, start + 40))

/** Length of a UTF-8 byte order mark at the beginning: 3 or 0. */
export const markLength = (bytes: Uint8Array): number =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0

/** Lower-case Latin-1 text equals `word`? */
export const isWord = (bytes: Uint8Array, start: number, end: number, word: string): boolean =>
  end - start === word.length && text(bytes, start, end).toLowerCase() === word

// --- lines and fields ------------------------------------------------------------------------------------------------

/** A position in a text file: `number` is the line of `[start, end)`, from 1. */
export interface Lines {
  readonly bytes: Uint8Array
  next: number
  number: number
  start: number
  end: number
}

export const lines = (bytes: Uint8Array): Lines => ({ bytes, next: markLength(bytes), number: 0, start: 0, end: 0 })

/** Moves to the next line that is not blank and does not begin with `comment`; false at the end of the file. */
export const advance = (at: Lines, comment: number): boolean => {
  const { bytes } = at
  while (at.next < bytes.length) {
    let start = at.next
    while (start < bytes.length && isBlank(bytes[start]!)) start++
    let end = start
    while (end < bytes.length && bytes[end] !== NEWLINE) end++
    at.next = end + 1
    at.number++
    if (start === end || bytes[start] === comment) continue
    at.start = start
    at.end = end
    return true
  }
  return false
}

/** Splits the line at blanks; writes begin and end of the first fields into `offsets`; returns how many there are. */
export const split = (at: Lines, offsets: Int32Array): number => {
  const { bytes, end } = at
  const room = offsets.length >> 1
  let count = 0
  let c = at.start
  while (c < end) {
    while (c < end && isBlank(bytes[c]!)) c++
    if (c === end) break
    const start = c
    while (c < end && !isBlank(bytes[c]!)) c++
    if (count < room) {
      offsets[2 * count] = start
      offsets[2 * count + 1] = c
    }
    count++
  }
  return count
}

// --- numbers ---------------------------------------------------------------------------------------------------------

/** A whole number without a fraction or exponent, or undefined; beyond 2^53 it is rounded. */
export const wholeNumber = (bytes: Uint8Array, start: number, end: number): number | undefined => {
  const first = bytes[start]
  let at = first === MINUS || first === PLUS ? start + 1 : start
  if (at >= end || end - at > LONGEST_NUMBER) return undefined
  const digits = at
  let value = 0
  for (; at < end; at++) {
    const c = bytes[at]!
    if (!isDigit(c)) return undefined
    value = value * 10 + (c - ZERO)
  }
  if (at - digits > 15) return Number(text(bytes, start, end))
  return first === MINUS ? -value : value
}

const word = (bytes: Uint8Array, start: number, end: number, negative: boolean): number | undefined => {
  if (isWord(bytes, start, end, 'nan')) return Number.NaN
  if (isWord(bytes, start, end, 'inf') || isWord(bytes, start, end, 'infinity')) {
    return negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  return undefined
}

const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`))

const isExponentMark = (c: number): boolean => c === 101 || c === 69 || c === 100 || c === 68

/**
 * A decimal number (`-1`, `2.`, `.5`, `1e-7`, Fortran's `1D-7`), `nan` or `inf`, rounded to the nearest float64;
 * undefined where the bytes are none. A number beyond the range is infinite; `isSpelled` tells it from the word.
 *
 * At most 15 digits and a power of ten up to 22 take one exact operation (Clinger 1990); all others go to `Number`.
 */
export const decimal = (bytes: Uint8Array, start: number, end: number): number | undefined => {
  const first = bytes[start]
  let at = first === MINUS || first === PLUS ? start + 1 : start
  if (at >= end || end - at > LONGEST_NUMBER) return undefined
  if (bytes[at]! > NINE) return word(bytes, at, end, first === MINUS)
  let mantissa = 0
  let significant = 0
  let digits = 0
  let power = 0
  let pointSeen = false
  for (; at < end; at++) {
    const c = bytes[at]!
    if (isDigit(c)) {
      digits++
      if (significant > 0 || c !== ZERO) significant++
      if (significant <= 15) mantissa = mantissa * 10 + (c - ZERO)
      if (pointSeen) power--
    } else if (c === POINT && !pointSeen) pointSeen = true
    else break
  }
  if (digits === 0) return undefined
  let fortran = false
  if (at < end) {
    if (!isExponentMark(bytes[at]!)) return undefined
    fortran = bytes[at] === 100 || bytes[at] === 68
    const exponent = wholeNumber(bytes, at + 1, end)
    if (exponent === undefined) return undefined
    power += exponent
  }
  if (significant <= 15 && power >= -22 && power <= 22) {
    const size = power < 0 ? mantissa / POWERS[-power]! : mantissa * POWERS[power]!
    return first === MINUS ? -size : size
  }
  const written = text(bytes, start, end)
  return Number(fortran ? written.replace('d', 'e').replace('D', 'e') : written)
}

/** Is a non-finite number spelled as a word (`nan`, `-inf`), or did a decimal number overflow? */
export const isSpelled = (bytes: Uint8Array, start: number): boolean => {
  const first = bytes[start]
  return bytes[first === MINUS || first === PLUS ? start + 1 : start]! > NINE
}

/** Has a decimal number that became 0 a digit other than 0 before its exponent? */
export const underflowed = (bytes: Uint8Array, start: number, end: number): boolean => {
  for (let at = start; at < end && !isExponentMark(bytes[at]!); at++) {
    if (bytes[at]! > ZERO && bytes[at]! <= NINE) return true
  }
  return false
}
