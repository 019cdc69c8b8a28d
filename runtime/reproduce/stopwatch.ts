/**
 * The stopwatch of timed comparisons: contestants run in turns, in this process, so that whatever slows the machine for a
 * while slows all of them.
 */

// --- model -----------------------------------------------------------------------------------------------------------

export interface Contestant {
  readonly name: string
  /** One call; a promise is awaited. */
  readonly run: () => Promise<unknown> | unknown
}

export interface Timing {
  /** Milliseconds a call: median, and the quartiles around it. */
  readonly median: number
  readonly lower: number
  readonly upper: number
  /** How many samples the median is taken of; fast contestants are called many times in one sample. */
  readonly samples: number
}

export interface Timed extends Timing {
  readonly name: string
  /** Calls in one sample. */
  readonly calls: number
}

export interface TimeOptions {
  /** Milliseconds that every contestant runs before its first sample, two calls at least: compilers settle. */
  readonly warmUp?: number
  /** Milliseconds that a sample takes at least. */
  readonly sample?: number
  /** Rounds; in each every contestant gives one sample. */
  readonly rounds?: number
  /** No round begins after so many milliseconds of rounds, once there were `leastSamples`. */
  readonly limit?: number
  readonly onRound?: (done: number, of: number) => void
}

/** Samples below which no median is given. */
export const leastSamples = 5

const usual = { warmUp: 100, sample: 5, rounds: 15, limit: 10_000 }

// --- timing ----------------------------------------------------------------------------------------------------------

/** The value at a share of a sorted list, between neighbours linearly. */
export const quantile = (sorted: readonly number[], share: number): number => {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!]
  return low + (at - below) * (high - low)
}

export const timingOf = (milliseconds: readonly number[]): Timing => {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    lower: quantile(sorted, 0.25),
    upper: quantile(sorted, 0.75),
    samples: sorted.length
  }
}

/** Milliseconds a call, over `calls` of them. */
const clock = async ({ run }: Contestant, calls: number): Promise<number> => {
  const start = performance.now()
  for (let k = 0; k < calls; k++) {
    const answer = run()
    if (answer instanceof Promise) await answer
  }
  return (performance.now() - start) / calls
}

/** Runs a contestant until it is warm; the calls that fill a sample, by the second half of the warm-up. */
const warm = async (contestant: Contestant, warmUp: number, sample: number): Promise<number> => {
  const start = performance.now()
  await clock(contestant, 1)
  let each = await clock(contestant, 1)
  for (let calls = 1; performance.now() - start < warmUp; calls *= 2) each = await clock(contestant, calls)
  return Math.max(1, Math.ceil(sample / Math.max(each, 1e-4)))
}

/**
 * Medians and quartiles of the contestants' times, in their order: after its warm-up each gives one sample a round, and
 * every round begins with the next contestant. A contestant that fails ends it all, with its own failure.
 */
export const race = async (
  contestants: readonly Contestant[],
  options: TimeOptions = {}
): Promise<readonly Timed[]> => {
  const { warmUp, sample, rounds, limit } = { ...usual, ...options }
  const calls: number[] = []
  for (const contestant of contestants) calls.push(await warm(contestant, warmUp, sample))
  const samples: number[][] = contestants.map(() => [])
  const start = performance.now()
  for (let round = 0; round < Math.max(rounds, leastSamples); round++) {
    if (round >= leastSamples && performance.now() - start > limit) break
    for (let turn = 0; turn < contestants.length; turn++) {
      const k = (round + turn) % contestants.length
      samples[k]!.push(await clock(contestants[k]!, calls[k]!))
    }
    options.onRound?.(round + 1, rounds)
  }
  return contestants.map(({ name }, k) => ({ name, calls: calls[k]!, ...timingOf(samples[k]!) }))
}

/** What `race` does, in words, for a report's notes. */
export const method = ({ warmUp = usual.warmUp, rounds = usual.rounds }: TimeOptions = {}): string =>
  `Times are medians of up to ${rounds} samples (at least ${leastSamples}) in one process; the contestants take turns, ` +
  `each after a warm-up of ${warmUp} ms and two calls at least.`
