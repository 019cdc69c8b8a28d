/**
 * Equations: `S[s,i,j] = sum_{m,c} U[s,m,i,c] X[s,m,j,c] + u[s,i] b[s,j]`, each defining one tensor element by element.
 *
 * A list of them with the tensors they speak of is what every phase of the compiler takes and gives.
 */
import type * as Dim from '../spec/dim'
import type { Expr, Index } from './expr'
import type { Role } from './program'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Tensor {
  readonly name: string
  readonly dims: readonly Dim.Dim[]
  /** An input of the program, or a value that an equation defines. */
  readonly role: Role | 'value'
}

/** Which part of a program an equation belongs to. */
export type Part = 'forward' | 'loss' | 'vjp' | 'update'

export interface Equation {
  /** The tensor it defines. */
  readonly defines: string
  readonly over: readonly Index[]
  readonly value: Expr
  /** The rule it comes from, such as `linear attention`. */
  readonly rule: string
  readonly part: Part
  /** Where in the model: the prefix of the names of its parameters. */
  readonly path: string
  /** What its kernel calls the tensors, by tensor name: `S`, `X`, `dX`. The same at every place a rule is used. */
  readonly labels: Readonly<Record<string, string>>
}

export interface Equations {
  readonly name: string
  readonly tensors: Readonly<Record<string, Tensor>>
  readonly equations: readonly Equation[]
  readonly outputs: readonly string[]
  readonly updates: readonly { readonly input: string; readonly output: string }[]
}

// --- destructors -----------------------------------------------------------------------------------------------------

/** The label of a tensor in an equation; a tensor without one goes by the last word of its name. */
export const labelOf = (equation: Equation, name: string): string =>
  equation.labels[name] ?? name.slice(name.lastIndexOf('.') + 1)

export const inputs = (e: Equations): readonly Tensor[] => Object.values(e.tensors).filter((t) => t.role !== 'value')
