/**
 * What runs behind a command's name: its module, read when the command runs, and an exit code for whatever it gives.
 */
import { showsStacks } from './debug'
import { type Exit, exits, type Outcome } from './exit'

/** One sentence for people. */
export const complain = (message: string): void => {
  process.stderr.write(`ansatz: ${message}\n`)
}

/** A fault of our own: its sentence, and its stack where that is asked for. */
export const internal = (error: unknown): void => {
  const message = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
  complain(`a fault of ansatz itself: ${message.replace(/^internal: /, '')}; with ANSATZ_DEBUG=1 it says where`)
  if (showsStacks && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode = exits.internal.code
}

const end = (exit: Exit): void => {
  process.exitCode = exits[exit].code
}

/** Loads a command's module, runs it, and turns what it gives into an exit code. */
export const action =
  <A extends readonly unknown[]>(load: () => Promise<(...args: A) => Promise<Outcome>>) =>
  async (...args: A): Promise<void> => {
    try {
      const run = await load()
      const outcome = await run(...args)
      if (outcome._tag === 'Right') return end(outcome.right)
      complain(outcome.left.message)
      end(outcome.left.exit)
    } catch (error) {
      internal(error)
    }
  }
