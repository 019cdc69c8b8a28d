/**
 * What we use of gpu.js, as one small interface of our own: its typings lack Float32Array arguments, string sources
 * and `input` as a value. The cast happens once, in `loadLibrary`. gpu.js is imported when first needed (200 ms).
 */

/** A flat array with its sizes, fastest axis first; opaque. */
export interface GpuInput {
  readonly value: Float32Array
  readonly size: readonly number[]
}

export interface GpuKernelSettings {
  /** Sizes, fastest axis first. */
  readonly output: readonly number[]
  readonly precision: 'single'
  readonly loopMaxIterations: number
  readonly constants?: Readonly<Record<string, number>>
}

/** One compiled text. Calling it runs it: cpu and webasm answer at once, webgpu with a promise. */
export interface GpuKernel {
  (...inputs: readonly unknown[]): unknown
  readonly kernel: {
    readonly constructor: {
      readonly mode?: string
      /** webasm: runs a module's cells, quads by SIMD and the rest one by one. */
      readonly dispatchSpans?: (run: unknown, runSimd: unknown, cells: number, sizeX: number, seed: number) => string
    }
    readonly fallbackReason: string | null
    build(...inputs: readonly unknown[]): unknown
  }
  destroy(): void
}

/** A fused plan. Arguments and results are copied at every call. */
export interface GpuPipeline {
  (...inputs: readonly unknown[]): Promise<unknown>
  /** gpu.js's own object; its unpublished parts are checked before use (`resident.ts`). */
  readonly pipeline: unknown
  readonly executorKind: string
  readonly fallbackReason: string | null
  readonly backend: string | null
  destroy(): Promise<void>
}

export interface Gpu {
  /** The class of the kernels that `createKernel` makes. */
  Kernel: unknown
  createKernel(source: string, settings: GpuKernelSettings): GpuKernel
  createPipeline(plan: (...handles: unknown[]) => unknown, settings: { readonly threads: boolean }): GpuPipeline
  destroy(): Promise<void>
}

export interface GpuLibrary {
  readonly GPU: {
    new (settings: { readonly mode: string }): Gpu
    readonly isHeadlessGLSupported: boolean
    readonly isWebGL2Supported: boolean
    readonly isWebAssemblySupported: boolean
  }
  readonly input: (values: Float32Array, size: number[]) => GpuInput
}

let loaded: Promise<GpuLibrary> | null = null

/** Imports gpu.js once. */
export const loadLibrary = (): Promise<GpuLibrary> => {
  loaded ??= import('gpu.js').then((module) => module as unknown as GpuLibrary)
  return loaded
}
