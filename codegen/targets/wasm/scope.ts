/**
 * Where code of a kernel is written: the statements so far, what is known already, and a pointer for every array and way
 * of running through it. A loop opens a scope in which the pointers that it moves are new locals.
 */

import { extentsIn, keyOf } from '../../schedules/nest'
import type { Node, Region } from '../../schedules/node'
import * as N from '../../schedules/node'
import type { Place } from '../../schedules/place'
import * as W from './code'

type Affine = Extract<Place, { _tag: 'affine' }>['of']

/** Constants added to loop variables: the place in the tile, say. */
export type Shift = Readonly<Record<string, number>>

/** Reads of one array with the same strides: one pointer serves them all, the rest are constants. */
interface Pointer {
  readonly name: string
  readonly array: string
  readonly strides: Readonly<Record<string, number>>
}

/** A panel's pointer is not moved by the loop that fills it anew: not at all, or not by its turns that are not within another. */
export interface PanelPointer {
  readonly array: string
  readonly loop: string | null
  readonly within: boolean
}

export interface Kernel {
  readonly region: Region
  readonly extents: ReadonlyMap<string, number>
  readonly pointers: ReadonlyMap<string, Pointer>
  readonly panels: readonly PanelPointer[]
  /** Numbers for names of locals that hold values. */
  readonly fresh: () => string
}

export interface Scope {
  readonly kernel: Kernel
  readonly parent: Scope | null
  readonly out: W.Statement[]
  /** Values computed already, by what they are and where in the tile. */
  readonly known: Map<string, W.Local>
  readonly places: Map<string, W.Value<'i32'>>
  /** Values of loop variables. */
  readonly variables: Map<string, W.Value<'i32'>>
  /** The places of the tile that are computed together. */
  readonly tile: readonly Shift[]
  /** The loop whose neighbours share a vector; `null` where one number is computed at a time. */
  readonly lanes: string | null
}

// --- pointers --------------------------------------------------------------------------------------------------------

const pointerKey = (array: string, strides: Readonly<Record<string, number>>): string =>
  `${array} ${Object.entries(strides)
    .map(([loop, stride]) => `${loop}:${stride}`)
    .sort()
    .join(' ')}`

/** `more` are reads besides those of the region's value. */
export const kernelOf = (region: Region, outArray: string, panels: Kernel['panels'], more: readonly Node[]): Kernel => {
  const pointers = new Map<string, Pointer>()
  const add = (array: string, place: Place): void => {
    if (place._tag !== 'affine') return
    const key = pointerKey(array, place.of.strides)
    const count = [...pointers.values()].filter((p) => p.array === array).length
    const name = count === 0 ? array : `${array}${count + 1}`
    if (!pointers.has(key)) pointers.set(key, { name: `to ${name}`, array, strides: place.of.strides })
  }
  add(outArray, region.out)
  for (const read of [region.value, ...more].flatMap(N.reads)) add(read.array, read.at)
  let count = 0
  return { region, extents: extentsIn(region), pointers, panels, fresh: () => `value ${count++}` }
}

const found = <A>(s: Scope, of: (s: Scope) => A | undefined): A | undefined => {
  for (let at: Scope | null = s; at !== null; at = at.parent) {
    const own = of(at)
    if (own !== undefined) return own
  }
  return undefined
}

/** The local that says where an array begins; names with a space are never those of an array. */
export const arrayLocal = (array: string): W.Local<'i32'> => W.local(`array ${array}`, 'i32')

/** Where an array begins, or the stretch of it that the loops around have come to. */
const pointerAt = (s: Scope, key: string, array: string): W.Value<'i32'> =>
  found(s, (at) => at.places.get(key)) ?? W.get(arrayLocal(array))

/** The address of an affine place: a pointer, and bytes to add that fit into the instruction. */
export const addressOf = (
  s: Scope,
  array: string,
  place: Affine,
  shift: Shift
): { readonly at: W.Value<'i32'>; readonly offset: number } => {
  const more = Object.entries(place.strides).reduce(
    (total, [loop, stride]) => total + stride * (shift[loop] ?? 0),
    place.constant
  )
  const pointer = pointerAt(s, pointerKey(array, place.strides), array)
  return more >= 0 ? { at: pointer, offset: 4 * more } : { at: W.plus(pointer, W.int(4 * more)), offset: 0 }
}

/** A loop's variable plus its shift. */
export const variable = (s: Scope, loop: string, shift: Shift): W.Value<'i32'> => {
  const own = variableOf(s, loop)
  if (own === undefined) throw new Error(`internal: no loop ${loop} is around`)
  return W.plus(own, W.int(shift[loop] ?? 0))
}

// --- scopes ----------------------------------------------------------------------------------------------------------

export const outermost = (kernel: Kernel, tile: readonly Shift[], lanes: string | null): Scope => ({
  kernel,
  parent: null,
  out: [],
  known: new Map(),
  places: new Map(),
  variables: new Map(),
  tile,
  lanes
})

/** A scope within another, whose statements are its own. */
export const within = (s: Scope, more: Partial<Pick<Scope, 'tile' | 'lanes'>> = {}): Scope => ({
  ...s,
  parent: s,
  out: [],
  known: new Map(),
  places: new Map(),
  variables: new Map(),
  ...more
})

/** Pointers that a loop moves, with the bytes of one step. */
const moved = (
  s: Scope,
  loop: string
): readonly { readonly key: string; readonly pointer: Pointer; readonly bytes: number }[] =>
  [...s.kernel.pointers].flatMap(([key, pointer]) => {
    const stride = pointer.strides[loop] ?? 0
    const panel = s.kernel.panels.find((p) => p.array === pointer.array && p.loop === loop)
    const still = panel !== undefined && (!panel.within || variableOf(s, loop) === undefined)
    return stride === 0 || still ? [] : [{ key, pointer, bytes: 4 * stride }]
  })

/** A loop that goes on within another of the same name, as rows do within a chunk, has locals of its own. */
export const nameOf = (s: Scope, loop: string): string => (variableOf(s, loop) === undefined ? loop : `${loop} on`)

const variableOf = (s: Scope, loop: string): W.Value<'i32'> | undefined => found(s, (o) => o.variables.get(loop))

const goneOn = (s: Scope, loop: string, by: W.Value<'i32'>): W.Value<'i32'> =>
  W.plus(variableOf(s, loop) ?? W.int(0), by)

/** The scope in which a loop has gone on by `place`: its pointers are computed anew. */
export const at = (s: Scope, loop: string, place: W.Value<'i32'>): Scope => {
  const inner = within(s)
  inner.variables.set(loop, goneOn(s, loop, place))
  for (const { key, pointer, bytes } of moved(s, loop)) {
    const own = W.local(`${pointer.name} ${nameOf(s, loop)}`, 'i32')
    inner.out.push(W.set(own, W.plus(pointerAt(s, key, pointer.array), W.times(place, bytes))))
    inner.places.set(key, W.get(own))
  }
  return inner
}

/**
 * `for (loop = 0; loop < turns * step; loop += step)`, its pointers moved from turn to turn. `after` is the scope behind
 * it, where they stand past the last turn. A loop whose body asks for no place counts by one of its pointers.
 */
export const counted = (
  s: Scope,
  loop: string,
  turns: number,
  step: number,
  body: (inner: Scope) => void
): { readonly after: Scope } => {
  const name = nameOf(s, loop)
  const counter = W.local(`at ${name}`, 'i32')
  const [inner, after] = [within(s), within(s)]
  const pointers = moved(s, loop).map(({ key, pointer, bytes }) => {
    const own = W.local(`${pointer.name} ${name}`, 'i32')
    s.out.push(W.set(own, pointerAt(s, key, pointer.array)))
    for (const scope of [inner, after]) scope.places.set(key, W.get(own))
    return { own, bytes }
  })
  inner.variables.set(loop, goneOn(s, loop, W.get(counter)))
  after.variables.set(loop, goneOn(s, loop, W.int(turns * step)))
  body(inner)
  for (const { own, bytes } of pointers) inner.out.push(W.set(own, W.plus(W.get(own), W.int(bytes * step))))
  const [first] = pointers
  if (first !== undefined && !W.mentions(inner.out, counter)) {
    const end = W.local(`end of ${name}`, 'i32')
    s.out.push(...W.until(counter.name, first.own, first.bytes * step * turns, end, inner.out))
    return { after }
  }
  const next = W.tee(counter, W.plus(W.get(counter), W.int(step)))
  inner.out.push(W.br(counter.name, W.op('i32.lt_u', next, W.int(turns * step))))
  s.out.push(W.set(counter, W.int(0)), W.loop(counter.name, inner.out))
  return { after }
}

// --- what is known ---------------------------------------------------------------------------------------------------

/** What a value is and where: the node, and the shifts of the loops that it depends on. */
export const placeKey = (s: Scope, n: Node, shift: Shift): string => {
  const loops = N.loopsOf(n)
  const where = Object.keys(shift).filter((loop) => loops.has(loop) && shift[loop] !== 0)
  return `${s.lanes ?? ''}${where.map((loop) => `|${loop}+${shift[loop]}`).join('')} ${keyOf(n)}`
}

export const lookUp = (s: Scope, key: string): W.Value | undefined => {
  const own = found(s, (at) => at.known.get(key))
  return own === undefined ? undefined : W.get(own)
}

export const typeIn = (s: Scope): 'v128' | 'f32' => (s.lanes === null ? 'f32' : 'v128')

/** Compute once and remember. */
export const keep = (s: Scope, key: string, value: W.Value): W.Value => {
  const own = W.local(s.kernel.fresh(), value.type)
  s.out.push(W.set(own, value))
  s.known.set(key, own)
  return W.get(own)
}
