/** What the targets of `ansatz export` are told. */
export interface ExportOptions {
  readonly target: 'jax'
  readonly out: string
  readonly recipe?: string
  readonly seed?: number
  readonly systems?: boolean
  readonly json?: boolean
}
