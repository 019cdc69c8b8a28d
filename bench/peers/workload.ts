/** What is compared: a piece of work with its operands and, in float64, its answers. */

export type WorkloadName = 'contraction' | 'systems' | 'block' | 'transformer' | 'training'

export interface Reference {
  readonly values: Float64Array
  /** How far an answer may be off, as a share of the largest reference value. */
  readonly tolerance: number
}

export interface Operand {
  readonly values: Float32Array
  readonly dims: readonly number[]
}

/** One line-up: the same operands for everybody. */
export interface Case {
  readonly workload: WorkloadName
  /** In the table's heading: `[2048 x 256] . [256 x 1024]`. */
  readonly title: string
  readonly sizes: Readonly<Record<string, number>>
  readonly make: () => {
    readonly operands: Readonly<Record<string, Operand>>
    readonly references: Readonly<Record<string, Reference>>
  }
  /** Floating-point operations of one call that gives this reference, where that means something. */
  readonly operations: (gives: string) => number | null
  /** `CONTESTANT METHOD` whose time the ratios are of; the first that is there. */
  readonly baseline: readonly string[]
}

/** What an answer is held against. */
export interface Stored {
  readonly file: string
  readonly tolerance: number
}
