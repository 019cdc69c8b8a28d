/**
 * The step of Levenberg and Marquardt: `min_d ||J d + r||^2 + damping ||D d||^2` with `D_j = ||J_j||` (Marquardt 1963), so
 * that the step does not depend on the units of the parameters.
 */

/** J is [rows, columns] in C order. */
export interface Linearised {
  readonly residual: Float64Array
  readonly jacobian: Float64Array
  readonly rows: number
  readonly columns: number
}

/** Householder QR of the augmented matrix, accurate to rounding; or Cholesky of the normal equations, faster. */
export type Solver = 'qr' | 'normal'

/** A column shorter than this share of the longest is damped as if it had this length: such parameters do not matter. */
const shortest = 1e-3

/** `D`, the lengths of the columns of J, none below `shortest` times the largest. */
const lengths = ({ jacobian, rows, columns }: Linearised): Float64Array => {
  const squares = new Float64Array(columns)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) squares[j]! += jacobian[i * columns + j]! ** 2
  const longest = Math.sqrt(squares.reduce((most, s) => Math.max(most, s), 0))
  const floor = longest === 0 ? 1 : shortest * longest
  return squares.map((s) => Math.max(Math.sqrt(s), floor))
}

const byQr = (l: Linearised, damping: number, D: Float64Array): Float64Array => {
  const { residual, jacobian, rows, columns } = l
  const height = rows + columns
  const Q = Array.from({ length: columns }, (_, j) => {
    const column = new Float64Array(height)
    for (let i = 0; i < rows; i++) column[i] = jacobian[i * columns + j]!
    column[rows + j] = Math.sqrt(damping) * D[j]!
    return column
  })
  const y = new Float64Array(height)
  for (let i = 0; i < rows; i++) y[i] = -residual[i]!
  const diagonal = new Float64Array(columns)
  for (let j = 0; j < columns; j++) {
    const v = Q[j]!
    let square = 0
    for (let i = j; i < height; i++) square += v[i]! * v[i]!
    const length = Math.sqrt(square)
    diagonal[j] = v[j]! > 0 ? -length : length
    if (length === 0) continue
    v[j]! -= diagonal[j]!
    square = 0
    for (let i = j; i < height; i++) square += v[i]! * v[i]!
    const reflect = (t: Float64Array): void => {
      let along = 0
      for (let i = j; i < height; i++) along += v[i]! * t[i]!
      along *= 2 / square
      for (let i = j; i < height; i++) t[i]! -= along * v[i]!
    }
    for (let k = j + 1; k < columns; k++) reflect(Q[k]!)
    reflect(y)
  }
  const d = new Float64Array(columns)
  for (let j = columns - 1; j >= 0; j--) {
    let sum = y[j]!
    for (let k = j + 1; k < columns; k++) sum -= Q[k]![j]! * d[k]!
    d[j] = diagonal[j] === 0 ? 0 : sum / diagonal[j]!
  }
  return d
}
const byNormal = (l: Linearised, damping: number, D: Float64Array): Float64Array => {
  const { residual, jacobian, rows, columns: p } = l
  const M = new Float64Array(p * p)
  const g = new Float64Array(p)
  for (let i = 0; i < rows; i++) {
    const at = i * p
    for (let j = 0; j < p; j++) {
      const a = jacobian[at + j]!
      g[j]! -= a * residual[i]!
      for (let k = 0; k <= j; k++) M[j * p + k]! += a * jacobian[at + k]!
    }
  }
  for (let j = 0; j < p; j++) M[j * p + j]! += damping * D[j]! ** 2
  for (let j = 0; j < p; j++) {
    for (let i = j; i < p; i++) {
      let s = M[i * p + j]!
      for (let k = 0; k < j; k++) s -= M[i * p + k]! * M[j * p + k]!
      M[i * p + j] = i === j ? Math.sqrt(s) : s / M[j * p + j]!
    }
  }
  for (let i = 0; i < p; i++) {
    let s = g[i]!
    for (let k = 0; k < i; k++) s -= M[i * p + k]! * g[k]!
    g[i] = s / M[i * p + i]!
  }
  for (let i = p - 1; i >= 0; i--) {
    let s = g[i]!
    for (let k = i + 1; k < p; k++) s -= M[k * p + i]! * g[k]!
    g[i] = s / M[i * p + i]!
  }
  return g
}

/** The step d; not finite where the damping is too small for the solver. */
export const solve = (solver: Solver, l: Linearised, damping: number): Float64Array =>
  (solver === 'qr' ? byQr : byNormal)(l, damping, lengths(l))
