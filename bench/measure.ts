/**
 * The stopwatch: one function timed by the benchmark package, in a table's terms.
 */
import Benchmark from 'benchmark'

import { leastSamples, type Timing, timingOf } from '../runtime/reproduce/stopwatch'

export { leastSamples, quantile } from '../runtime/reproduce/stopwatch'

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
        resolve(timingOf(benchmark.stats.sample.map((s) => s * 1000)))
      }
    })
    benchmark.run({ async: true })
  })
}
