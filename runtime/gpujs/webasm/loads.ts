/** Reads as the patched walk sees them, and the instructions for them that gpu.js's emitter lacks. */
import type { Affine } from './affine'
import type { ArrayLayout, Emitter } from './stock'

/** Appends an unsigned number as LEB128. */
const unsigned = (value: number, bytes: number[]): void => {
  let left = value
  while (left >= 128) {
    bytes.push((left % 128) + 128)
    left = Math.floor(left / 128)
  }
  bytes.push(left)
}

/** Four bytes, aligned to four: the exponent that a load states. */
export const byWords = 2

/** `v128.load32_splat` (0x09) and `v128.load32_lane` (0x56), which gpu.js's emitter lacks. */
export const loadSplat = (em: Emitter, offset: number): void => {
  em.bytes.push(0xfd, 0x09, byWords)
  unsigned(offset, em.bytes)
}

export const loadLane = (em: Emitter, offset: number, lane: number): void => {
  em.bytes.push(0xfd, 0x56, byWords)
  unsigned(offset, em.bytes)
  em.bytes.push(lane)
}

/** A read whose index is an affine sum, and its bounds in the first of the threads that it serves. */
export interface Read {
  readonly index: Affine
  readonly layout: ArrayLayout
  readonly low: number
  readonly high: number
  /** Elements from one lane to the next. */
  readonly step: number
}
