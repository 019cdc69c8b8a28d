/**
 * Progress on standard error: a bar that appears when a command takes more than a second, and only on a terminal.
 */
import type { SingleBar } from 'cli-progress'

export interface Bar {
  /** Where the work stands, `done` of `total`, and a word on it. */
  readonly update: (done: number, total: number, about: string) => void
  readonly stop: () => void
}

const silent: Bar = { update: () => {}, stop: () => {} }

/** Milliseconds before a bar is shown. */
const patience = 1000

/** A bar, or nothing where standard error is no terminal. */
export const bar = async (title: string): Promise<Bar> => {
  if (!process.stderr.isTTY) return silent
  const { default: progress } = await import('cli-progress')
  const start = Date.now()
  let shown: SingleBar | null = null
  return {
    update: (done, total, about) => {
      if (shown === null && Date.now() - start >= patience) {
        shown = new progress.SingleBar({
          format: `${title} {bar} {value}/{total}  {about}`,
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: true,
          barsize: 24
        })
        shown.start(total, done, { about })
      }
      shown?.setTotal(total)
      shown?.update(done, { about })
    },
    stop: () => shown?.stop()
  }
}
