/**
 * The loop over groups of systems as a module: for every four systems their numbers go into lanes, everything is computed,
 * and the answers go out of lanes.
 */
import type { Role } from '../../../program'
import { call, count, get, int, local, op, plus, type Statement, select, set, store, times, type Value } from '../code'
import { type Func, func, type Module, module, pageBytes } from '../module'
import { intoLanes, outOfLanes } from './convert'

// --- model -----------------------------------------------------------------------------------------------------------

/** The systems that share a vector. */
export const lanes = 4

/** An array that goes in or out: `elements` numbers of every system, or of all together where it is no batch. */
export interface LanesPort {
  readonly name: string
  readonly role: Role
  /** Of one system, where it is a batch. */
  readonly dims: readonly number[]
  readonly elements: number
  readonly batched: boolean
  /** Bytes from the start of memory; systems stand one behind the other. */
  readonly address: number
  /** Where a batch stands in lanes, four systems at a time. */
  readonly vectors: number
}

/**
 * A program for batches. Exports `memory`, `begin()`, `run(systems, offset)` and `end()`: a call begins, runs its groups and
 * ends. Inputs are written to memory before `run`, or before `begin` where they are no batch; outputs are read behind `run`
 * or `end`. The arrays of a group may stand `offset` bytes further on, so that one can be filled while another runs.
 */
export interface GroupProgram {
  readonly name: string
  /** Systems that one call of `run` may take. */
  readonly group: number
  /** The only batch it computes right, where what it computes depends on that or no input tells. */
  readonly batch: number | null
  readonly inputs: readonly LanesPort[]
  readonly outputs: readonly LanesPort[]
  /** Bytes of memory, and those at its end that the arrays of one group take. */
  readonly bytes: number
  readonly groupBytes: number
  readonly module: Module
}

/** Bytes of a group's inputs: within the second-level cache of any core. */
const groupBytes = 2 ** 17

/** Systems in a group, for so many input bytes of each. */
export const groupFor = (bytesOfSystem: number): number =>
  lanes * Math.max(1, Math.floor(groupBytes / Math.max(1, lanes * bytesOfSystem)))

// --- memory ----------------------------------------------------------------------------------------------------------

export interface Space {
  readonly take: (bytes: number) => number
  readonly end: () => number
}

/** Addresses one after the other, each a multiple of sixteen. */
export const space = (): Space => {
  let next = 16
  return {
    take: (bytes) => {
      const at = next
      next += 16 * Math.ceil(bytes / 16)
      return at
    },
    end: () => next
  }
}

/** Room for a group of a batch outside lanes. Blocks of four elements may be read beyond the last. */
export const batchPort = (
  { take }: Space,
  group: number,
  port: Pick<LanesPort, 'name' | 'role' | 'dims' | 'vectors'>
): LanesPort => {
  const elements = port.dims.reduce((p, q) => p * q, 1)
  return { ...port, elements, batched: true, address: take(4 * group * elements + 16) }
}

// --- the loop --------------------------------------------------------------------------------------------------------

const systems = local('systems', 'i32')
const offset = local('offset', 'i32')
const s = local('s', 'i32')
const last = local('last', 'i32')
const places = [0, 1, 2, 3].map((k) => local(`s${k}`, 'i32'))

/** All ones in the lanes of systems from s on that there are. */
const setMask = (address: number): Statement => {
  const ordinals: Value<'v128'> = { _tag: 'lanes', type: 'v128', words: [0, 1, 2, 3] }
  const left = op('i32x4.splat', op('i32.sub', get(systems), get(s)))
  return store('v128.store', int(address), op('i32x4.lt_s', ordinals, left))
}

export interface GroupParts extends Omit<GroupProgram, 'module' | 'groupBytes'> {
  /** Functions that the statements call. */
  readonly functions: readonly Func[]
  readonly begin: readonly Statement[]
  /** For four systems in lanes. */
  readonly each: readonly Statement[]
  readonly end: readonly Statement[]
  /** Where `each` finds all ones in the lanes of systems that there are, if it asks. */
  readonly mask: number | null
}

/** Where fewer than four systems are left, the last one is repeated. */
const runBody = ({ inputs, outputs, each, mask }: GroupParts): readonly Statement[] => {
  const row = (port: LanesPort, k: number): Value<'i32'> =>
    plus(plus(times(get(places[k] as (typeof places)[number]), 4 * port.elements), get(offset)), int(port.address))
  const rows = (port: LanesPort): readonly Value<'i32'>[] => [0, 1, 2, 3].map((k) => row(port, k))
  const clamped = (k: number): Value<'i32'> => {
    const own = plus(get(s), int(k))
    return select(op('i32.lt_u', own, get(last)), own, get(last))
  }
  return [
    set(last, op('i32.sub', get(systems), int(1))),
    count(s, int(0), get(systems), lanes, [
      ...places.map((p, k) => set(p, clamped(k))),
      ...(mask === null ? [] : [setMask(mask)]),
      ...inputs.filter((p) => p.batched).map((p) => call(`lanes_in_${p.elements}`, ...rows(p), int(p.vectors))),
      ...each,
      ...outputs.filter((p) => p.batched).map((p) => call(`lanes_out_${p.elements}`, int(p.vectors), ...rows(p)))
    ])
  ]
}

export const groupProgram = (parts: GroupParts): GroupProgram => {
  const { inputs, outputs, begin, end, functions, bytes } = parts
  const lengths = (ports: readonly LanesPort[]): readonly number[] => [
    ...new Set(ports.filter((p) => p.batched).map((p) => p.elements))
  ]
  const pages = Math.ceil(bytes / pageBytes)
  const first = Math.min(bytes, ...[...inputs, ...outputs].filter((p) => p.batched).map((p) => p.address))
  return {
    name: parts.name,
    group: parts.group,
    batch: parts.batch,
    inputs,
    outputs,
    bytes,
    groupBytes: bytes - first,
    module: module({ pages, most: pages, imported: false, shared: false }, [
      ...functions,
      ...lengths(inputs).map(intoLanes),
      ...lengths(outputs).map(outOfLanes),
      func('begin', [], null, begin),
      func('run', [systems, offset], null, runBody(parts)),
      func('end', [], null, end)
    ])
  }
}
