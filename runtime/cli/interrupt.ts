/**
 * Interrupts (Ctrl-C, SIGTERM) as a signal that work looks at between two pieces of it.
 */
import { note } from './print'

/**
 * Aborts at the first interrupt, with a sentence, for which `room` clears what stands in its place; a second one ends the program
 * as usual.
 */
export const interruptible = (
  sentence: string,
  room: () => void = () => {}
): { readonly signal: AbortSignal; readonly release: () => void } => {
  const control = new AbortController()
  const stop = (): void => {
    room()
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
