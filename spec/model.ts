/**
 * A model: an encoding, a body and a readout. Pure data; `spec/infer` judges it and `codegen` compiles it.
 */
import type { Layer } from './layer'
import type { Encoding } from './token'

// --- model -----------------------------------------------------------------------------------------------------------

/** Where the answer stands after the last layer. */
export type Readout =
  /** In the named part of the query token, `x = e_{n+1}[part]`. */
  | { readonly _tag: 'query'; readonly part: string }
  /** In the named part, of size 1, of every token: `x_i = e_i[part]`. */
  | { readonly _tag: 'perToken'; readonly part: string }
  /** In the named part of all tokens, weighed by their b: `x_i = sum_j e_j[part]_i e_j[b]`, `x = X^T b`. */
  | { readonly _tag: 'transposed'; readonly part: string }

export interface Model {
  readonly name: string
  readonly encoding: Encoding
  readonly body: Layer
  readonly readout: Readout
}

// --- constructors ----------------------------------------------------------------------------------------------------

export const make = (model: Model): Model => model

export const query = (part: string): Readout => ({ _tag: 'query', part })
export const perToken = (part: string): Readout => ({ _tag: 'perToken', part })
export const transposed = (part: string): Readout => ({ _tag: 'transposed', part })
