/** What the page says of itself, as JSON. */
import type { BackendName, Probe } from '../../runtime/backends/probe'

/** Calls of the browser's own interfaces, counted from outside: what really executed. */
export interface Calls {
  /** `new WebAssembly.Instance` */
  readonly webasm: number
  /** `WebGL2RenderingContext.drawArrays` */
  readonly webgl2: number
  /** `GPUComputePassEncoder.dispatchWorkgroups` */
  readonly webgpu: number
}

/** One model on one backend. */
export interface Climb {
  readonly model: string
  readonly backend: BackendName
  /** The backend that the opened runtime reports, and what executes, in words. */
  readonly opened: string
  readonly adapter: string
  /** How its programs executed: `sequential`, `fused-sync` ... */
  readonly kinds: readonly string[]
  readonly calls: Calls
  readonly rungs: readonly string[]
  /** A sentence for every rung that does not hold. */
  readonly broken: readonly string[]
  readonly seconds: number
}

/** A backend that this browser does not offer, and why. */
export interface Missing {
  readonly backend: BackendName
  readonly why: string
}

/** Threads that share memory, in this page. */
export interface ThreadsReport {
  readonly shares: boolean
  /** Whether the page's own thread may sleep. */
  readonly sleeps: boolean
  readonly parallelism: number
  /** How a training step executed on one, two and three threads. */
  readonly kinds: readonly string[]
  /** Whether they gave the same bits. */
  readonly same: boolean
  readonly groups: boolean
  /** What is said where one of them fails. */
  readonly failure: string
}

export interface Report {
  readonly threads: ThreadsReport | null
  readonly probes: readonly Probe[]
  readonly auto: string
  readonly climbs: readonly Climb[]
  readonly missing: readonly Missing[]
  /** Set when the page itself failed. */
  readonly fault: string | null
}
