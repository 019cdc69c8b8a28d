/** What a comparison finds, as it is written to JSON. */
import type { Timing } from '../../runtime/reproduce/stopwatch'
import type { Clocked } from './protocol'
import type { WorkloadName } from './workload'

export interface Line {
  readonly contestant: string
  readonly method: string
  readonly threads: number
  /** Processes that do the whole work at the same time. */
  readonly processes: number
  /** Milliseconds a call. */
  readonly time: Timing
  /** Milliseconds of processor time a call, all threads together. */
  readonly cpu: Timing
  /** Time over the baseline's in the same round; null without a baseline. */
  readonly ratio: Timing | null
  /** 1e9 floating-point operations a second, of all processes together; by processor time, where ratios are. */
  readonly gflops: number | null
  /** Of the answer, as a share of the largest reference value. */
  readonly error: number
  readonly samples: readonly Clocked[]
}

/** A line that has no figure, and why. `wrong`: it gave another answer than the reference. */
export interface Gap {
  readonly contestant: string
  readonly method: string | null
  readonly threads: number
  readonly why: string
  readonly wrong: boolean
}

export interface Comparison {
  readonly workload: WorkloadName
  readonly title: string
  readonly sizes: Readonly<Record<string, number>>
  readonly baseline: string | null
  /** Which time the ratios are of. */
  readonly clock: keyof Clocked
  readonly lines: readonly Line[]
  readonly gaps: readonly Gap[]
}

export interface Taker {
  readonly name: string
  readonly threads: number
  readonly version: string
  readonly detail: string
}

export interface Results {
  readonly date: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGiB: number
    readonly node: string
    readonly platform: string
    /** Processes that wanted a core in the minute before, and in the minute before the end. */
    readonly loadBefore: number
    readonly loadAfter: number
  }
  readonly contestants: readonly Taker[]
  /** Those that could not start, each with the reason. */
  readonly absent: readonly { readonly name: string; readonly threads: number; readonly why: string }[]
  readonly comparisons: readonly Comparison[]
}
