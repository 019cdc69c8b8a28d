/** What expressions are, as data; `codegen/expr` makes and walks them. */
import type * as Dim from '../../spec/dim'

/** A named axis variable: `i` runs over 0 .. dim-1. */
export interface Index {
  readonly _tag: 'index'
  readonly name: string
  readonly dim: Dim.Dim
}

/** A whole-number position: an index, a size, and sums, multiples, quotients and remainders of them. */
export type Position =
  | Index
  | { readonly _tag: 'size'; readonly dim: Dim.Dim }
  | { readonly _tag: 'plus'; readonly left: Position; readonly right: Position }
  | { readonly _tag: 'times'; readonly of: Position; readonly by: Dim.Dim }
  | { readonly _tag: 'quotient'; readonly of: Position; readonly by: Dim.Dim }
  | { readonly _tag: 'remainder'; readonly of: Position; readonly by: Dim.Dim }

export interface Condition {
  readonly _tag: 'less' | 'equal'
  readonly left: Position
  readonly right: Position
}

/** The sum, or the largest, of the body's values over all values of the indices. */
export type Reduction =
  | { readonly _tag: 'sum'; readonly over: readonly Index[]; readonly body: Expr }
  | { readonly _tag: 'max'; readonly over: readonly Index[]; readonly body: Expr }

/** One element of a tensor. */
export interface Read {
  readonly _tag: 'read'
  readonly tensor: string
  readonly at: readonly Position[]
}

/** Functions that equations leave abstract: every target states how it approximates them and how well. */
export type Special = 'exp' | 'erf' | 'tanh'

export type Expr =
  | { readonly _tag: 'number'; readonly value: number }
  /** A size as a number, as in `1 / n`. */
  | { readonly _tag: 'extent'; readonly dim: Dim.Dim }
  | Read
  | Reduction
  | { readonly _tag: 'add'; readonly terms: readonly Expr[] }
  | { readonly _tag: 'multiply'; readonly factors: readonly Expr[] }
  | { readonly _tag: 'divide'; readonly over: Expr; readonly by: Expr }
  | { readonly _tag: 'sqrt'; readonly of: Expr }
  | { readonly _tag: Special; readonly of: Expr }
  | { readonly _tag: 'largest'; readonly of: readonly [Expr, Expr] }
  | { readonly _tag: 'where'; readonly when: Condition; readonly yes: Expr; readonly no: Expr }
