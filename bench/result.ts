/** What the benchmarks find, as it is written to JSON. */

/** One line of the table at one size. */
export interface Cell {
  /** `forward`, `vjp`, `step`, `polynomial`, or a classical solver's name. */
  readonly what: string
  /** A backend, `webasm stock` (gpu.js's generator of WebAssembly as it is), or what stands in for one: `float64`, `ml-matrix`. */
  readonly backend: string
  readonly n: number
  /** Systems in one call; fewer than asked for where a call would have taken too long. */
  readonly batch: number
  /** Milliseconds a call. */
  readonly median: number
  readonly lower: number
  readonly upper: number
  readonly samples: number
  /** `median` by system, in microseconds. */
  readonly microseconds: number
}

/** A cell that has no figure, and why. */
export interface Gap {
  readonly what: string
  readonly backend: string
  readonly n: number
  readonly why: string
}

export interface Backend {
  readonly name: string
  readonly works: boolean
  /** The adapter, or why it does not work. */
  readonly detail: string
}

export interface Results {
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly node: string
    readonly platform: string
    /** Processes that wanted a core in the minute before; where it nears `cores`, the figures are those of a busy machine. */
    readonly load: number
  }
  readonly model: string
  readonly batch: number
  readonly seconds: number
  readonly backends: readonly Backend[]
  readonly cells: readonly Cell[]
  readonly gaps: readonly Gap[]
}
