/**
 * Drawing the systems that Newton's method meets on `||M z - y||_p^p`.
 */
import type { Newton } from '../../spec/family'
import { largest } from '../linalg/norms'
import { matvec } from '../linalg/products'
import { byCholesky, minimise } from '../newton/newton'
import type { Objective } from '../newton/objective'
import * as Key from '../random/key'
import { type DrawOptions, gather, type Sample, type System } from './sample'

/** The objective of one draw: M, y and the exponent. */
export const drawObjective = (family: Newton, key: Key.Key, n: number): Objective => {
  const rows = family.ratio * n
  const M = Key.normal(Key.fold(key, 'M'), rows * n).map((each) => each / Math.sqrt(n))
  const y = new Float64Array(rows)
  matvec(M, Key.normal(Key.fold(key, 'answer'), n), rows, n, y)
  Key.normal(Key.fold(key, 'noise'), rows).forEach((each, k) => {
    y[k]! += family.noise * each
  })
  const p = family.p[Key.integers(Key.fold(key, 'p'), 1, 0, family.p.length)[0]!]!
  return { M, y, rows, n, p }
}

const scaled = (v: Float64Array, by: number): Float64Array => v.map((each) => each / by)

const one = (family: Newton, key: Key.Key, n: number): System => {
  const objective = drawObjective(family, key, n)
  const wanted = Key.integers(Key.fold(key, 'iteration'), 1, 0, family.iterations)[0]!
  let met: System | null = null
  minimise(
    objective,
    new Float64Array(n),
    (H, rhs) => {
      const step = byCholesky(H, rhs)
      const by = largest(H)
      if (step !== null && by > 0) met = { A: scaled(H, by), b: scaled(rhs, by), x: step.s, coefficients: [] }
      return step
    },
    // The systems of late iterations of a run that ended early are those of its last.
    { iterations: wanted + 1, tolerance: 1e-12 }
  )
  if (met === null) throw new Error(`internal: Newton's method met no system of n = ${n}`)
  return { ...(met as System), coefficients: [objective.p, wanted] }
}

/** Draw `batch` systems of n unknowns. System s depends on the key and on s alone. */
export const drawNewton = (family: Newton, key: Key.Key, options: DrawOptions): Sample =>
  gather(options, 2, (s) => one(family, Key.fold(key, s), options.n))
