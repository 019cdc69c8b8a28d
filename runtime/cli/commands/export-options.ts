/** What the targets of `ansatz export` are told. */
export interface ExportOptions {
  readonly target: 'jax' | 'onnx'
  readonly out: string
  /** Unknowns of a system, where a file is for one n and the model for any. */
  readonly n?: number
  readonly precision?: 'float32' | 'float64'
  readonly recipe?: string
  readonly seed?: number
  readonly systems?: boolean
  readonly force?: boolean
  readonly json?: boolean
}
