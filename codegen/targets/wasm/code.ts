/**
 * Constructors of WebAssembly code: values nest, statements follow one another, locals and labels go by name. Every tree
 * is well typed by construction; `encode` makes bytes of it and `text` the folded text format.
 *
 *     const [p, i, total] = [local('p', 'i32'), local('i', 'i32'), local('total', 'v128')]
 *     const next = load('v128.load', plus(get(p), get(i)))
 *     count(i, int(0), int(64), 16, [set(total, op('f32x4.add', get(total), next))])
 */
import { type OperationName, operations, type ValueType } from './operations'
import {
  type LaneName,
  type LoadName,
  type Local,
  laneOperations,
  loads,
  localsIn,
  type Statement,
  type StoreName,
  type stores,
  type Value,
  type Values
} from './tree'

export type { ValueType } from './operations'
export type { Local, Statement, Value } from './tree'

// --- values ----------------------------------------------------------------------------------------------------------

export const local = <T extends ValueType>(name: string, type: T): Local<T> => ({ name, type })
export const get = <T extends ValueType>(of: Local<T>): Value<T> => ({ _tag: 'get', type: of.type, local: of })
/** Sets a local and gives its value. */
export const tee = <T extends ValueType>(of: Local<T>, value: Value<T>): Value<T> => ({
  _tag: 'tee',
  type: of.type,
  local: of,
  value
})

export const int = (value: number): Value<'i32'> => ({ _tag: 'const', type: 'i32', value })
export const single = (value: number): Value<'f32'> => ({ _tag: 'const', type: 'f32', value })
export const double = (value: number): Value<'f64'> => ({ _tag: 'const', type: 'f64', value })

const bits = new DataView(new ArrayBuffer(4))
const wordOf = (value: number): number => {
  bits.setFloat32(0, value)
  return bits.getInt32(0)
}
/** A constant of four f32, lane 0 first. */
export const singles = (p: number, q: number, r: number, s: number): Value<'v128'> => ({
  _tag: 'lanes',
  type: 'v128',
  words: [wordOf(p), wordOf(q), wordOf(r), wordOf(s)]
})
/** A constant with the same f32 in all four lanes. */
export const four = (value: number): Value<'v128'> => singles(value, value, value, value)
/** A constant of four i32, lane 0 first. */
export const ints = (p: number, q: number, r: number, s: number): Value<'v128'> => ({
  _tag: 'lanes',
  type: 'v128',
  words: [p, q, r, s]
})

/** Any operation without immediates: `op('f32x4.add', p, q)`. */
export const op = <N extends OperationName>(
  name: N,
  ...args: Values<(typeof operations)[N]['takes']>
): Value<(typeof operations)[N]['gives']> => ({ _tag: 'op', type: operations[name].gives, name, args })

/** Extracting or replacing a lane: `lane('f32x4.extract_lane', 2, v)`. */
export const lane = <N extends LaneName>(
  name: N,
  which: number,
  ...args: Values<(typeof laneOperations)[N]['takes']>
): Value<(typeof laneOperations)[N]['gives']> => ({
  _tag: 'lane',
  type: laneOperations[name].gives,
  name,
  lane: which,
  args
})

/** Sixteen bytes chosen from two vectors: 0-15 from the left, 16-31 from the right. */
export const shuffle = (bytes: readonly number[], left: Value<'v128'>, right: Value<'v128'>): Value<'v128'> => ({
  _tag: 'shuffle',
  type: 'v128',
  bytes,
  args: [left, right]
})
/** Four 32-bit lanes chosen from two vectors: 0-3 from the left, 4-7 from the right. */
export const shuffle32 = (
  lanes: readonly [number, number, number, number],
  left: Value<'v128'>,
  right: Value<'v128'>
) =>
  shuffle(
    lanes.flatMap((k) => [4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3]),
    left,
    right
  )

/** Reads memory at `at + offset` bytes. */
export const load = <N extends LoadName>(name: N, at: Value<'i32'>, offset = 0): Value<(typeof loads)[N]['gives']> => ({
  _tag: 'load',
  type: loads[name].gives,
  name,
  at,
  offset
})

/** `yes` where `when` is not 0; both are computed. */
export const select = <T extends ValueType>(when: Value<'i32'>, yes: Value<T>, no: Value<T>): Value<T> => ({
  _tag: 'select',
  type: yes.type,
  yes,
  no,
  when
})
/** A call that gives a value; the module checks its types against the callee's. */
export const callValue = <T extends ValueType>(type: T, callee: string, ...args: readonly Value[]): Value<T> => ({
  _tag: 'callValue',
  type,
  callee,
  args
})
export const atomicAdd = (at: Value<'i32'>, by: Value<'i32'>): Value<'i32'> => ({
  _tag: 'atomicAdd',
  type: 'i32',
  at,
  by
})
export const atomicLoad = (at: Value<'i32'>): Value<'i32'> => ({ _tag: 'atomicLoad', type: 'i32', at })

// --- statements ------------------------------------------------------------------------------------------------------

export const set = <T extends ValueType>(of: Local<T>, value: Value<T>): Statement => ({
  _tag: 'set',
  local: of,
  value
})
/** Writes memory at `at + offset` bytes. */
export const store = <N extends StoreName>(
  name: N,
  at: Value<'i32'>,
  value: Value<(typeof stores)[N]['takes']>,
  offset = 0
): Statement => ({ _tag: 'store', name, at, offset, value })
/** Writes one 32-bit lane. */
export const storeLane = (lane: number, at: Value<'i32'>, value: Value<'v128'>, offset = 0): Statement => ({
  _tag: 'storeLane',
  lane,
  at,
  offset,
  value
})
/** Statements that `br(label)` leaves forwards. */
export const block = (label: string, body: readonly Statement[]): Statement => ({ _tag: 'block', label, body })
/** Statements that `br(label)` starts again. */
export const loop = (label: string, body: readonly Statement[]): Statement => ({ _tag: 'loop', label, body })
export const br = (label: string, when: Value<'i32'> | null = null): Statement => ({ _tag: 'br', label, when })
export const branch = (when: Value<'i32'>, yes: readonly Statement[], no: readonly Statement[] = []): Statement => ({
  _tag: 'if',
  when,
  yes,
  no
})
export const call = (callee: string, ...args: readonly Value[]): Statement => ({ _tag: 'call', callee, args })
export const drop = (value: Value): Statement => ({ _tag: 'drop', value })
export const giveBack = (value: Value | null = null): Statement => ({ _tag: 'return', value })
export const copy = (to: Value<'i32'>, from: Value<'i32'>, bytes: Value<'i32'>): Statement => ({
  _tag: 'copy',
  to,
  from,
  bytes
})
/** Sets `bytes` bytes to the lowest byte of `byte`. */
export const fill = (to: Value<'i32'>, byte: Value<'i32'>, bytes: Value<'i32'>): Statement => ({
  _tag: 'fill',
  to,
  from: byte,
  bytes
})
export const atomicStore = (at: Value<'i32'>, value: Value<'i32'>): Statement => ({ _tag: 'atomicStore', at, value })
export const wait = (at: Value<'i32'>, expected: Value<'i32'>): Statement => ({ _tag: 'wait', at, expected })
/** Wakes all who wait at `at`. */
export const notify = (at: Value<'i32'>): Statement => ({ _tag: 'notify', at })
export const trap: Statement = { _tag: 'trap' }

// --- combinators -----------------------------------------------------------------------------------------------------

/** Whether code reads or sets a local. */
export const mentions = (body: readonly Statement[], l: Local): boolean =>
  body.some((t) => localsIn(t).some((own) => own.name === l.name))

/** The body, which moves the pointer, again and again until that has gone so many bytes: a loop without a counter. */
export const until = (
  label: string,
  pointer: Local<'i32'>,
  bytes: number,
  end: Local<'i32'>,
  body: readonly Statement[]
): readonly Statement[] => [
  set(end, plus(get(pointer), int(bytes))),
  loop(label, [...body, br(label, op('i32.ne', get(pointer), get(end)))])
]

const known = (value: Value<'i32'>): number | undefined => (value._tag === 'const' ? value.value : undefined)

/**
 * `for (i = from; i < to; i += step)`, counted without sign. The bound is computed at every turn: keep it a constant or a
 * local. The label is the counter's name, so that loops may nest but not share a counter.
 */
export const count = (
  i: Local<'i32'>,
  from: Value<'i32'>,
  to: Value<'i32'>,
  step: number,
  body: readonly Statement[]
): Statement => {
  const [first, end] = [known(from), known(to)]
  const turns: Statement = loop(i.name, [
    ...body,
    br(i.name, op('i32.lt_u', tee(i, op('i32.add', get(i), int(step))), to))
  ])
  // The first test is left out where it is known to hold.
  const tested =
    first !== undefined && end !== undefined
      ? first < end
        ? [turns]
        : []
      : [branch(op('i32.lt_u', get(i), to), [turns])]
  return block(`${i.name} done`, [set(i, from), ...tested])
}

/** `p + q`, constants folded. */
export const plus = (p: Value<'i32'>, q: Value<'i32'>): Value<'i32'> => {
  const [left, right] = [known(p), known(q)]
  if (left !== undefined && right !== undefined) return int(left + right)
  if (left === 0) return q
  return right === 0 ? p : op('i32.add', p, q)
}

/** `p * by`, a shift where it can be one. */
export const times = (p: Value<'i32'>, by: number): Value<'i32'> => {
  const left = known(p)
  if (left !== undefined) return int(left * by)
  if (by === 0) return int(0)
  if (by === 1) return p
  return by > 0 && (by & (by - 1)) === 0 ? op('i32.shl', p, int(Math.log2(by))) : op('i32.mul', p, int(by))
}
