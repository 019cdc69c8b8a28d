/**
 * The lines that go between the benchmark and a contestant's process: one JSON object a line, a reply for every request and a
 * greeting first. Lines of other forms are a library's own chatter and are ignored.
 */
import type { Job } from './contestant'

export type Request =
  | { readonly ask: 'prepare'; readonly job: Job }
  /** Writes the answer of a prepared method to `file`, float32. */
  | { readonly ask: 'answer'; readonly method: string; readonly file: string }
  /** Calls it for so many milliseconds, two calls at least unless they take seconds. */
  | { readonly ask: 'warm'; readonly method: string; readonly milliseconds: number }
  /** `calls` timed calls; `again` puts an untimed one before them, since the others' turns have emptied the caches. */
  | { readonly ask: 'time'; readonly method: string; readonly calls: number; readonly again: boolean }
  /** Closes all that is prepared. */
  | { readonly ask: 'close' }

/** Milliseconds a call: by the clock on the wall, and the processors' time that the process took, all threads together. */
export interface Clocked {
  readonly wall: number
  readonly cpu: number
}

export interface Greeting {
  readonly version: string
  readonly detail: string
  readonly methods: readonly {
    readonly workload: string
    readonly name: string
    readonly gives: string
  }[]
}

export type Reply =
  | {
      readonly ok: true
      readonly greeting?: Greeting
      readonly each?: Clocked
      /** Why this job is not done by this method. */
      readonly skipped?: string
    }
  | { readonly ok: false; readonly why: string }

const marked = /^\{"ok":/

/** The reply that a line holds, or null for chatter. */
export const reply = (line: string): Reply | null => (marked.test(line) ? (JSON.parse(line) as Reply) : null)

export const line = (message: Request | Reply): string => `${JSON.stringify(message)}\n`
