/**
 * Writing straight code and loops of one kernel, with its loads cached, hoisted out of loops they do not depend on, and
 * addressed by pointers that loops move on; and counting what it costs. See Note [What a stretch costs].
 */
import {
  count,
  get,
  int,
  type Local,
  load,
  local,
  mentions,
  op,
  plus,
  type Statement,
  set,
  until,
  type Value
} from '../code'
import { type Affine, codeOf, key, range } from './affine'

/** An array of a kernel: in lanes, sixteen bytes an element, one f32 of four systems; else one f32 for all systems. */
export interface LanesArray {
  readonly pointer: Local<'i32'>
  readonly strides: readonly number[]
  readonly lanes: boolean
}

/** A loop being written: what moves with it, and where code before it goes. */
interface Turning {
  readonly counter: Local<'i32'>
  readonly step: number
  readonly outside: Writer
  readonly pointers: Map<string, { readonly pointer: Local<'i32'>; readonly by: number }>
}

/** A stretch of straight code: the body of a kernel, of a loop or of a branch. */
export interface Writer {
  readonly out: Statement[]
  readonly arrays: ReadonlyMap<string, LanesArray>
  /** How often each word was used as a name. */
  readonly names: Map<string, number>
  /** Elements in locals, by array and position. */
  readonly loaded: Map<string, Local<'v128'>>
  readonly loop: Turning | null
  /** Counters that this stretch itself computes, such as quotients: nothing at such a place may be read before it. */
  readonly computed: Set<string>
  /** Whether a condition guards this stretch: nothing may be read before it. */
  readonly guarded: boolean
  readonly spent: Spent
}

/** Operations and loads of a stretch, accumulators it adds to and how often it adds to each, cycles of loops inside it. */
interface Spent {
  operations: number
  loads: number
  accumulators: number
  chain: number
  cycles: number
}

const nothingSpent = (): Spent => ({ operations: 0, loads: 0, accumulators: 0, chain: 0, cycles: 0 })

export const writer = (arrays: ReadonlyMap<string, LanesArray>): Writer => ({
  out: [],
  arrays,
  names: new Map(),
  loaded: new Map(),
  loop: null,
  computed: new Set(),
  guarded: false,
  spent: nothingSpent()
})

export const fresh = <T extends 'i32' | 'v128'>(w: Writer, word: string, type: T): Local<T> => {
  const used = w.names.get(word) ?? 0
  w.names.set(word, used + 1)
  return local(used === 0 ? word : `${word}.${used + 1}`, type)
}

/** Count operations of the stretch. */
export const spend = (w: Writer, operations: number): void => {
  w.spent.operations += operations
}

// --- loads -----------------------------------------------------------------------------------------------------------

/** Whether an address without its constant part may lie before the array: WebAssembly adds offsets without wrapping. */
const startsBelow = (at: Affine): boolean => at.base < 0 || range({ ...at, base: 0 })[0] < 0

/** The first address of an element and what is added to it at once. */
export const addressOf = (w: Writer, array: LanesArray, at: Affine): { at: Value<'i32'>; offset: number } => {
  const bytes = array.lanes ? 16 : 4
  const moved = codeOf(at.terms, bytes)
  const start = moved === null ? get(array.pointer) : plus(get(array.pointer), moved)
  spend(w, at.terms.length)
  return startsBelow(at) ? { at: plus(start, int(at.base * bytes)), offset: 0 } : { at: start, offset: at.base * bytes }
}

/** The same by a pointer that the loop around moves on. */
const movingAddress = (
  w: Writer,
  loop: Turning,
  label: string,
  array: LanesArray,
  at: Affine
): { at: Value<'i32'>; offset: number } => {
  const bytes = array.lanes ? 16 : 4
  const own = at.terms.find(({ counter }) => counter.name === loop.counter.name)
  const baked = startsBelow(at) ? at.base : 0
  const rest: Affine = { base: baked, terms: at.terms.filter((t) => t !== own) }
  const id = `${label} ${own?.by} ${key(rest)}`
  const known = loop.pointers.get(id)
  const offset = (at.base - baked) * bytes
  if (known !== undefined) return { at: get(known.pointer), offset }
  const pointer = fresh(w, `at_${label}`, 'i32')
  const first = addressOf(loop.outside, array, rest)
  loop.outside.out.push(set(pointer, plus(first.at, int(first.offset))))
  spend(loop.outside, 1)
  loop.pointers.set(id, { pointer, by: (own?.by ?? 0) * loop.step * bytes })
  return { at: get(pointer), offset }
}

/** One element of an array, in all lanes where it is the same for all systems. */
export const element = (w: Writer, label: string, at: Affine): Value<'v128'> => get(elementInto(w, label, at))

const elementInto = (w: Writer, label: string, at: Affine): Local<'v128'> => {
  const array = w.arrays.get(label)
  if (array === undefined) throw new Error(`internal: a kernel reads ${label}, which it is not given`)
  const id = `${label} ${key(at)}`
  const known = w.loaded.get(id)
  if (known !== undefined) return known
  const { loop } = w
  const here = at.terms.some(({ counter }) => w.computed.has(counter.name))
  const moves = loop !== null && at.terms.some(({ counter }) => counter.name === loop.counter.name)
  if (loop !== null && !moves && !here && !w.guarded) {
    const hoisted = elementInto(loop.outside, label, at)
    w.loaded.set(id, hoisted)
    w.spent.loads++
    return hoisted
  }
  const place = loop !== null && moves && !here ? movingAddress(w, loop, label, array, at) : addressOf(w, array, at)
  const own = fresh(w, label, 'v128')
  w.out.push(set(own, load(array.lanes ? 'v128.load' : 'v128.load32_splat', place.at, place.offset)))
  w.loaded.set(id, own)
  w.spent.loads++
  spend(w, 1)
  return own
}

// --- stretches -------------------------------------------------------------------------------------------------------

/** Vector registers that hold values; one more is a scratch register. */
const registers = 15
/** Operations a cycle, and cycles from one addition to the next that needs its outcome. */
const [width, latency] = [5, 2.5]
/** What values that go through memory make of a loop. */
const spilling = 4

const cyclesOf = ({ operations, loads, accumulators, chain, cycles }: Spent): number => {
  const busy = Math.max(operations / width, chain * latency)
  return cycles + busy * (loads + accumulators + 1 > registers ? spilling : 1)
}

/** Cycles of a whole kernel, as Note [What a stretch costs] has it. */
export const cycles = (w: Writer): number => cyclesOf(w.spent)

/** A loop around code that `body` writes, `trips` times. */
export const turn = (
  w: Writer,
  word: string,
  trips: number,
  step: number,
  body: (w: Writer, i: Local<'i32'>) => void
): void => {
  const counter = fresh(w, word, 'i32')
  const pointers: Turning['pointers'] = new Map()
  const inner: Writer = {
    ...w,
    out: [],
    loaded: new Map(),
    loop: { counter, step, outside: w, pointers },
    computed: new Set(),
    guarded: false,
    spent: nothingSpent()
  }
  body(inner, counter)
  const moves = [...pointers.values()].map(({ pointer, by }) => set(pointer, op('i32.add', get(pointer), int(by))))
  const turned = [...inner.out, ...moves]
  const first = [...pointers.values()].find(({ by }) => by !== 0)
  const loops =
    first === undefined || mentions(turned, counter)
      ? [count(counter, int(0), int(trips * step), step, turned)]
      : until(counter.name, first.pointer, trips * first.by, fresh(w, 'end', 'i32'), turned)
  w.out.push(...loops)
  spend(inner, pointers.size + 2)
  w.spent.cycles += trips * cyclesOf(inner.spent)
}

/** Code under a condition. */
export const guarded = (w: Writer, body: (w: Writer) => void): readonly Statement[] => {
  const inner: Writer = { ...w, out: [], loaded: new Map(w.loaded), guarded: true }
  body(inner)
  return inner.out
}

// Note [What a stretch costs]
// V8 puts additions and multiplications as late in a stretch of straight code as their uses allow, so that all its loads
// are live at once, beside its accumulators: what exceeds the sixteen vector registers goes through memory, accumulators
// among it, and a loop takes four times as long and more. Below that, a stretch takes the larger of its operations at five a cycle
// and of the chain of additions to one accumulator. Measured on one core of Zen 5 with 2 x 4 accumulators: 59 GFLOP/s;
// with 3 x 4: 12.
