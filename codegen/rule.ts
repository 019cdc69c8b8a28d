/**
 * A rule says what a layer computes and how its cotangents are pulled back, side by side, in its own short names.
 *
 * Lowering instantiates it: inputs and parameters are bound to tensors of the program, everything else it defines gets a
 * name of its own. The cotangent of `w` is called `dw`; the VJP reads the cotangents of the outputs and defines those of
 * inputs and parameters. Parameter cotangents are written for one system, with `s` as their first index: whether they
 * are summed over systems is decided at lowering.
 */
import type * as Dim from '../spec/dim'
import type * as X from './expr'

// --- model -----------------------------------------------------------------------------------------------------------

/** One equation of a rule, in the rule's own names. */
export interface Line {
  readonly defines: string
  readonly over: readonly X.Index[]
  readonly value: X.Expr
  /** What a kernel calls the arrays, where that is not their name in the rule: a recurrence says `u1` at every step. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface Rule {
  readonly name: string
  readonly inputs: readonly string[]
  readonly parameters: readonly string[]
  readonly outputs: readonly string[]
  readonly forward: readonly Line[]
  readonly vjp: readonly Line[]
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** `set('S', [s, i, j], sum([c], U(s, i, c), X(s, j, c)))`. */
export const set = (defines: string, over: readonly X.Index[], value: X.Expr): Line => ({ defines, over, value })

/** The same line with names of its own in the kernel. */
export const labelled = (line: Line, labels: Readonly<Record<string, string>>): Line => ({ ...line, labels })

/** Lines that stand only where a condition of the layer holds. */
export const when = (condition: boolean, ...lines: readonly Line[]): readonly Line[] => (condition ? lines : [])

/** Terms that stand only where a condition of the layer holds. */
export const terms = (condition: boolean, ...all: readonly X.Expr[]): readonly X.Expr[] => (condition ? all : [])

/** The indices of a line are its tensor's axes. */
export const dimsOf = (line: Line): readonly Dim.Dim[] => line.over.map((i) => i.dim)
