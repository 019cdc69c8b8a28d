/**
 * A Plan is a schedule: equations in order, at concrete sizes, with the kernels they share, the arrays between them and
 * how long each array lives. A target's printer turns it into a Program.
 */
import type * as Dim from '../spec/dim'
import type { Part } from './equation'
import type { Expr, Index } from './expr'
import type { ProgramInput, ProgramOutput, ProgramView } from './program'

/** One kernel, in its own names. Kernels of different launches are one when everything here is equal. */
export interface PlanKernel {
  /** A stable name, such as `linear_attention_S`. */
  readonly name: string
  readonly part: Part
  readonly label: string
  readonly parameters: readonly PlanArray[]
  readonly over: readonly Index[]
  readonly value: Expr
}

/** An array as a kernel sees it: its label and its axes. */
export interface PlanArray {
  readonly label: string
  readonly axes: readonly Dim.Dim[]
}

export interface PlanLaunch {
  readonly kernel: number
  readonly inputs: readonly string[]
  readonly output: string
}

/** An array between launches: alive from the launch that writes it to the last that reads it. */
export interface PlanBuffer {
  readonly name: string
  readonly dims: readonly number[]
  readonly elements: number
  readonly first: number
  readonly last: number
  /** Buffers with the same slot never live at the same time and may share memory. */
  readonly slot: number
}

export interface Plan {
  readonly name: string
  readonly target: string
  readonly sizes: Dim.Sizes
  readonly inputs: readonly ProgramInput[]
  readonly views: readonly ProgramView[]
  readonly kernels: readonly PlanKernel[]
  readonly launches: readonly PlanLaunch[]
  readonly buffers: readonly PlanBuffer[]
  readonly outputs: readonly ProgramOutput[]
  readonly updates: readonly { readonly input: string; readonly output: string }[]
  /** Elements of every slot; their sum is the memory that the values need. */
  readonly slots: readonly number[]
  /** By the names of kernels and of their indices: elements that are written together, where a plan that is kept says so. */
  readonly tiles?: Readonly<Record<string, Readonly<Record<string, number>>>>
}
