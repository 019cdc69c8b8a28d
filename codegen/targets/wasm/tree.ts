/** WebAssembly code as a tree, and the instructions that carry immediates; `code` has its constructors. */
import type { OperationName, ValueType } from './operations'

// --- model -----------------------------------------------------------------------------------------------------------

/** A variable of a function; those that are not parameters start at zero. One name means one type within a function. */
export interface Local<T extends ValueType = ValueType> {
  readonly name: string
  readonly type: T
}

export type Value<T extends ValueType = ValueType> =
  | { readonly _tag: 'const'; readonly type: T; readonly value: number }
  /** Four 32-bit patterns, lane 0 first. */
  | { readonly _tag: 'lanes'; readonly type: T; readonly words: readonly [number, number, number, number] }
  | { readonly _tag: 'get'; readonly type: T; readonly local: Local<T> }
  | { readonly _tag: 'tee'; readonly type: T; readonly local: Local<T>; readonly value: Value<T> }
  | { readonly _tag: 'op'; readonly type: T; readonly name: OperationName; readonly args: readonly Value[] }
  | {
      readonly _tag: 'lane'
      readonly type: T
      readonly name: LaneName
      readonly lane: number
      readonly args: readonly Value[]
    }
  | { readonly _tag: 'shuffle'; readonly type: T; readonly bytes: readonly number[]; readonly args: readonly Value[] }
  | {
      readonly _tag: 'load'
      readonly type: T
      readonly name: LoadName
      readonly at: Value<'i32'>
      readonly offset: number
    }
  | {
      readonly _tag: 'select'
      readonly type: T
      readonly yes: Value<T>
      readonly no: Value<T>
      readonly when: Value<'i32'>
    }
  | { readonly _tag: 'callValue'; readonly type: T; readonly callee: string; readonly args: readonly Value[] }
  /** Atomic: reads an i32, adds, and gives what it read. */
  | { readonly _tag: 'atomicAdd'; readonly type: T; readonly at: Value<'i32'>; readonly by: Value<'i32'> }
  | { readonly _tag: 'atomicLoad'; readonly type: T; readonly at: Value<'i32'> }

export type Statement =
  | { readonly _tag: 'set'; readonly local: Local; readonly value: Value }
  | {
      readonly _tag: 'store'
      readonly name: StoreName
      readonly at: Value<'i32'>
      readonly offset: number
      readonly value: Value
    }
  | {
      readonly _tag: 'storeLane'
      readonly lane: number
      readonly at: Value<'i32'>
      readonly offset: number
      readonly value: Value<'v128'>
    }
  | { readonly _tag: 'block' | 'loop'; readonly label: string; readonly body: readonly Statement[] }
  | {
      readonly _tag: 'if'
      readonly when: Value<'i32'>
      readonly yes: readonly Statement[]
      readonly no: readonly Statement[]
    }
  | { readonly _tag: 'br'; readonly label: string; readonly when: Value<'i32'> | null }
  | { readonly _tag: 'call'; readonly callee: string; readonly args: readonly Value[] }
  | { readonly _tag: 'drop'; readonly value: Value }
  | { readonly _tag: 'return'; readonly value: Value | null }
  | {
      readonly _tag: 'copy' | 'fill'
      readonly to: Value<'i32'>
      readonly from: Value<'i32'>
      readonly bytes: Value<'i32'>
    }
  | { readonly _tag: 'atomicStore'; readonly at: Value<'i32'>; readonly value: Value<'i32'> }
  /** Sleep while the i32 at `at` is `expected`, until a `notify`. */
  | { readonly _tag: 'wait'; readonly at: Value<'i32'>; readonly expected: Value<'i32'> }
  | { readonly _tag: 'notify'; readonly at: Value<'i32'> }
  | { readonly _tag: 'trap' }

/** Loads and what they give; `log2` of the natural alignment and the code stand beside the name. */
export const loads = {
  'i32.load': { gives: 'i32', code: [0x28], align: 2 },
  'f32.load': { gives: 'f32', code: [0x2a], align: 2 },
  'f64.load': { gives: 'f64', code: [0x2b], align: 3 },
  'v128.load': { gives: 'v128', code: [0xfd, 0x00], align: 4 },
  'v128.load32_splat': { gives: 'v128', code: [0xfd, 0x09], align: 2 },
  'v128.load64_splat': { gives: 'v128', code: [0xfd, 0x0a], align: 3 },
  'v128.load32_zero': { gives: 'v128', code: [0xfd, 0x5c], align: 2 },
  'v128.load64_zero': { gives: 'v128', code: [0xfd, 0x5d], align: 3 }
} as const
export type LoadName = keyof typeof loads

export const stores = {
  'i32.store': { takes: 'i32', code: [0x36], align: 2 },
  'f32.store': { takes: 'f32', code: [0x38], align: 2 },
  'f64.store': { takes: 'f64', code: [0x39], align: 3 },
  'v128.store': { takes: 'v128', code: [0xfd, 0x0b], align: 4 }
} as const
export type StoreName = keyof typeof stores

export const laneOperations = {
  'i32x4.extract_lane': { takes: ['v128'], gives: 'i32', code: 0x1b },
  'i32x4.replace_lane': { takes: ['v128', 'i32'], gives: 'v128', code: 0x1c },
  'f32x4.extract_lane': { takes: ['v128'], gives: 'f32', code: 0x1f },
  'f32x4.replace_lane': { takes: ['v128', 'f32'], gives: 'v128', code: 0x20 },
  'f64x2.extract_lane': { takes: ['v128'], gives: 'f64', code: 0x21 },
  'f64x2.replace_lane': { takes: ['v128', 'f64'], gives: 'v128', code: 0x22 }
} as const
export type LaneName = keyof typeof laneOperations

export type Values<Takes extends readonly ValueType[]> = { readonly [K in keyof Takes]: Value<Takes[K]> }

// --- looking -----------------------------------------------------------------------------------------------------------

const localsOf = (v: Value): readonly Local[] => {
  switch (v._tag) {
    case 'const':
    case 'lanes':
      return []
    case 'get':
      return [v.local]
    case 'tee':
      return [...localsOf(v.value), v.local]
    case 'op':
    case 'lane':
    case 'shuffle':
    case 'callValue':
      return v.args.flatMap(localsOf)
    case 'load':
    case 'atomicLoad':
      return localsOf(v.at)
    case 'select':
      return [v.yes, v.no, v.when].flatMap(localsOf)
    case 'atomicAdd':
      return [v.at, v.by].flatMap(localsOf)
  }
}

/** Every local that a statement reads or sets, as often as it does. */
export const localsIn = (t: Statement): readonly Local[] => {
  switch (t._tag) {
    case 'set':
      return [...localsOf(t.value), t.local]
    case 'store':
    case 'storeLane':
    case 'atomicStore':
      return [t.at, t.value].flatMap(localsOf)
    case 'block':
    case 'loop':
      return t.body.flatMap(localsIn)
    case 'if':
      return [...localsOf(t.when), ...t.yes.flatMap(localsIn), ...t.no.flatMap(localsIn)]
    case 'br':
    case 'return': {
      const own = t._tag === 'br' ? t.when : t.value
      return own === null ? [] : localsOf(own)
    }
    case 'call':
      return t.args.flatMap(localsOf)
    case 'drop':
      return localsOf(t.value)
    case 'copy':
    case 'fill':
      return [t.to, t.from, t.bytes].flatMap(localsOf)
    case 'wait':
      return [t.at, t.expected].flatMap(localsOf)
    case 'notify':
      return localsOf(t.at)
    case 'trap':
      return []
  }
}
