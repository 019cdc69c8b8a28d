/**
 * What a contestant is: a library, or one of our own targets, that can do some of the work of this benchmark. Each runs in a
 * process of its own, so that none disturbs another's heap, threads or code.
 */

/** An array on disk: float32, C order, little-endian. */
export interface StoredArray {
  readonly file: string
  readonly dims: readonly number[]
}

/** One piece of work, as a contestant's process is told of it. */
export interface Job {
  readonly workload: string
  readonly method: string
  readonly sizes: Readonly<Record<string, number>>
  readonly arrays: Readonly<Record<string, StoredArray>>
  readonly threads: number
}

/** Work ready to be done again and again; whatever is made beforehand is not timed. */
export interface Ready {
  /** Does the work once, from its operands to an answer in the caller's memory. */
  readonly call: () => Promise<unknown> | unknown
  /** Does the work and gives the answer, for the check that precedes the stopwatch. */
  readonly answer: () => Promise<Float32Array> | Float32Array
  readonly close: () => Promise<void> | void
}

/** One way to do a workload. */
export interface Method {
  readonly workload: string
  /** What it is in the library's words: `solve`, `Cholesky`, `jit`. */
  readonly name: string
  /** The reference that its answer is held against: a name of the workload's. */
  readonly gives: string
  /** Sizes for which it is not tried, each with the reason. */
  readonly skips?: (sizes: Readonly<Record<string, number>>) => string | null
  readonly prepare: (job: Job) => Promise<Ready> | Ready
}

export interface Contestant {
  readonly version: string
  /** What really executes: instruction set, threads, kernel. */
  readonly detail: string
  readonly methods: readonly Method[]
}
