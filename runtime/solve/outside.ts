/**
 * What tells a matrix apart from those of a family: signs that it certainly was not drawn from it. Their absence proves nothing.
 */
import * as E from 'fp-ts/Either'

import * as F from '../../spec/family'
import { normFrobenius } from '../linalg/norms'
import * as Qr from '../linalg/qr'
import { differentiation } from '../sample/chebyshev'
import type { Condition } from './solution'

/** A matrix [n, n], and its condition where that is known. */
interface Given {
  readonly A: Float64Array
  readonly n: number
  readonly condition: Condition | null
}

/** What is not laid to the matrix: rounding, and noise of the family. */
const rounding = 1e-8

const short = (x: number): string => `${Number(x.toPrecision(2))}`

const asymmetry = ({ A, n }: Given): number => {
  const difference = Float64Array.from(A, (a, k) => a - A[(k % n) * n + Math.floor(k / n)]!)
  return normFrobenius(difference) / normFrobenius(A)
}

/** Condition numbers in the 1-norm and in the 2-norm differ by a factor of n at most. */
const conditioned = ({ n, condition }: Given, kappa: F.Range): string | null => {
  if (condition === null) return null
  const { estimate } = condition
  if (estimate > n * kappa.high) return `has a condition number of about ${short(estimate)}`
  return 3 * estimate * n < kappa.low ? `has a condition number of only about ${short(estimate)}` : null
}

/**
 * The nearest `-D diag(K) D + beta D + diag(r)` in the least-squares sense, rows of A brought to norm 1: how far it is off, and K at
 * all n + 2 nodes; null where A does not tell them. The diagonal is left out where there is an r.
 */
const nearest = ({ A, n }: Given, family: F.Collocation): { readonly off: number; readonly K: Float64Array } | null => {
  const all = n + 2
  const D = differentiation(all)
  const unknowns = all + (family.advection === null ? 0 : 1)
  const rows = Array.from({ length: n * n }, (_, k) => [Math.floor(k / n), k % n] as const).filter(
    ([i, j]) => family.reaction === null || i !== j
  )
  if (rows.length < unknowns) return null
  const J = new Float64Array(rows.length * unknowns)
  const scales = Array.from({ length: n }, (_, i) => normFrobenius(A.subarray(i * n, (i + 1) * n)))
  const wanted = Float64Array.from(rows, ([i, j]) => A[i * n + j]! / scales[i]!)
  for (const [k, [i, j]] of rows.entries()) {
    for (let m = 0; m < all; m++) J[k * unknowns + m] = (-D[(i + 1) * all + m]! * D[m * all + j + 1]!) / scales[i]!
    if (family.advection !== null) J[k * unknowns + all] = D[(i + 1) * all + j + 1]! / scales[i]!
  }
  const found = Qr.solve(Qr.factor(J, rows.length, unknowns), wanted)
  if (E.isLeft(found)) return null
  const { d, residualNorm } = found.right
  return { off: residualNorm / normFrobenius(wanted), K: d.slice(1, n + 1) }
}

const ofFamily = (family: F.Family, given: Given, noise: number): string | null => {
  const slack = rounding + 10 * noise
  switch (family._tag) {
    case 'spd':
      if (asymmetry(given) > slack) return 'is not symmetric'
      return conditioned(given, family.kappa)
    case 'general':
      if (family.structure === 'indefinite' && asymmetry(given) > slack) return 'is not symmetric'
      return conditioned(given, family.kappa)
    case 'newton':
      return asymmetry(given) > slack ? 'is not symmetric' : null
    case 'collocation': {
      const found = nearest(given, family)
      if (found === null) return null
      if (found.off > slack) return 'is the matrix of no such problem'
      const beyond = found.K.find((k) => Math.abs(k - 1) > family.alpha.high + 1e-3 + slack)
      return beyond === undefined ? null : `belongs to a coefficient K(x) that takes the value ${short(beyond)}`
    }
    case 'noisy':
      return ofFamily(family.of, given, noise + family.A)
  }
}

/** Why a system is certainly none of the family's, as the end of a sentence that begins with "A "; null where nothing tells. */
export const outside = (family: F.Family, given: Given): string | null => {
  const { low, high } = F.sizesOf(family)
  if (given.n < low || given.n > high) return `has ${given.n} unknowns`
  return ofFamily(family, given, 0)
}
