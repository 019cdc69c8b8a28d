/**
 * Drawing the systems that Newton's method meets on `||M z - y||_p^p`.
 */
import type { Newton } from '../../spec/family'
import { largest, norm2 } from '../linalg/norms'
import { matvec } from '../linalg/products'
import { residual } from '../linalg/residual'
import { byCholesky, minimise } from '../newton/newton'
import type { Objective } from '../newton/objective'
import * as Key from '../random/key'
import { solveSystem } from './collocation'
import { type DrawOptions, gather, type Sample, type System } from './sample'

/** Factors of the columns of M. */
const columnsOf = ({ columns: { low, high } }: Newton, key: Key.Key, n: number): Float64Array =>
  Key.uniform(key, n).map((u) => (low === high ? low : Math.min(high, low * (high / low) ** u)))

const normal = (key: Key.Key, n: number, deviation: number): Float64Array =>
  deviation === 0 ? new Float64Array(n) : Key.normal(key, n).map((each) => deviation * each)

/** Where Newton's method starts in one draw. */
export const drawStart = ({ start }: Newton, key: Key.Key, n: number): Float64Array =>
  normal(Key.fold(key, 'start'), n, start)

/** The objective of one draw: M, y and the exponent. */
export const drawObjective = (family: Newton, key: Key.Key, n: number): Objective => {
  const rows = family.ratio * n
  const columns = columnsOf(family, Key.fold(key, 'columns'), n)
  const M = Key.normal(Key.fold(key, 'M'), rows * n).map((each, at) => (each / Math.sqrt(n)) * columns[at % n]!)
  const y = new Float64Array(rows)
  matvec(M, normal(Key.fold(key, 'answer'), n, family.answer), rows, n, y)
  Key.normal(Key.fold(key, 'noise'), rows).forEach((each, k) => {
    y[k]! += family.noise * each
  })
  const p = family.p[Key.integers(Key.fold(key, 'p'), 1, 0, family.p.length)[0]!]!
  return { M, y, rows, n, p }
}

const scaled = (v: Float64Array, by: number): Float64Array => v.map((each) => each / by)

/** The residual, relative to `||A|| ||x|| + ||b||`, that only a step of a shifted Hessian has. */
const shifted = 1e-13

/** The step itself, or the accurate answer where the step is that of `H + delta I`. */
const answerOf = (A: Float64Array, b: Float64Array, step: Float64Array): Float64Array => {
  const r = residual(A, step, b, b.length)
  const size = norm2(A) * norm2(step) + norm2(b)
  return norm2(r) <= shifted * size ? step : (solveSystem(A, b) ?? step)
}

const one = (family: Newton, key: Key.Key, n: number): System => {
  const objective = drawObjective(family, key, n)
  const wanted = Key.integers(Key.fold(key, 'iteration'), 1, 0, family.iterations)[0]!
  let met: System | null = null
  let iteration = -1
  minimise(
    objective,
    drawStart(family, key, n),
    (H, rhs) => {
      const step = byCholesky(H, rhs)
      const by = largest(H)
      iteration++
      if (step === null || !(by > 0)) return step
      const [A, b] = [scaled(H, by), scaled(rhs, by)]
      met = { A, b, x: answerOf(A, b, step.s), coefficients: [objective.p, iteration] }
      return step
    },
    // The systems of late iterations of a run that ended early are those of its last.
    { iterations: wanted + 1, tolerance: 1e-12 }
  )
  if (met === null) throw new Error(`internal: Newton's method met no system of n = ${n}`)
  return met
}

/** Draw `batch` systems of n unknowns. System s depends on the key and on s alone. */
export const drawNewton = (family: Newton, key: Key.Key, options: DrawOptions): Sample =>
  gather(options, 2, (s) => one(family, Key.fold(key, s), options.n))
