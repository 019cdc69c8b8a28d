/**
 * Loops over groups on several threads. Every thread but this one has a memory that this one can write: it copies one
 * group in while the other runs, computes groups of its own in between, and takes answers out as they come.
 */
import type { GroupProgram } from '../../codegen/targets/wasm/lanes/group'
import { pageBytes } from '../../codegen/targets/wasm/module'
import { compiled } from './compile'
import { batchOf, copyIn, copyOut, type GroupExports, type Groups, loadInto, outputsFor, portOf, split } from './lanes'
import { maySleep, type Thread, thread } from './worker'

export interface ThreadedGroups extends Groups {
  readonly threads: number
  readonly close: () => void
}

/**
 * What a thread's two places for a group say: nothing, so many systems to compute, that many and `taken` where the thread
 * has begun, or (negative) so many computed.
 */
const [idle, taken, broken] = [0, 2 ** 30, -(2 ** 31)]

/** Turns to look for work before sleeping: about as long as waking takes. */
const patience = 20_000

/** A thread: it takes what its places hold, one after the other. */
const text = `
const { module, memory, control, groupBytes, patience, taken, broken } = data
const { begin, run } = new WebAssembly.Instance(module, { env: { memory } }).exports
const places = new Int32Array(control)
for (let place = 0; ; place = 1 - place) {
  let systems = 0
  for (let turns = 0; (systems = Atomics.load(places, place)) <= 0; turns++) {
    if (turns > patience) Atomics.wait(places, place, systems)
  }
  // This place may just have been taken back: then it is looked at again.
  if (Atomics.compareExchange(places, place, systems, systems + taken) !== systems) {
    place = 1 - place
    continue
  }
  let done = -systems
  try {
    begin()
    run(systems, place * groupBytes)
  } catch {
    done = broken
  }
  Atomics.store(places, place, done)
  Atomics.notify(places, place)
}
`

interface Helper {
  readonly numbers: Float32Array
  readonly places: Int32Array
  /** The first system of what each place holds. */
  readonly from: number[]
  /** The place that is filled next. */
  next: number
  readonly thread: Thread
}

const pagesOf = (program: GroupProgram): number => Math.ceil((program.bytes + program.groupBytes) / pageBytes)

const helper = (program: GroupProgram, module: WebAssembly.Module): Helper => {
  const pages = pagesOf(program)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const control = new SharedArrayBuffer(8)
  const places = new Int32Array(control)
  const data = { module, memory, control, groupBytes: program.groupBytes, patience, taken, broken }
  const ended = (): void => {
    for (const place of [0, 1]) Atomics.store(places, place, broken)
  }
  return {
    numbers: new Float32Array(memory.buffer),
    places,
    from: [0, 0],
    next: 0,
    thread: thread(text, data, { ended })
  }
}

/**
 * The same as `groups`, on `threads` threads. A program that adds systems up or updates its inputs is not for this: its
 * totals are of one memory. Call `close` when done; threads that wait do not keep the process alive.
 */
export const threadedGroups = (program: GroupProgram, threads: number, fused = true): ThreadedGroups => {
  if (program.outputs.some((p) => !p.batched)) throw new Error(`internal: ${program.name} gives totals over systems`)
  const pages = pagesOf(program)
  const memory = { pages, most: pages, imported: true, shared: true }
  const module = compiled({ ...program.module, memory }, fused)
  const own = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const { begin, run } = new WebAssembly.Instance(module, { env: { memory: own } }).exports as unknown as GroupExports
  const numbers = new Float32Array(own.buffer)
  const helpers = Array.from({ length: threads - 1 }, () => helper(program, module))
  const sleeps = maySleep()
  const memories = [numbers, ...helpers.map((h) => h.numbers)]
  const load: Groups['load'] = (values) => {
    for (const each of memories) loadInto(program, each, values)
  }

  return {
    program,
    threads,
    bytes: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    load,
    run: (data, want = program.outputs.map((o) => o.name), into = {}) => {
      const given = split(program, data)
      const batch = batchOf(program, data)
      const { made, each } = outputsFor(program, want, batch, into)
      load(given.once)
      // No thread gets more at once than leaves work for the others.
      const least = Math.ceil(batch / (16 * threads) / 4) * 4
      const group = Math.min(program.group, Math.max(4, least))
      let from = 0

      /** Take out what is done at a place, and put the next group there. */
      const serve = (h: Helper, place: number): void => {
        const state = Atomics.load(h.places, place)
        if (state === broken) throw new Error(`internal: a thread of ${program.name} failed`)
        const offset = place * program.groupBytes
        if (state < 0) {
          copyOut(each, h.numbers, made, h.from[place] as number, -state, offset)
          Atomics.store(h.places, place, idle)
        }
        if (state > 0 || from >= batch || h.next !== place) return
        const systems = Math.min(group, batch - from)
        copyIn(given.each, h.numbers, data, from, systems, offset)
        h.from[place] = from
        h.next = 1 - place
        from += systems
        Atomics.store(h.places, place, systems)
        Atomics.notify(h.places, place)
      }

      const compute = (first: number, systems: number): void => {
        copyIn(given.each, numbers, data, first, systems)
        run(systems, 0)
        copyOut(each, numbers, made, first, systems)
      }

      /** Take back what a thread has not begun, the later place first: a thread takes its places in turn. */
      const takeBack = (h: Helper): void => {
        for (const place of [1 - h.next, h.next]) {
          const state = Atomics.load(h.places, place)
          if (state <= 0 || state >= taken) continue
          if (Atomics.compareExchange(h.places, place, state, idle) !== state) continue
          h.next = place
          compute(h.from[place] as number, state)
        }
      }

      begin()
      while (from < batch) {
        for (const h of helpers) for (const place of [h.next, 1 - h.next]) serve(h, place)
        if (from >= batch) break
        const systems = Math.min(group, batch - from)
        const first = from
        from += systems
        compute(first, systems)
      }
      for (const h of helpers) takeBack(h)
      for (const h of helpers) {
        for (const place of [0, 1]) {
          for (let turns = 0; Atomics.load(h.places, place) > 0; turns++) {
            if (sleeps && turns > patience) Atomics.wait(h.places, place, Atomics.load(h.places, place), 100)
          }
          serve(h, place)
        }
      }
      return made
    },
    read: (name) => {
      const { address, elements } = portOf(program, name)
      return numbers.slice(address / 4, address / 4 + elements)
    },
    close: () => {
      for (const h of helpers) void h.thread.terminate()
    }
  }
}
