/**
 * Threads that run one module over one memory: Node's `worker_threads`. Each waits for the next call, makes its share, and
 * waits again. Pages run on one thread.
 */
import { words } from '../../codegen/targets/wasm/threads'
import { canThread, nodeThreads } from './threads'

export interface Team {
  /** One call of the program, by all threads; back when all have met at its end. Throws where one of them failed. */
  readonly run: () => void
  readonly close: () => Promise<void>
}

interface Hand {
  readonly ready: Promise<void>
  readonly stop: () => Promise<void>
}

/** What every worker does: text of our own, so that it needs no file of its own in a bundle. */
const loop = `({ module, memory, thread, threads, call, stop, met, failed }, ready) => {
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const words = new Int32Array(memory.buffer);
  let seen = Atomics.load(words, call);
  ready();
  for (;;) {
    Atomics.wait(words, call, seen);
    seen = Atomics.load(words, call);
    if (Atomics.load(words, stop) !== 0) return;
    try {
      run(thread, threads);
    } catch {
      // Whoever waits for this thread to meet is let go, to find that it failed.
      Atomics.store(words, failed, 1);
      Atomics.add(words, met, 1);
      Atomics.notify(words, met);
      return;
    }
  }
}`

const inNode = `const { parentPort, workerData } = require('node:worker_threads');
(${loop})(workerData, () => parentPort.postMessage(0));`

/** Threads that may work here at once: one where no other may share memory or wait. */
export const parallelism = (): number => {
  if (!canThread()) return 1
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  const os = process?.getBuiltinModule?.('node:os') as { availableParallelism?: () => number } | undefined
  return os?.availableParallelism?.() ?? 1
}

/** A thread; `onEnd` is told when it has ended, for whatever reason. */
const hand = (share: object, onEnd: () => void): Hand => {
  const found = nodeThreads()
  if (found === null) throw new Error('internal: no threads here; ask canThread first')
  const worker = new found.Worker(inNode, { eval: true, workerData: share, execArgv: [] })
  // A program that is left open must not keep the process alive.
  worker.unref()
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.on('error', reject)
    worker.once('exit', () => reject(new Error('a thread ended before it began')))
  })
  worker.once('exit', onEnd)
  return { ready, stop: async () => void (await worker.terminate()) }
}

export const team = async (module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number): Promise<Team> => {
  const { call, stop, met, failed } = words
  const flags = new Int32Array(memory.buffer)
  /** No call waits for a thread that has ended. */
  const fail = (): void => {
    Atomics.store(flags, failed, 1)
    Atomics.add(flags, met, 1)
    Atomics.notify(flags, met)
  }
  const hands = Array.from({ length: threads - 1 }, (_, k) =>
    hand({ module, memory, thread: k + 1, threads, call, stop, met, failed }, fail)
  )
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
      try {
        own.run(0, threads)
      } catch (cause) {
        throw Atomics.load(flags, failed) === 0 ? cause : new Error('another of its threads failed')
      }
    },
    close: async () => {
      Atomics.store(flags, stop, 1)
      next()
      await Promise.all(hands.map((h) => h.stop()))
    }
  }
}
