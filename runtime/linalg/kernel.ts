/**
 * `C <- C - A B` on parts of row-major arrays: the one loop in which the blocked factorisations spend their time.
 */

/** A part of a row-major array: the entry `(i, j)` is `data[start + i stride + j]`. */
export interface Part {
  readonly data: Float64Array
  readonly start: number
  readonly stride: number
}

const rowBlock = 64
const depthBlock = 128

/** `B` in strips of four columns, four entries of each row side by side; `transposed` reads `B[k, j]` at `(j, k)`. */
const packColumns = (B: Part, transposed: boolean, from: number, depth: number, n: number, to: Float64Array): void => {
  const { data, start, stride } = B
  const [alongDepth, alongColumn] = transposed ? [1, stride] : [stride, 1]
  for (let j = 0; j < n; j++) {
    const strip = (j >> 2) * 4 * depth + (j & 3)
    let at = start + from * alongDepth + j * alongColumn
    for (let k = 0; k < depth; k++, at += alongDepth) to[strip + 4 * k] = data[at]!
  }
  for (let j = n; j & 3; j++) {
    const strip = (j >> 2) * 4 * depth + (j & 3)
    for (let k = 0; k < depth; k++) to[strip + 4 * k] = 0
  }
}

/** Rows of `A` in pairs, two entries of each column side by side; a missing last row reads as zero. */
const packRows = (A: Part, row: number, rows: number, from: number, depth: number, to: Float64Array): void => {
  const { data, start, stride } = A
  for (let i = 0; i < rows; i += 2) {
    const at = start + (row + i) * stride + from
    const pair = i * depth
    const odd = i + 1 < rows
    for (let k = 0; k < depth; k++) {
      to[pair + 2 * k] = data[at + k]!
      to[pair + 2 * k + 1] = odd ? data[at + stride + k]! : 0
    }
  }
}

/** Subtract the product of a pair of rows, at `a` in `P`, and a strip of four columns, at `b` in `Q`, from a 2 x 4 tile. */
const tile = (
  C: Float64Array,
  at: number,
  stride: number,
  rows: number,
  columns: number,
  P: Float64Array,
  a: number,
  Q: Float64Array,
  b: number,
  depth: number
): void => {
  let c00 = 0
  let c01 = 0
  let c02 = 0
  let c03 = 0
  let c10 = 0
  let c11 = 0
  let c12 = 0
  let c13 = 0
  for (let k = 0; k < depth; k++, a += 2, b += 4) {
    const a0 = P[a]!
    const a1 = P[a + 1]!
    const b0 = Q[b]!
    const b1 = Q[b + 1]!
    const b2 = Q[b + 2]!
    const b3 = Q[b + 3]!
    c00 += a0 * b0
    c01 += a0 * b1
    c02 += a0 * b2
    c03 += a0 * b3
    c10 += a1 * b0
    c11 += a1 * b1
    c12 += a1 * b2
    c13 += a1 * b3
  }
  C[at]! -= c00
  if (columns > 1) C[at + 1]! -= c01
  if (columns > 2) C[at + 2]! -= c02
  if (columns > 3) C[at + 3]! -= c03
  if (rows < 2) return
  C[at + stride]! -= c10
  if (columns > 1) C[at + stride + 1]! -= c11
  if (columns > 2) C[at + stride + 2]! -= c12
  if (columns > 3) C[at + stride + 3]! -= c13
}

export interface ProductOptions {
  /** `C <- C - A B^T`: `B[k, j]` is read at `(j, k)`. */
  readonly transposed?: boolean
  /** Only entries on and below the diagonal of `C` are wanted; others may or may not change. */
  readonly lower?: boolean
}

/** `C <- C - A B`. C: [m, n]. A: [m, k]. B: [k, n]. C may share an array with A and B but no entry. */
export const subtractProduct = (
  C: Part,
  A: Part,
  B: Part,
  m: number,
  n: number,
  k: number,
  { transposed = false, lower = false }: ProductOptions = {}
): void => {
  const deepest = Math.min(k, depthBlock)
  const P = new Float64Array((Math.min(m, rowBlock) + 1) * deepest)
  const Q = new Float64Array((n + 3) * deepest)
  for (let from = 0; from < k; from += depthBlock) {
    const depth = Math.min(depthBlock, k - from)
    packColumns(B, transposed, from, depth, n, Q)
    for (let row = 0; row < m; row += rowBlock) {
      const rows = Math.min(rowBlock, m - row)
      packRows(A, row, rows, from, depth, P)
      const columns = lower ? Math.min(n, row + rows) : n
      for (let j = 0; j < columns; j += 4) {
        for (let i = 0; i < rows; i += 2) {
          const at = C.start + (row + i) * C.stride + j
          tile(C.data, at, C.stride, rows - i, columns - j, P, i * depth, Q, j * depth, depth)
        }
      }
    }
  }
}
