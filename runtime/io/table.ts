/**
 * Numbers as they came from a file: a matrix (dense, or triplets as the file listed them), or an array of any rank.
 */
import * as E from 'fp-ts/Either'
import { type InputError, refuse } from './errors'

// --- model -----------------------------------------------------------------------------------------------------------

export type Symmetry = 'general' | 'symmetric' | 'skew-symmetric'

/** All `rows * columns` values, row-major, both triangles present. */
export interface Dense {
  readonly _tag: 'Dense'
  readonly data: Float64Array
}

/** Zero-based coordinates; equal ones are summed; a symmetric or skew-symmetric table stores one triangle only. */
export interface Triplets {
  readonly _tag: 'Triplets'
  readonly row: Int32Array
  readonly column: Int32Array
  readonly value: Float64Array
}

/** The first NaN or infinity of a file, as written there. */
export interface Spot {
  readonly place: string
  readonly text: string
}

/** A matrix of a file; `notes` are sentences about what the reader had to decide (a rounded integer, no banner). */
export interface Table {
  readonly _tag: 'Table'
  readonly name: string
  readonly rows: number
  readonly columns: number
  readonly entries: Dense | Triplets
  readonly symmetry: Symmetry
  readonly nonFinite: Spot | null
  readonly notes: readonly string[]
}

/** An array of any rank, row-major (C order). */
export interface NdTable {
  readonly _tag: 'NdTable'
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float64Array
  readonly nonFinite: Spot | null
  readonly notes: readonly string[]
}

// --- destructors -----------------------------------------------------------------------------------------------------

const scatter = (table: Table, t: Triplets, dense: Float64Array): void => {
  const mirror = table.symmetry === 'general' ? 0 : table.symmetry === 'symmetric' ? 1 : -1
  for (let e = 0; e < t.value.length; e++) {
    const i = t.row[e]!
    const k = t.column[e]!
    const value = t.value[e]!
    dense[i * table.columns + k]! += value
    if (mirror !== 0 && i !== k) dense[k * table.columns + i]! += mirror * value
  }
}

/** An array of zeros, or a `Left` where `bytes` is above the limit or the machine has no room for them. */
export const allocate = (
  name: string,
  what: string,
  count: number,
  limitBytes: number
): E.Either<InputError, Float64Array> => {
  const reason = `${what} needs ${(count * 8).toExponential(1)} bytes in dense form`
  if (count * 8 > limitBytes) return refuse(name, null, `${reason}, above the limit of ${limitBytes.toExponential(1)}`)
  try {
    return E.right(new Float64Array(count))
  } catch {
    return refuse(name, null, `${reason}, more than this process can get`)
  }
}

/** All values in a row-major array, triplets summed and mirrored: `rows * columns` numbers, at most `limitBytes`. */
export const toDense = (table: Table, limitBytes: number): E.Either<InputError, Float64Array> => {
  const { entries } = table
  if (entries._tag === 'Dense') return E.right(entries.data)
  const what = `a matrix of ${table.rows} x ${table.columns}`
  return E.map((dense: Float64Array) => {
    scatter(table, entries, dense)
    return dense
  })(allocate(table.name, what, table.rows * table.columns, limitBytes))
}

/** A matrix as an array of shape `[rows, columns]`. */
export const toNdTable = (table: Table, limitBytes: number): E.Either<InputError, NdTable> =>
  E.map(
    (data: Float64Array): NdTable => ({
      _tag: 'NdTable',
      name: table.name,
      shape: [table.rows, table.columns],
      data,
      nonFinite: table.nonFinite,
      notes: table.notes
    })
  )(toDense(table, limitBytes))
