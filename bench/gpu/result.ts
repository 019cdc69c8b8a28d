/** What the benchmark of graphics processors finds, as JSON. */

/** The device's own limits, measured by kernels of this benchmark. */
export interface DeviceLimits {
  /** Bytes a second, read and written, of a copy between buffers larger than any cache. */
  readonly bandwidth: number
  /** Additions and multiplications a second, of fused multiply-adds in registers. */
  readonly arithmetic: number
  /** Seconds from one dispatch that waits for another to the next. */
  readonly dispatch: number
}

export interface GpuRow {
  readonly what: string
  /** Seconds on the device: median over samples of several calls, and the quartiles. */
  readonly seconds: number
  readonly lower: number
  readonly upper: number
  readonly clock: 'device' | 'host'
  /** Seconds from arrays in memory to answers in memory. */
  readonly call: number
  readonly dispatches: number
  readonly operations: number
  /** Bytes that must move at least once: inputs, weights, answers. */
  readonly bytes: number
  /** Bytes of device memory, and those that the schedule predicted. */
  readonly held: number
  readonly predicted: number
  /** The largest relative error of the answers that were checked in float64, normwise a system. */
  readonly error: number
}

/** A row of a peer: the same work by another library. */
export interface PeerRow {
  readonly what: string
  /** The row of ours that it stands beside. */
  readonly beside: string
  readonly seconds: number
}

export type Peer =
  | { readonly _tag: 'ran'; readonly name: string; readonly rows: readonly PeerRow[] }
  | { readonly _tag: 'absent'; readonly reason: string }

export interface GpuResults {
  readonly adapter: string
  readonly hardware: boolean
  readonly limits: DeviceLimits
  /** Products of a matrix and a vector in the lazy form of the network. */
  readonly products: number
  readonly rows: readonly GpuRow[]
  /** Work that was not measured, and why. */
  readonly gaps: readonly { readonly what: string; readonly why: string }[]
  readonly peer: Peer
}
