/**
 * The stopwatch: one function timed by the benchmark package, in a table's terms.
 */
import Benchmark from 'benchmark'

export interface Timing {
  /** Milliseconds a call: median, and the quartiles around it. */
  readonly median: number
  readonly lower: number
  readonly upper: number
  /** How many samples the median is taken of; fast functions are called many times in one sample. */
  readonly samples: number
}

/** Samples below which no median is given. */
export const leastSamples = 5

/** The value at a share of a sorted list, between neighbours linearly. */
export const quantile = (sorted: readonly number[], share: number): number => {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!]
  return low + (at - below) * (high - low)
}

/**
 * Times `run` for `seconds` at most, or longer where `leastSamples` calls take longer. One call before the first sample
 * warms up; the package's own calibration warms up further.
 */
export const time = async (name: string, run: () => Promise<void> | void, seconds: number): Promise<Timing> => {
  await run()
  return new Promise((resolve, reject) => {
    let failure: unknown = null
    const benchmark = new Benchmark(name, {
      defer: true,
      minSamples: leastSamples,
      maxTime: seconds,
      fn: (deferred: { resolve(): void }) => {
        Promise.resolve(run()).then(
          () => deferred.resolve(),
          (cause: unknown) => {
            failure = cause
            benchmark.abort()
            deferred.resolve()
          }
        )
      },
      onComplete: () => {
        if (failure !== null) return reject(failure)
        const sorted = benchmark.stats.sample.map((s) => s * 1000).sort((a, b) => a - b)
        const at = (share: number) => quantile(sorted, share)
        resolve({ median: at(0.5), lower: at(0.25), upper: at(0.75), samples: sorted.length })
      }
    })
    benchmark.run({ async: true })
  })
}
