import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'
import { show } from '../../runtime/io/errors'
import { parse, write } from '../../runtime/io/npy'
import { bytes, npyFile, npyHead, packed } from './fixtures'

const values = (file: Uint8Array): readonly number[] | string => {
  const parsed = parse('a.npy', file)
  return E.isRight(parsed) ? [...parsed.right.data] : show(parsed.left)
}

type Put = (view: DataView, at: number, value: number, little: boolean) => void

const NUMBERS = [1, 2, 3, 100, 5, 6]

const DTYPES: readonly (readonly [string, number, Put])[] = [
  ['i2', 2, (view, at, v, little) => view.setInt16(at, v, little)],
  ['u2', 2, (view, at, v, little) => view.setUint16(at, v, little)],
  ['i4', 4, (view, at, v, little) => view.setInt32(at, v, little)],
  ['u4', 4, (view, at, v, little) => view.setUint32(at, v, little)],
  ['i8', 8, (view, at, v, little) => view.setBigInt64(at, BigInt(v), little)],
  ['u8', 8, (view, at, v, little) => view.setBigUint64(at, BigInt(v), little)],
  ['f4', 4, (view, at, v, little) => view.setFloat32(at, v, little)],
  ['f8', 8, (view, at, v, little) => view.setFloat64(at, v, little)]
]

test('every dtype in both byte orders and both memory orders', (t) => {
  for (const [type, width, put] of DTYPES) {
    for (const little of [true, false]) {
      const data = packed(width, NUMBERS, (view, at, v) => put(view, at, v, little))
      const descr = `${little ? '<' : '>'}${type}`
      t.deepEqual(values(npyFile(npyHead(descr, '(2, 3)'), data)), NUMBERS, `${descr}, C order`)
      t.deepEqual(
        values(npyFile(npyHead(descr, '(2, 3)', 'True'), data)),
        [1, 3, 5, 2, 100, 6],
        `${descr}, Fortran order`
      )
    }
  }
  t.deepEqual(values(npyFile(npyHead('|i1', '(2,)'), Uint8Array.of(255, 1))), [-1, 1])
  t.deepEqual(values(npyFile(npyHead('|u1', '(2,)'), Uint8Array.of(255, 1))), [255, 1])
  t.deepEqual(values(npyFile(npyHead('|b1', '(2,)'), Uint8Array.of(0, 1))), [0, 1])
  const halves = packed(2, [0x3c00, 0xc500, 0x0001, 0x7bff], (view, at, v) => view.setUint16(at, v, true))
  t.deepEqual(values(npyFile(npyHead('<f2', '(4,)'), halves)), [1, -5, 2 ** -24, 65504])
  t.deepEqual(values(npyFile(npyHead('<f8', '()'), new Uint8Array(8))), [0], 'a scalar')
  const three = packed(1, [...Array(24).keys()], (view, at, v) => view.setUint8(at, v))
  const cube = values(npyFile(npyHead('|u1', '(2, 3, 4)', 'True'), three, 2))
  t.equal(Array.isArray(cube) && cube[1 * 12 + 2 * 4 + 3], 1 + 2 * 2 + 3 * 6, 'rank 3, Fortran order, version 2')
  t.end()
})

test('refusals name the byte and the reason', (t) => {
  const eight = new Uint8Array(8)
  const big = packed(8, [0], (view) => view.setBigInt64(0, 2n ** 53n + 1n, true))
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [bytes('\x93NUMP'), 'a.npy: byte 0: expected the magic'],
    [bytes('\x93NUMPY\x04\x00'), 'a.npy: byte 6: the format version is 4.0'],
    [bytes('\x93NUMPY\x02\x00\xff\xff\xff\xff'), 'a.npy: byte 8: a header of 4294967295 bytes'],
    [bytes('\x93NUMPY\x01\x00\xff\x00{'), 'a.npy: byte 11: the file ends inside the header, 254 bytes early'],
    [npyFile(npyHead('|O', '(1,)'), eight), "a.npy: byte 20: the dtype is '|O': Python objects (pickle)"],
    [npyFile(npyHead('<c8', '(1,)'), eight), "a.npy: byte 20: the dtype is '<c8': complex"],
    [npyFile(npyHead('<U2', '(1,)'), eight), "a.npy: byte 20: the dtype is '<U2': text"],
    [npyFile(npyHead('|f8', '(1,)'), eight), "a.npy: byte 20: the dtype is '|f8'"],
    [
      npyFile("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1,), }", eight),
      'a.npy: byte 20: a structured'
    ],
    [npyFile(npyHead('<f8', '(2,)'), eight), 'a.npy: byte 76: the shape (2) needs 16 bytes of data, but only 8 follow'],
    [npyFile(npyHead('<f8', '(999999999, 999999)'), eight), 'a.npy: byte 91: the shape'],
    [npyFile(npyHead('<f8', '(0,)'), eight), 'a.npy: byte 68: 8 bytes follow the data'],
    [
      npyFile(npyHead('<f8', '(-1,)'), eight),
      "a.npy: byte 61: expected a size from 0 to 10^15 in the header, found '-'"
    ],
    [npyFile(npyHead('<f8', '1'), eight), 'a.npy: byte 60: expected a shape'],
    [npyFile(npyHead('<f8', `(${'1,'.repeat(40)})`), eight), 'a.npy: byte 125: more than 32 axes'],
    [npyFile("{'descr': '<f8', 'shape': (1,)}", eight), "a.npy: byte 42: the header has no key 'fortran_order'"],
    [npyFile("{'descr': '<f8', 'descr': '<f8'}", eight), "a.npy: byte 27: expected the keys 'descr', 'fortran_order'"],
    [npyFile("{'__proto__': 1}", eight), "a.npy: byte 11: expected the keys 'descr'"],
    [npyFile("__import__('os')", eight), "a.npy: byte 10: expected '{' in the header"],
    [npyFile(npyHead('<i8', '(1,)'), big), 'a.npy: byte 68: entry [0] is beyond 2^53 - 1']
  ]
  for (const [file, expected] of cases) t.ok(String(values(file)).startsWith(expected), `${values(file)} | ${expected}`)
  t.end()
})

test('the first NaN is reported with its byte and index', (t) => {
  const parsed = parse('a.npy', write([2, 2], Float64Array.of(1, 2, Number.NaN, 4)))
  t.deepEqual(E.isRight(parsed) && parsed.right.nonFinite, { place: 'byte 144', text: 'entry [1, 0]' })
  t.end()
})

test('what is written reads back bit for bit, and the data begins at a multiple of 64 bytes', (t) => {
  fc.assert(
    fc.property(fc.float64Array({ maxLength: 50 }), fc.float32Array({ maxLength: 50 }), (doubles, floats) => {
      for (const data of [doubles, floats]) {
        const file = write([data.length], data)
        const parsed = parse('a.npy', file)
        if (E.isLeft(parsed) || (file.length - data.byteLength) % 64 !== 0) return false
        if (!parsed.right.data.every((v, k) => Object.is(v, data[k]))) return false
      }
      return true
    }),
    { seed: 12, numRuns: 300 }
  )
  t.pass('300 arrays of each type')
  t.end()
})
