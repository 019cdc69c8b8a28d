/** How a wired program is executed on one device; three ways exist: `sequential.ts`, `fused.ts`, `resident.ts`. */

export interface Engine {
  /** What executes, by gpu.js's word for it: `sequential`, `generic`, `fused-sync`, `fused-encoder`. */
  readonly kind: string
  /** True if `updates` happen on the device; the caller then asks `fetch` for them instead of keeping copies. */
  readonly keepsState: boolean
  /**
   * One call. `values` has every input's current array, except that an engine which keeps state needs only those named
   * in `changed`. Answers the arrays of the steps named in `want`.
   */
  run(
    values: ReadonlyMap<string, Float32Array>,
    changed: ReadonlySet<string>,
    want: readonly number[]
  ): Promise<ReadonlyMap<number, Float32Array>>
  /** Arrays of the latest call's steps, still on the device. */
  fetch(steps: readonly number[]): Promise<ReadonlyMap<number, Float32Array>>
  destroy(): Promise<void>
}
