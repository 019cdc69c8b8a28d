/**
 * Time left of a row's trainings, from the operations that its training took so far and those that it plans.
 */

/** One training that goes on. */
export interface Underway {
  /** At a share of the training: `, about 12 min left`, or nothing while that is not known. */
  readonly at: (share: number) => string
  readonly end: () => void
}

export interface Remaining {
  readonly begin: (operations: number) => Underway
}

/** `about 40 s left`, `about 12 min left`, `about 3.5 h left`. */
export const show = (seconds: number): string =>
  seconds < 100
    ? `about ${Math.ceil(seconds)} s left`
    : seconds < 6000
      ? `about ${Math.round(seconds / 60)} min left`
      : `about ${(seconds / 3600).toFixed(1)} h left`

/** Milliseconds of training before a rate is taken from them. */
const patience = 3000

/**
 * The clock of a row that plans so many operations. What was trained earlier and is taken from a folder takes no time: the rate
 * is that of the shares that were seen to go by.
 */
export const remaining = (planned: number, now: () => number = () => performance.now()): Remaining => {
  let [gone, seen, busy] = [0, 0, 0]
  return {
    begin: (operations) => {
      let first: { readonly share: number; readonly time: number } | null = null
      let latest = { share: 0, time: 0 }
      return {
        at: (share) => {
          const time = now()
          first ??= { share, time }
          latest = { share, time }
          const ran = seen + (share - first.share) * operations
          const spent = busy + time - first.time
          const left = planned - gone - share * operations
          return spent < patience || ran <= 0 || left < 0 ? '' : `, ${show(((left / ran) * spent) / 1000)}`
        },
        end: () => {
          gone += operations
          if (first === null) return
          seen += (latest.share - first.share) * operations
          busy += latest.time - first.time
        }
      }
    }
  }
}
