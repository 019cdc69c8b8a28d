/**
 * Dense float64 arrays for the interpreter: the few operations of the papers' formulas, on ndarray.
 */
import ndarray, { type NdArray } from 'ndarray'
import ops from 'ndarray-ops'

/** A float64 array; a matrix is `[rows, columns]`. */
export type Array64 = NdArray<Float64Array>

// --- constructors ----------------------------------------------------------------------------------------------------

/** An array of zeros. */
export const zeros = (...shape: readonly number[]): Array64 =>
  ndarray(new Float64Array(shape.reduce((product, d) => product * d, 1)), [...shape])

/** The array whose entries are `f(row, column)`. */
export const generate = (rows: number, columns: number, f: (row: number, column: number) => number): Array64 => {
  const result = zeros(rows, columns)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result.set(i, j, f(i, j))
  return result
}

/** A flat C-ordered array seen with a shape. */
export const of = (data: Float64Array, ...shape: readonly number[]): Array64 => ndarray(data, [...shape])

// --- combinators -----------------------------------------------------------------------------------------------------

/** The rows below `count`. */
export const firstRows = (a: Array64, count: number): Array64 => a.hi(count, columnsOf(a))

/** Columns `from` up to `from + count`. */
export const columns = (a: Array64, from: number, count: number): Array64 => a.lo(0, from).hi(rowsOf(a), count)

export const transpose = (a: Array64): Array64 => a.transpose(1, 0)

/** `a + b`, a new array. */
export const add = (a: Array64, b: Array64): Array64 => {
  const result = zeros(...a.shape)
  ops.add(result, a, b)
  return result
}

/** `factor * a`, a new array. */
export const scale = (factor: number, a: Array64): Array64 => {
  const result = zeros(...a.shape)
  ops.muls(result, a, factor)
  return result
}

/** A copy in C order. */
export const copy = (a: Array64): Array64 => {
  const result = zeros(...a.shape)
  ops.assign(result, a)
  return result
}

/** The matrix product, `(a b)[i, j] = sum_k a[i, k] b[k, j]`. */
export const multiply = (a: Array64, b: Array64): Array64 => {
  const [rows, inner, cols] = [rowsOf(a), columnsOf(a), columnsOf(b)]
  if (inner !== rowsOf(b)) throw new Error(`internal: product of [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`)
  const left = copy(a).data
  const right = copy(transpose(b)).data // columns of b as rows, so that both factors are read in order
  const result = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      let sum = 0
      for (let k = 0; k < inner; k++) sum += left[i * inner + k]! * right[j * inner + k]!
      result[i * cols + j] = sum
    }
  }
  return of(result, rows, cols)
}

// --- destructors -----------------------------------------------------------------------------------------------------

export const rowsOf = (a: Array64): number => a.shape[0]!
export const columnsOf = (a: Array64): number => a.shape[1]!

/** The numbers of a vector or a matrix in C order, copied. */
export const entries = (a: Array64): Float64Array => {
  const [rows, columns] = [a.shape[0]!, a.shape[1] ?? 1]
  const found = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) found[i * columns + j] = a.shape.length === 1 ? a.get(i) : a.get(i, j)
  }
  return found
}

/** `||a||_2` of a vector. */
export const norm = (a: Array64): number => Math.sqrt(entries(a).reduce((sum, value) => sum + value * value, 0))
