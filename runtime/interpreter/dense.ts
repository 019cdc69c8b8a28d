/**
 * Dense float64 arrays for the interpreter: the few operations of the papers' formulas, on ndarray.
 */
import ndarray, { type NdArray } from 'ndarray'

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

/** A new array with `f(i, j)` at every place; of a vector, `f(i, 0)`. */
const filled = (shape: readonly number[], f: (i: number, j: number) => number): Array64 => {
  const result = zeros(...shape)
  const [rows = 1, cols = 1] = shape
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) result.data[i * cols + j] = f(i, j)
  return result
}

/** `a + b`, a new array. */
export const add = (a: Array64, b: Array64): Array64 => filled(a.shape, (i, j) => a.get(i, j) + b.get(i, j))

/** `factor * a`, a new array. */
export const scale = (factor: number, a: Array64): Array64 => filled(a.shape, (i, j) => factor * a.get(i, j))

/** A copy in C order. */
export const copy = (a: Array64): Array64 => filled(a.shape, (i, j) => a.get(i, j))

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

/** `||a||_2` of a vector. */
export const norm = (a: Array64): number => {
  let squares = 0
  for (let i = 0; i < rowsOf(a); i++) squares += a.get(i) * a.get(i)
  return Math.sqrt(squares)
}
