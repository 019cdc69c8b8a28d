/**
 * Layers between the columns of a system and its single entries: one token an entry, and back to one token a column.
 */
import * as Dim from './dim'
import { describe, fail, type Result } from './shape'
import * as T from './token'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Entries {
  readonly _tag: 'entries'
}

export interface ColumnMeans {
  readonly _tag: 'columnMeans'
}

export type Apart = Entries | ColumnMeans

// --- constructors ----------------------------------------------------------------------------------------------------

/** `y_(jn+i) = (A_ji, b_j)`: from columns `(A[:, i], b_i)`, n tokens, to all n^2 entries, row by row, each with its right-hand side. */
export const entries: Entries = { _tag: 'entries' }

/** `y_i = sum_j e_(jn+i) / n`: the mean of the tokens of column i, from n^2 tokens to n. */
export const columnMeans: ColumnMeans = { _tag: 'columnMeans' }

// --- tokens ----------------------------------------------------------------------------------------------------------

const squared = Dim.times(Dim.n, Dim.n)

/** The tokens that a layer leaves, if it can read those before it. */
export const afterApart = (path: string, layer: Apart, before: T.Tokens): Result<T.Tokens> => {
  switch (layer._tag) {
    case 'entries': {
      const expected = T.tokens(T.columns)
      const part = (name: string): T.Part => ({ name, dim: Dim.one })
      return T.equals(before, expected)
        ? { _tag: 'Right', right: { count: squared, parts: [part('A'), part('b')], query: false } }
        : fail(path, describe(expected), describe(before), 'it takes columns apart, as the encoding makes them')
    }
    case 'columnMeans':
      return Dim.equals(before.count, squared) && !before.query
        ? { _tag: 'Right', right: { ...before, count: Dim.n } }
        : fail(path, 'n^2 tokens, no query', describe(before), 'put L.entries before it')
  }
}
