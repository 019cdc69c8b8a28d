/** Threads of our programs, which a test can see and spoil: Node's own, made by a constructor of ours. */
import { Worker, type WorkerOptions } from 'node:worker_threads'

export interface Made {
  readonly worker: Worker
  /** Calls that were asked of it. */
  calls: number
}

export interface Spoiling {
  /** What a thread runs instead of its text; the data that it is given is another argument. */
  readonly text?: (text: string) => string
  /** Called with every thread before a call is asked of it. */
  readonly onCall?: (made: Made) => void
}

type Lookup = (name: string) => unknown

/**
 * Makes threads ask us first, until `undo`. Only those that take calls by message (crews) count calls; all are listed.
 */
export const watchThreads = (
  spoiling: Spoiling = {}
): { readonly made: readonly Made[]; readonly undo: () => void } => {
  const made: Made[] = []
  class Watched extends Worker {
    readonly #own: Made
    constructor(text: string, options: WorkerOptions) {
      super(spoiling.text?.(text) ?? text, options)
      this.#own = { worker: this, calls: 0 }
      made.push(this.#own)
    }
    override postMessage(value: unknown): void {
      this.#own.calls++
      spoiling.onCall?.(this.#own)
      super.postMessage(value)
    }
  }
  const holder = process as unknown as { getBuiltinModule: Lookup }
  const real = holder.getBuiltinModule
  holder.getBuiltinModule = (name) => {
    const found = real.call(process, name)
    return name === 'node:worker_threads' ? { ...(found as object), Worker: Watched } : found
  }
  return {
    made,
    undo: () => {
      holder.getBuiltinModule = real
    }
  }
}
