/**
 * Interrupts (Ctrl-C, SIGTERM) as a signal that work looks at between two pieces of it.
 */
import { note } from './print'

/** Aborts at the first interrupt, with a sentence; a second one ends the program as usual. */
export const interruptible = (sentence: string): { readonly signal: AbortSignal; readonly release: () => void } => {
  const control = new AbortController()
  const stop = (): void => {
    note(sentence)
    control.abort()
    release()
  }
  const release = (): void => {
    process.removeListener('SIGINT', stop)
    process.removeListener('SIGTERM', stop)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return { signal: control.signal, release }
}
