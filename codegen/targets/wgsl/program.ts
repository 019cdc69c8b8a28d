/** What the WGSL printer hands to `runtime`: kernel texts, dispatches in order, and where every input lies. */
import type { Plan } from '../../plan'

/** What an adapter allows, as far as schedules and texts must know. */
export interface Limits {
  /** Storage buffers that one kernel may bind. */
  readonly storageBuffers: number
  /** Bytes of workgroup memory of one workgroup. */
  readonly workgroupBytes: number
  /** Invocations of one workgroup. */
  readonly invocations: number
  /** Workgroups along one dimension of a dispatch. */
  readonly groups: number
}

/** What every adapter offers (WebGPU, section 3.6.2, "Limits"). */
export const guaranteed: Limits = { storageBuffers: 8, workgroupBytes: 16384, invocations: 256, groups: 65535 }

export type Access = 'read' | 'read_write'

export interface WgslKernel {
  /** The name of its entry point. */
  readonly name: string
  readonly source: string
  readonly access: readonly Access[]
  readonly workgroupBytes: number
}

/** What a kernel binds: an array by its name in the plan, or all parameters and state at once. */
export type Bound = { readonly _tag: 'array'; readonly name: string } | { readonly _tag: 'kept' }

export interface WgslDispatch {
  readonly kernel: number
  /** The launches of the plan that it computes, first and last. */
  readonly launches: readonly [number, number]
  /** In the order of the kernel's bindings. */
  readonly bound: readonly Bound[]
  readonly groups: readonly [number, number]
}

/** An input, or a stretch of one, at a place where a kernel may bind it; both counted in float32 numbers. */
export interface Leaf {
  readonly name: string
  readonly input: string
  readonly kept: boolean
  /** First element in the input, and in the buffer of all kept or all data inputs. */
  readonly from: number
  readonly at: number
  readonly size: number
  /** False where it is a stretch of its input's own place. */
  readonly apart: boolean
}

/** An array that one dispatch writes and later ones read, in a buffer that others share. */
export interface WgslBuffer {
  readonly name: string
  readonly elements: number
  readonly slot: number
}

export interface WgslProgram {
  readonly plan: Plan
  readonly limits: Limits
  readonly kernels: readonly WgslKernel[]
  readonly dispatches: readonly WgslDispatch[]
  readonly leaves: readonly Leaf[]
  /** Numbers in the buffer of parameters and state, and in that of data. */
  readonly keptSize: number
  readonly dataSize: number
  readonly buffers: readonly WgslBuffer[]
  /** Numbers in every shared buffer. */
  readonly slots: readonly number[]
}
