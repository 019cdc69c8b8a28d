/** The little of protocol buffers' encoding that an ONNX file needs: variable-length integers and length-delimited fields. */

import { joined } from '../bytes'

export type Message = readonly Uint8Array[]

const utf8 = new TextEncoder()

const varint = (value: number): Uint8Array => {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** A whole number of at least zero. */
export const integer = (field: number, value: number): Message => [varint(field * 8), varint(value)]

export const bytes = (field: number, value: Uint8Array): Message => [varint(field * 8 + 2), varint(value.length), value]

export const text = (field: number, value: string): Message => bytes(field, utf8.encode(value))

export const float = (field: number, value: number): Message => [
  varint(field * 8 + 5),
  new Uint8Array(Float32Array.of(value).buffer)
]

export const message = (field: number, ...parts: readonly Message[]): Message => bytes(field, joined(parts.flat()))
