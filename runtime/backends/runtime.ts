/**
 * What every backend is to the rest of `runtime`: it takes plans made for its target and gives executables.
 */
import type * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Plan } from '../../codegen/plan'
import type { Printers } from '../../codegen/printers'
import type { Target } from '../../codegen/schedule'
import type { BackendError, BackendName } from './error'

/** Arrays by name: float32, C order. */
export type Arrays = Readonly<Record<string, Float32Array>>

/** A compiled program: kept inputs, calls, and single launches. */
export interface Executable {
  readonly backend: BackendName
  /** How it executes: `sequential`, `generic`, `fused-sync` (webasm), `fused-encoder` (webgpu). */
  readonly kind: string
  /** True if parameters and state stay where they run from call to call. */
  readonly resident: boolean
  /**
   * Sets parameters and state (and data that stay the same for several calls, which `run` may then leave out).
   * Arrays are copied. A wrong name or size changes nothing, and every later call fails with the same sentence until
   * a load succeeds.
   */
  load(values: Arrays): E.Either<BackendError, void>
  /**
   * One call: data in, the outputs in `want` (all, if left out) back, then `updates` take effect. Calls queue; data
   * arrays are not copied and must stay as they are until the answer. NaN and infinities are passed through.
   */
  run(data: Arrays, want?: readonly string[]): TaskEither<BackendError, Arrays>
  /** Current values of parameters and state (all of them, if left out). */
  read(names?: readonly string[]): TaskEither<BackendError, Arrays>
  /** Launch number `index` of the plan's table, its kernel alone, on the given arrays. */
  launch(index: number, inputs: readonly Float32Array[]): TaskEither<BackendError, Float32Array>
  dispose(): Promise<void>
}

export interface Runtime {
  readonly backend: BackendName
  /** What executes, in words: the graphics adapter's name, `WebAssembly SIMD`, `plain JavaScript`. */
  readonly adapter: string
  readonly hardware: boolean
  /** Whether gpu.js's generator of WebAssembly runs patched, and why; null where it does not run at all. */
  readonly patch: CodeGenerator | null
  /** What its plans are scheduled for. */
  readonly target: Target
  /**
   * Prints and builds every kernel of the plan; nothing runs yet. A kernel that does not compile is a Left that names
   * it. `printers` replaces the printer of the backend's target.
   */
  compile(plan: Plan, printers?: Partial<Printers>): TaskEither<BackendError, Executable>
  /** The plan with what compiling it decides after a search, to be kept: it compiles to the same program, and sooner. */
  decided(plan: Plan): Plan
  /** Disposes of every executable and of what the backend holds. */
  close(): Promise<void>
}

/** `patched`: without the two faults that make its code slow; `reason` says why, or why not. */
export interface CodeGenerator {
  readonly patched: boolean
  readonly reason: string
}

export interface OpenOptions {
  /** True keeps gpu.js's generator of WebAssembly as it is. Default false: patched where that passes its self-test. */
  readonly stock?: boolean
  /** False keeps to gpu.js's published calls: arguments and results are copied at every call. Default true. */
  readonly resident?: boolean
  /** The most threads that `wasm` may use; a small program takes one. Default: as many as the processor runs at once. */
  readonly threads?: number
  /**
   * False keeps `wasm` from multiplying and adding in one instruction, which rounds once instead of twice: the same bits then
   * on every machine. Default true: fused where engine and processor are found to do it.
   */
  readonly fused?: boolean
  /** False refuses a graphics processor that is only software. Default true. */
  readonly software?: boolean
}
