/**
 * NumPy's `.npy` files: reads every real dtype in either byte order and either memory order, writes float64 and float32.
 *
 * Source: NEP 1, A Simple File Format for NumPy Arrays.
 */
import * as E from 'fp-ts/Either'
import { byte, type InputError, quote, refuse } from './errors'
import { npyHeader } from './npy-header'
import type { NdTable } from './table'

type Reader = (view: DataView, at: number, little: boolean) => number

/** IEEE 754 binary16. */
const half: Reader = (view, at, little) => {
  const bits = view.getUint16(at, little)
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const sign = bits >> 15 === 1 ? -1 : 1
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

const wide =
  (signed: boolean): Reader =>
  (view, at, little) => {
    const highAt = little ? at + 4 : at
    const high = signed ? view.getInt32(highAt, little) : view.getUint32(highAt, little)
    return high * 4294967296 + view.getUint32(little ? at : at + 4, little)
  }

/** dtype without byte order -> bytes per number, and how to read one. */
const READERS: Readonly<Record<string, readonly [number, Reader]>> = {
  b1: [1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)],
  i1: [1, (view, at) => view.getInt8(at)],
  u1: [1, (view, at) => view.getUint8(at)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  i8: [8, wide(true)],
  u8: [8, wide(false)],
  f2: [2, half],
  f4: [4, (view, at, little) => view.getFloat32(at, little)],
  f8: [8, (view, at, little) => view.getFloat64(at, little)]
}

const KINDS: Readonly<Record<string, string>> = {
  O: 'Python objects (pickle), which are never loaded',
  c: 'complex numbers; only real systems are solved',
  S: 'byte strings',
  a: 'byte strings',
  U: 'text',
  M: 'dates',
  m: 'time spans',
  V: 'raw bytes',
  f: 'floats wider than float64'
}

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

const dtype = (
  name: string,
  descr: string,
  at: number
): E.Either<InputError, { width: number; read: Reader; little: boolean }> => {
  const order = descr.slice(0, 1)
  const known = Object.hasOwn(READERS, descr.slice(1)) ? READERS[descr.slice(1)] : undefined
  if (known !== undefined && (order === '<' || order === '>' || order === '=' || (order === '|' && known[0] === 1))) {
    return E.right({ width: known[0], read: known[1], little: order === '=' ? LITTLE : order !== '>' })
  }
  const kind = Object.hasOwn(KINDS, descr.slice(1, 2)) ? `: ${KINDS[descr.slice(1, 2)]}` : ''
  return refuse(name, byte(at), `the dtype is ${quote(descr)}${kind}`, 'save it as float64')
}

/** `[i, j]` of the k-th number in file order. */
const position = (k: number, shape: readonly number[], fortranOrder: boolean): string => {
  const axes = shape.map((_, axis) => axis)
  const index = new Array<number>(shape.length).fill(0)
  let left = k
  for (const axis of fortranOrder ? axes : axes.reverse()) {
    index[axis] = left % shape[axis]!
    left = Math.floor(left / shape[axis]!)
  }
  return `[${index.join(', ')}]`
}

/** Row-major offset of each number in file order, as an odometer whose first axis turns fastest. */
const fortranOffsets = (shape: readonly number[], visit: (k: number, offset: number) => boolean): void => {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((p, s) => p * s, 1))
  const index = new Array<number>(shape.length).fill(0)
  const count = shape.reduce((p, s) => p * s, 1)
  let offset = 0
  for (let k = 0; k < count; k++) {
    if (!visit(k, offset)) return
    for (let axis = 0; axis < shape.length; axis++) {
      offset += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      offset -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
}

/**
 * Reads a `.npy` file into float64, row-major; `name` is the file's name in messages.
 *
 * Refused with the byte: whole numbers beyond 2^53 - 1 (not exact in float64), a size that differs from the header's,
 * and every dtype that is not real numbers. The first NaN or infinity is reported in `nonFinite`.
 */
export const parse = (name: string, bytes: Uint8Array): E.Either<InputError, NdTable> => {
  const header = npyHeader(name, bytes)
  if (E.isLeft(header)) return header
  const { descr, descrAt, fortranOrder, shape, start } = header.right
  const type = dtype(name, descr, descrAt)
  if (E.isLeft(type)) return type
  const { width, read, little } = type.right
  const count = shape.includes(0) ? 0 : shape.reduce((p, s) => p * s, 1)
  const left = bytes.length - start
  if (count * width > left) {
    const reason = `the shape (${shape.join(', ')}) needs ${count * width} bytes of data, but only ${left} follow`
    return refuse(name, byte(bytes.length), reason, 'is the file cut off?')
  }
  if (count * width < left) {
    return refuse(name, byte(start + count * width), `${left - count * width} bytes follow the data`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const data = new Float64Array(count)
  let unsafe = -1
  let nonFinite = -1
  const whole = width === 8 && !descr.endsWith('f8')
  const visit = (k: number, offset: number): boolean => {
    const value = read(view, start + k * width, little)
    if (whole && !Number.isSafeInteger(value)) unsafe = k
    if (nonFinite < 0 && !Number.isFinite(value)) nonFinite = k
    data[offset] = value
    return unsafe < 0
  }
  if (fortranOrder && shape.length > 1) fortranOffsets(shape, visit)
  else for (let k = 0; k < count && visit(k, k); k++);
  const place = (k: number): string => byte(start + k * width)
  if (unsafe >= 0) {
    const reason = `entry ${position(unsafe, shape, fortranOrder)} is beyond 2^53 - 1 and not exact in float64`
    return refuse(name, place(unsafe), reason, 'save it as float64')
  }
  const spot = (k: number) => ({ place: place(k), text: `entry ${position(k, shape, fortranOrder)}` })
  const found = nonFinite < 0 ? null : spot(nonFinite)
  return E.right({ _tag: 'NdTable', name, shape, data, nonFinite: found, notes: [] })
}

/** The header of a `.npy` file (version 1.0, C order) of floats of 4 or 8 bytes in this machine's byte order. */
export const header = (shape: readonly number[], width: 4 | 8): Uint8Array => {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const dictionary = `{'descr': '${LITTLE ? '<' : '>'}f${width}', 'fortran_order': False, 'shape': (${sizes}), }`
  const start = Math.ceil((10 + dictionary.length + 1) / 64) * 64
  const text = `\x93NUMPY\x01\x00  ${dictionary}`.padEnd(start - 1, ' ')
  const out = Uint8Array.from({ length: start }, (_, at) => (at === start - 1 ? 10 : text.charCodeAt(at)))
  new DataView(out.buffer).setUint16(8, start - 10, true)
  return out
}

/** A `.npy` file (version 1.0, C order, the data's own float type); data of a wrong length is our own bug. */
export const write = (shape: readonly number[], data: Float64Array | Float32Array): Uint8Array => {
  if (shape.reduce((p, s) => p * s, 1) !== data.length) throw new Error('internal: shape and data differ in size')
  const head = header(shape, data.BYTES_PER_ELEMENT === 4 ? 4 : 8)
  const out = new Uint8Array(head.length + data.byteLength)
  out.set(head)
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), head.length)
  return out
}
