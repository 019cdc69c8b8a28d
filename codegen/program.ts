/**
 * A Program is what a target's printer hands to `runtime`: kernel texts, a launch table, and nothing that computes.
 *
 * Parameters, state and data are separate kinds of input, so that a runtime may keep the first two on the device:
 * a training step maps (parameters, optimiser state, batch) to new parameters and state, which `updates` names.
 */

/** What an input is to the program: trained weights, optimiser state, or the systems of one call. */
export type Role = 'parameter' | 'state' | 'data'

/** An array handed in from outside. Sizes are concrete, slowest axis first; values are C-ordered float32 or float64. */
export interface ProgramInput {
  readonly name: string
  readonly role: Role
  readonly dims: readonly number[]
}

/** A contiguous stretch of an input that kernels read as an array of its own; it costs no kernel. */
export interface ProgramView {
  readonly name: string
  readonly of: string
  /** First element, counted in elements of the input. */
  readonly offset: number
  readonly dims: readonly number[]
}

/** One kernel text. `output` and every argument's `dims` have rank 1 to 3, slowest axis first (`a[z][y][x]`). */
export interface ProgramKernel {
  /** A stable name, such as `linear_attention_S`. */
  readonly name: string
  /** The source, which begins with `function`. */
  readonly source: string
  readonly parameters: readonly { readonly name: string; readonly dims: readonly number[] }[]
  readonly output: readonly number[]
  readonly constants: Readonly<Record<string, number>>
}

/** Run kernel number `kernel` on the named buffers (inputs, views or earlier outputs) and call the result `output`. */
export interface ProgramLaunch {
  readonly kernel: number
  readonly inputs: readonly string[]
  readonly output: string
}

/** An array handed back; `dims` are the logical sizes (any rank), whose product is the number of elements. */
export interface ProgramOutput {
  readonly name: string
  readonly dims: readonly number[]
}

export interface Program {
  readonly name: string
  readonly inputs: readonly ProgramInput[]
  readonly views: readonly ProgramView[]
  readonly kernels: readonly ProgramKernel[]
  readonly launches: readonly ProgramLaunch[]
  /** Every array the caller may ask for. An output may be an input itself (passed through). */
  readonly outputs: readonly ProgramOutput[]
  /** After a call, the value of `output` becomes the parameter or state `input`. */
  readonly updates: readonly { readonly input: string; readonly output: string }[]
}
