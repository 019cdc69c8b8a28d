/**
 * Progress on standard error: a bar that appears when a command takes more than a second, and only on a terminal.
 */
import type { SingleBar } from 'cli-progress'

export interface Bar {
  /** Where the work stands, `done` of `total`, a word on it, and more words as far as the line is wide. */
  readonly update: (done: number, total: number, about: string, ...more: readonly string[]) => void
  readonly stop: () => void
}

const silent: Bar = { update: () => {}, stop: () => {} }

/** Milliseconds before anything is shown of work that goes on. */
export const patience = 1000

/** Columns of a terminal that does not say how many it has. */
const usualWidth = 80

export const terminalWidth = (): number => process.stderr.columns ?? usualWidth

/** Words two columns apart, the first and as many others as a width has room for. */
export const fitted = (width: number, first: string, more: readonly string[]): string => {
  let text = first
  for (const word of more) {
    if (text.length + 2 + word.length > width) break
    text = text === '' ? word : `${text}  ${word}`
  }
  return text
}

/** A bar, or nothing where standard error is no terminal. */
export const bar = async (title: string): Promise<Bar> => {
  if (!process.stderr.isTTY) return silent
  const { default: progress } = await import('cli-progress')
  const start = Date.now()
  const barsize = terminalWidth() < 100 ? 6 : 24
  let shown: SingleBar | null = null
  let stopped = false
  return {
    update: (done, total, first, ...more) => {
      if (stopped) return
      const left = terminalWidth() - `${title}  ${done}/${total}  `.length - barsize
      const about = fitted(left, first, more)
      if (shown === null && Date.now() - start >= patience) {
        shown = new progress.SingleBar({
          format: `${title} {bar} {value}/{total}  {about}`,
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: true,
          barsize
        })
        shown.start(total, done, { about })
      }
      shown?.setTotal(total)
      shown?.update(done, { about })
    },
    stop: () => {
      stopped = true
      shown?.stop()
    }
  }
}
