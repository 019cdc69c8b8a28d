/**
 * A checksum over the whole file, header included: SHA-256 of its bytes with zeros in place of the checksum's own digits.
 */
import { createRequire } from 'node:module'

/** What stands for the checksum while it is being computed. */
export const blank = '0'.repeat(64)

const digits = 64
const mark = (value: string): string => `"checksum":"${value}"`

/** The place of the digits in the header, if the checksum is written there exactly once. */
const placeOf = (bytes: Uint8Array, value: string): number | undefined => {
  if (!/^[0-9a-f]{64}$/.test(value)) return undefined
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = file.indexOf(mark(value), 0, 'latin1')
  return at < 0 || file.indexOf(mark(value), at + 1, 'latin1') >= 0 ? undefined : at + mark('').length - 1
}

/** Node's hashes, loaded with the first checkpoint: that takes as long as loading a good part of the library. */
const hashes = (): typeof import('node:crypto') => createRequire(import.meta.url)('node:crypto')

const hash = (bytes: Uint8Array): string => hashes().createHash('sha256').update(bytes).digest('hex')

/** The file with its checksum in place of the blank one. */
export const seal = (bytes: Uint8Array): Uint8Array => {
  const at = placeOf(bytes, blank)
  if (at === undefined) throw new Error('internal: a file without a blank checksum')
  const sealed = bytes.slice()
  sealed.set(Buffer.from(hash(bytes), 'latin1'), at)
  return sealed
}

/** Whether these are the bytes that were sealed with this checksum. */
export const isIntact = (bytes: Uint8Array, value: string): boolean => {
  const at = placeOf(bytes, value)
  if (at === undefined) return false
  const blanked = bytes.slice()
  blanked.set(Buffer.from(blank, 'latin1'), at)
  return blanked.length - at >= digits && hash(blanked) === value
}
