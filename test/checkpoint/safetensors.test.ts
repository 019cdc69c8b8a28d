import test from 'tape'

import { decode, encode } from '../../runtime/checkpoint/safetensors'
import { left, right } from '../support/right'

/** A file whose header is this text. */
const raw = (header: string, data: number): Uint8Array => {
  const text = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + text.length + data)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}

test('offsets that overlap, leave holes or lie are refused', (t) => {
  const entry = (from: number, to: number, shape = '[1]', dtype = 'F64') =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${from},${to}]}`
  const fault = (header: string, data: number): string => left(decode(raw(header, data)))
  t.match(fault(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), /tensor b: expected to begin at byte 8 .* found 4/)
  t.match(fault(`{"a":${entry(0, 8)},"b":${entry(16, 24)}}`, 24), /tensor b: expected to begin at byte 8 .* found 16/)
  t.match(fault(`{"a":${entry(8, 16)}}`, 16), /tensor a: expected to begin at byte 0/)
  t.match(fault(`{"a":${entry(0, 16)}}`, 16), /tensor a: expected 8 bytes for its shape, found offsets 0 to 16/)
  t.match(fault(`{"a":${entry(8, 0)}}`, 8), /expected 8 bytes for its shape/)
  t.match(fault(`{"a":${entry(0, 8, '[-1]')}}`, 8), /expected a shape/)
  t.match(fault(`{"a":${entry(0, 8, '[9007199254740991,9007199254740991]')}}`, 8), /bytes for its shape/)
  t.match(fault(`{"a":${entry(0, 8, '[1]', 'I64')}}`, 8), /expected dtype F64 or F32/)
  t.match(
    fault('{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8],"run":1}}', 8),
    /exactly dtype, shape and data_offsets/
  )
  t.match(fault('{"__proto__":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}', 8), /tensor name/)
  t.match(fault('{"__metadata__":{"a":1}}', 0), /__metadata__: expected texts/)
  t.match(fault('[]', 0), /not an object/)
  t.match(fault('{', 0), /not JSON/)
  t.match(left(decode(raw('', 0))), /not JSON/)
  t.deepEqual(
    right(decode(raw(`{"a":${entry(0, 4, '[]', 'F32')}}`, 4))).tensors['a']!.data,
    Float64Array.of(0),
    'F32 is read'
  )
  t.end()
})

test('numbers of either width come back, in any order of the header', (t) => {
  const tensors = {
    b: { dtype: 'F64', shape: [2, 1], data: Float64Array.of(Math.PI, -0) },
    a: { dtype: 'F32', shape: [3], data: Float64Array.of(0.5, -2, 1e30) }
  } as const
  const content = right(decode(right(encode({ metadata: { note: 'x' }, tensors }))))
  t.deepEqual({ ...content.metadata }, { note: 'x' })
  t.deepEqual(content.tensors['b'], tensors.b, 'float64 to the last bit')
  t.deepEqual(content.tensors['a']!.data, tensors.a.data.map(Math.fround), 'float32 rounded')
  const swapped =
    '{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
  t.deepEqual(Object.keys(right(decode(raw(swapped, 8))).tensors), ['a', 'b'], 'tensors come as they lie')
  const long = left(encode({ metadata: { note: 'x'.repeat(1 << 20) }, tensors: {} }))
  t.match(long, /the header would have \d+ bytes, above the limit of 1048576/)
  t.end()
})
