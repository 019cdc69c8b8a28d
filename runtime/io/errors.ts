/**
 * What was wrong with an input file: which file, where in it, and why.
 */
import * as E from 'fp-ts/Either'

// --- model -----------------------------------------------------------------------------------------------------------

/** A file that cannot be used; `place` is such as `line 7` or `byte 128`, or null where the whole file is meant. */
export interface InputError {
  readonly _tag: 'InputError'
  readonly file: string
  readonly place: string | null
  readonly reason: string
  readonly hint?: string
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const inputError = (file: string, place: string | null, reason: string, hint?: string): InputError =>
  hint === undefined ? { _tag: 'InputError', file, place, reason } : { _tag: 'InputError', file, place, reason, hint }

/** A `Left` holding an `InputError`. */
export const refuse = (
  file: string,
  place: string | null,
  reason: string,
  hint?: string
): E.Either<InputError, never> => E.left(inputError(file, place, reason, hint))

/** `line 7`, counted from 1. */
export const line = (number: number): string => `line ${number}`

/** `byte 128`, counted from 0. */
export const byte = (offset: number): string => `byte ${offset}`

// --- destructors -----------------------------------------------------------------------------------------------------

const LONGEST = 32

/** Foreign text made safe to show: quoted, control and non-ASCII characters escaped, cut after 32 characters. */
export const quote = (text: string): string => {
  let shown = ''
  for (const c of text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text) {
    const code = c.codePointAt(0) ?? 0
    shown += code >= 0x20 && code < 0x7f ? c : `\\x${code.toString(16).padStart(2, '0')}`
  }
  return `'${shown}'`
}

/** One sentence: `file:7: reason (hint)`, or `file: byte 128: reason (hint)`. */
export const show = (e: InputError): string => {
  const file = [...e.file].map((c) => ((c.codePointAt(0) ?? 0) < 0x20 ? '?' : c)).join('')
  const where =
    e.place === null ? file : e.place.startsWith('line ') ? `${file}:${e.place.slice(5)}` : `${file}: ${e.place}`
  return `${where}: ${e.reason}${e.hint === undefined ? '' : ` (${e.hint})`}`
}
