/** WebAssembly's binary format (core specification, section 5): a module as bytes. */
import { joined } from '../bytes'
import { fusedOf } from './fused'
import type { Func, Module } from './module'
import { operations, type ValueType } from './operations'
import { type Local, laneOperations, loads, type Statement, stores, type Value } from './tree'

export interface EncodeOptions {
  /** True joins sums and products of vectors. See Note [Fused sums] in `fused`. */
  readonly fused?: boolean
}

// --- numbers ---------------------------------------------------------------------------------------------------------

/** LEB128 without sign, for sizes and indices. */
export const unsigned = (value: number): readonly number[] => {
  const bytes: number[] = []
  let left = value
  do {
    const low = left % 128
    left = Math.floor(left / 128)
    bytes.push(left === 0 ? low : low | 0x80)
  } while (left !== 0)
  return bytes
}

/** LEB128 with sign, for i32 constants. */
export const signed = (value: number): readonly number[] => {
  const bytes: number[] = []
  let left = value | 0
  for (;;) {
    const low = left & 0x7f
    left >>= 7
    const last = (left === 0 && (low & 0x40) === 0) || (left === -1 && (low & 0x40) !== 0)
    bytes.push(last ? low : low | 0x80)
    if (last) return bytes
  }
}

const scratch = new DataView(new ArrayBuffer(8))
const littleEndian = (size: 4 | 8): readonly number[] => Array.from({ length: size }, (_, k) => scratch.getUint8(k))

const bytesOf32 = (value: number): readonly number[] => {
  scratch.setInt32(0, value, true)
  return littleEndian(4)
}
const bytesOfSingle = (value: number): readonly number[] => {
  scratch.setFloat32(0, value, true)
  return littleEndian(4)
}
const bytesOfDouble = (value: number): readonly number[] => {
  scratch.setFloat64(0, value, true)
  return littleEndian(8)
}

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b }

// --- code ------------------------------------------------------------------------------------------------------------

/** Where the bytes of a function go, and what its names stand for. */
interface Scope {
  readonly out: number[]
  readonly locals: Map<string, { readonly place: number; readonly type: ValueType }>
  readonly labels: (string | null)[]
  readonly functions: ReadonlyMap<string, { readonly place: number; readonly of: Func }>
  readonly name: string
  readonly fused: boolean
}

const fault = (s: Scope, what: string): Error => new Error(`internal: function ${s.name} of a wasm module ${what}`)

const put = (s: Scope, bytes: readonly number[]): void => {
  for (const b of bytes) s.out.push(b)
}

const placeOf = (s: Scope, l: Local): readonly number[] => {
  const known = s.locals.get(l.name) ?? { place: s.locals.size, type: l.type }
  if (known.type !== l.type) throw fault(s, `calls both a ${known.type} and a ${l.type} ${l.name}`)
  s.locals.set(l.name, known)
  return unsigned(known.place)
}

const memoryArgument = (align: number, offset: number): readonly number[] => [align, ...unsigned(offset)]

const callTo = (s: Scope, callee: string, args: readonly Value[], gives: ValueType | null): void => {
  const found = s.functions.get(callee)
  if (found === undefined) throw fault(s, `calls ${callee}, which is not there`)
  const { params, result } = found.of
  if (params.length !== args.length || params.some((p, k) => p.type !== args[k]?.type) || result !== gives) {
    throw fault(s, `calls ${callee} with the wrong types`)
  }
  for (const a of args) value(s, a)
  put(s, [0x10, ...unsigned(found.place)])
}

const value = (s: Scope, v: Value): void => {
  switch (v._tag) {
    case 'const':
      if (v.type === 'i32') put(s, [0x41, ...signed(v.value)])
      else if (v.type === 'f32') put(s, [0x43, ...bytesOfSingle(v.value)])
      else if (v.type === 'f64') put(s, [0x44, ...bytesOfDouble(v.value)])
      else throw fault(s, 'has a v128 constant of one number')
      return
    case 'lanes':
      put(s, [0xfd, 0x0c, ...v.words.flatMap(bytesOf32)])
      return
    case 'get':
      put(s, [0x20, ...placeOf(s, v.local)])
      return
    case 'tee':
      value(s, v.value)
      put(s, [0x22, ...placeOf(s, v.local)])
      return
    case 'op': {
      const { name, args } = s.fused ? fusedOf(v) : v
      for (const a of args) value(s, a)
      put(s, operations[name].code)
      return
    }
    case 'lane':
      for (const a of v.args) value(s, a)
      put(s, [0xfd, laneOperations[v.name].code, v.lane])
      return
    case 'shuffle':
      for (const a of v.args) value(s, a)
      put(s, [0xfd, 0x0d, ...v.bytes])
      return
    case 'load':
      value(s, v.at)
      // Addresses are promised to no more than four bytes: arrays of f32 begin anywhere.
      put(s, [...loads[v.name].code, ...memoryArgument(Math.min(2, loads[v.name].align), v.offset)])
      return
    case 'select':
      for (const a of [v.yes, v.no, v.when]) value(s, a)
      put(s, [0x1c, 1, typeCodes[v.type]])
      return
    case 'callValue':
      callTo(s, v.callee, v.args, v.type)
      return
    case 'atomicAdd':
      for (const a of [v.at, v.by]) value(s, a)
      put(s, [0xfe, 0x1e, ...memoryArgument(2, 0)])
      return
    case 'atomicLoad':
      value(s, v.at)
      put(s, [0xfe, 0x10, ...memoryArgument(2, 0)])
      return
  }
}

const nested = (s: Scope, label: string | null, body: readonly Statement[]): void => {
  s.labels.push(label)
  for (const each of body) statement(s, each)
  s.labels.pop()
}

const statement = (s: Scope, t: Statement): void => {
  switch (t._tag) {
    case 'set':
      value(s, t.value)
      put(s, [0x21, ...placeOf(s, t.local)])
      return
    case 'store':
      value(s, t.at)
      value(s, t.value)
      put(s, [...stores[t.name].code, ...memoryArgument(Math.min(2, stores[t.name].align), t.offset)])
      return
    case 'storeLane':
      value(s, t.at)
      value(s, t.value)
      put(s, [0xfd, 0x5a, ...memoryArgument(2, t.offset), t.lane])
      return
    case 'block':
    case 'loop':
      put(s, [t._tag === 'block' ? 0x02 : 0x03, 0x40])
      nested(s, t.label, t.body)
      put(s, [0x0b])
      return
    case 'if':
      value(s, t.when)
      put(s, [0x04, 0x40])
      nested(s, null, t.yes)
      if (t.no.length > 0) {
        put(s, [0x05])
        nested(s, null, t.no)
      }
      put(s, [0x0b])
      return
    case 'br': {
      const depth = s.labels.length - 1 - s.labels.lastIndexOf(t.label)
      if (depth === s.labels.length) throw fault(s, `leaves for ${t.label}, which is not around`)
      if (t.when !== null) value(s, t.when)
      put(s, [t.when === null ? 0x0c : 0x0d, ...unsigned(depth)])
      return
    }
    case 'call':
      callTo(s, t.callee, t.args, null)
      return
    case 'drop':
      value(s, t.value)
      put(s, [0x1a])
      return
    case 'return':
      if (t.value !== null) value(s, t.value)
      put(s, [0x0f])
      return
    case 'copy':
    case 'fill':
      for (const a of [t.to, t.from, t.bytes]) value(s, a)
      put(s, t._tag === 'copy' ? [0xfc, 0x0a, 0, 0] : [0xfc, 0x0b, 0])
      return
    case 'atomicStore':
      for (const a of [t.at, t.value]) value(s, a)
      put(s, [0xfe, 0x17, ...memoryArgument(2, 0)])
      return
    case 'wait':
      for (const a of [t.at, t.expected]) value(s, a)
      // No time limit (an i64 of -1); why it woke is dropped, since the caller looks again.
      put(s, [0x42, 0x7f, 0xfe, 0x01, ...memoryArgument(2, 0), 0x1a])
      return
    case 'notify':
      value(s, t.at)
      put(s, [0x41, ...signed(-1), 0xfe, 0x00, ...memoryArgument(2, 0), 0x1a])
      return
    case 'trap':
      put(s, [0x00])
      return
  }
}

const functionBody = (f: Func, functions: Scope['functions'], fused: boolean): readonly number[] => {
  const s: Scope = { out: [], locals: new Map(), labels: [], functions, name: f.name, fused }
  for (const p of f.params) placeOf(s, p)
  for (const each of f.body) statement(s, each)
  // Past the end of a function that gives a value nothing is reached: its last statement gave it.
  put(s, f.result === null ? [0x0b] : [0x00, 0x0b])
  const own = [...s.locals.values()].slice(f.params.length)
  const declared = own.flatMap((l) => [1, typeCodes[l.type]])
  const head = [...unsigned(own.length), ...declared]
  return [...unsigned(head.length + s.out.length), ...head, ...s.out]
}

// --- modules ---------------------------------------------------------------------------------------------------------

const text = (words: string): readonly number[] => {
  const bytes = [...new TextEncoder().encode(words)]
  return [...unsigned(bytes.length), ...bytes]
}

const section = (id: number, items: readonly (readonly number[])[]): readonly number[] => {
  if (items.length === 0) return []
  const body = [...unsigned(items.length)]
  for (const item of items) for (const b of item) body.push(b)
  return [id, ...unsigned(body.length), ...body]
}

const limits = (m: Module['memory']): readonly number[] =>
  m.most === null ? [0, ...unsigned(m.pages)] : [m.shared ? 3 : 1, ...unsigned(m.pages), ...unsigned(m.most)]

/** The module's bytes, as `WebAssembly.compile` takes them. */
export const encode = (m: Module, { fused = false }: EncodeOptions = {}): Uint8Array<ArrayBuffer> => {
  const types: string[] = []
  const typeOf = (f: Func): number => {
    const bytes = [0x60, ...unsigned(f.params.length), ...f.params.map((p) => typeCodes[p.type])]
    const key = [...bytes, ...(f.result === null ? [0] : [1, typeCodes[f.result]])].join(',')
    const known = types.indexOf(key)
    return known >= 0 ? known : types.push(key) - 1
  }
  const typed = m.functions.map(typeOf)
  const functions = new Map(m.functions.map((of, place) => [of.name, { place, of }]))
  if (functions.size !== m.functions.length) throw new Error('internal: two functions of a wasm module share a name')
  const { memory } = m
  const parts = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(
      1,
      types.map((key) => key.split(',').map(Number))
    ),
    section(2, memory.imported ? [[...text('env'), ...text('memory'), 2, ...limits(memory)]] : []),
    section(3, typed.map(unsigned)),
    section(5, memory.imported ? [] : [limits(memory)]),
    section(7, [
      ...(memory.imported ? [] : [[...text('memory'), 2, 0]]),
      ...m.functions.flatMap((f, place) => (f.exported ? [[...text(f.name), 0, ...unsigned(place)]] : []))
    ]),
    section(
      10,
      m.functions.map((f) => functionBody(f, functions, fused))
    )
  ]
  return joined(parts)
}
