/**
 * Layers between the columns of a system and its single entries: one token an entry, and back to one token a column.
 */

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
