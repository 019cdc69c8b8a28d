/**
 * Threads that run one module over one memory: `worker_threads` in Node, Workers in a page. Each waits for the next call,
 * makes its share, and waits again.
 */
import { words } from '../../codegen/targets/wasm/threads'

export interface Team {
  /** One call of the program, by all threads; back when all have met at its end. */
  readonly run: () => void
  readonly close: () => Promise<void>
}

interface Hand {
  readonly ready: Promise<void>
  readonly stop: () => Promise<void>
}

/** What every worker does; the same text in Node and in a page, which hand it its share in different ways. */
const loop = `({ module, memory, thread, threads, call, stop }, ready) => {
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const words = new Int32Array(memory.buffer);
  let seen = Atomics.load(words, call);
  ready();
  for (;;) {
    Atomics.wait(words, call, seen);
    seen = Atomics.load(words, call);
    if (Atomics.load(words, stop) !== 0) return;
    run(thread, threads);
  }
}`

const inNode = `const { parentPort, workerData } = require('node:worker_threads');
(${loop})(workerData, () => parentPort.postMessage(0));`

interface NodeWorker {
  once(event: string, listener: (value: unknown) => void): void
  unref(): void
  terminate(): Promise<number>
}

type Builtin = (name: string) => unknown

/** Node's own modules, without an import that a bundler for pages would follow. */
const builtin = (): Builtin | null => {
  const own = (globalThis as { readonly process?: { readonly getBuiltinModule?: Builtin } }).process?.getBuiltinModule
  return own === undefined ? null : (name) => own(name)
}

const threadsModule = () =>
  builtin()?.('node:worker_threads') as
    | { readonly Worker: new (text: string, options: object) => NodeWorker; readonly isMainThread: boolean }
    | undefined

/** Threads that may work here at once: one where no other may share memory or wait. */
export const parallelism = (): number => {
  if (threadsModule() === undefined || typeof SharedArrayBuffer === 'undefined') return 1
  const os = builtin()?.('node:os') as { readonly availableParallelism?: () => number } | undefined
  return os?.availableParallelism?.() ?? 1
}

const hand = (share: object): Hand => {
  const node = threadsModule()
  if (node === undefined) throw new Error('internal: there are no threads here')
  const worker = new node.Worker(inNode, { eval: true, workerData: share })
  // A program that is left open must not keep the process alive.
  worker.unref()
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  return { ready, stop: async () => void (await worker.terminate()) }
}

export const team = async (module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number): Promise<Team> => {
  const { call, stop } = words
  const hands = Array.from({ length: threads - 1 }, (_, k) =>
    hand({ module, memory, thread: k + 1, threads, call, stop })
  )
  const flags = new Int32Array(memory.buffer)
  const own = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as {
    readonly run: (thread: number, threads: number) => void
  }
  await Promise.all(hands.map((h) => h.ready))
  const next = (): void => {
    Atomics.add(flags, call, 1)
    Atomics.notify(flags, call)
  }
  return {
    run: () => {
      next()
      own.run(0, threads)
    },
    close: async () => {
      Atomics.store(flags, stop, 1)
      next()
      await Promise.all(hands.map((h) => h.stop()))
    }
  }
}
