/**
 * Threads that run one module over one memory. Each waits for the next call, makes its share, and waits again. A thread that
 * may sleep is one of them; a page's own may not, and hears from the first of the others when a call has been made.
 */
import { words } from '../../codegen/targets/wasm/threads'
import { maySleep, type Thread, thread } from './worker'

export interface Team {
  /** One call of the program, by all threads; back when all have met at its end. Throws or rejects where one of them failed. */
  readonly run: () => void | Promise<void>
  readonly close: () => Promise<void>
}

/** What every worker does. */
const loop = `
const { module, memory, thread, threads, tells, call, stop, met, failed } = data
const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports
const words = new Int32Array(memory.buffer)
let seen = Atomics.load(words, call)
tell('ready')
for (;;) {
  Atomics.wait(words, call, seen)
  seen = Atomics.load(words, call)
  if (Atomics.load(words, stop) !== 0) break
  try {
    run(thread, threads)
    if (tells) tell('met')
  } catch {
    // Whoever waits for this thread to meet is let go, to find that it failed.
    Atomics.store(words, failed, 1)
    Atomics.add(words, met, 1)
    Atomics.notify(words, met)
    if (tells) tell('failed')
    break
  }
}
`

interface Hand {
  readonly ready: Promise<void>
  /** The next word of a thread that tells: whether its call was made. */
  readonly made: () => Promise<boolean>
  readonly thread: Thread
}

/** A thread; `onEnd` is told when it has failed or ended, for whatever reason. */
const hand = (share: object, onEnd: () => void): Hand => {
  let told: ((made: boolean) => void) | null = null
  let started: () => void = () => {}
  let refused: (cause: Error) => void = () => {}
  const ready = new Promise<void>((resolve, reject) => {
    started = resolve
    refused = reject
  })
  const own = thread(loop, share, {
    heard: (word) => {
      if (word === 'ready') {
        // A program that is left open must not keep the process alive; one that is being opened must.
        own.keepAlive(false)
        started()
      } else told?.(word === 'met')
    },
    ended: (how) => {
      onEnd()
      refused(new Error(`a thread ${how}`))
      told?.(false)
    }
  })
  own.keepAlive(true)
  return {
    ready,
    made: () =>
      new Promise((resolve) => {
        told = resolve
      }),
    thread: own
  }
}

const another = 'another of its threads failed'

export const team = async (module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number): Promise<Team> => {
  const { call, stop, met, failed } = words
  const own = maySleep()
    ? (new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as {
        readonly run: (thread: number, threads: number) => void
      })
    : null
  const flags = new Int32Array(memory.buffer)
  /** No call waits for a thread that has ended. */
  const fail = (): void => {
    Atomics.store(flags, failed, 1)
    Atomics.add(flags, met, 1)
    Atomics.notify(flags, met)
  }
  const hands = Array.from({ length: own === null ? threads : threads - 1 }, (_, k) => {
    const which = own === null ? k : k + 1
    return hand({ module, memory, thread: which, threads, tells: which === 0, call, stop, met, failed }, fail)
  })
  const end = async (): Promise<void> => void (await Promise.all(hands.map((h) => h.thread.terminate())))
  try {
    await Promise.all(hands.map((h) => h.ready))
  } catch (cause) {
    await end()
    throw cause
  }
  const next = (): void => {
    Atomics.add(flags, call, 1)
    Atomics.notify(flags, call)
  }
  const fromOutside = async (first: Hand): Promise<void> => {
    if (Atomics.load(flags, failed) !== 0) throw new Error(another)
    const made = first.made()
    next()
    if (!(await made)) throw new Error(another)
  }
  const [first] = hands
  return {
    run: () => {
      if (own === null) return first === undefined ? Promise.resolve() : fromOutside(first)
      next()
      try {
        own.run(0, threads)
      } catch (cause) {
        throw Atomics.load(flags, failed) === 0 ? cause : new Error(another)
      }
    },
    close: async () => {
      Atomics.store(flags, stop, 1)
      next()
      await end()
    }
  }
}
