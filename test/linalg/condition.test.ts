/**
 * The condition estimate against exact inverses, singular matrices, failing and asynchronous solves; and scaling.
 */

import fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'

import * as C from '../../runtime/linalg/condition'
import * as Scaling from '../../runtime/linalg/equilibrate'
import * as Lu from '../../runtime/linalg/lu'
import { largest, norm1 } from '../../runtime/linalg/norms'
import { withSpectrum } from '../../runtime/linalg/orthogonal'
import { gemm } from '../../runtime/linalg/products'
import * as Key from '../../runtime/random/key'
import { left, right } from '../support/right'
import { gaussian, seedArbitrary, sizeArbitrary, spd } from './support'

const M = (...entries: readonly number[]): Float64Array => Float64Array.from(entries)

const estimated = (A: Float64Array, n: number, key?: Key.Key): E.Either<Lu.NoPivot, C.Estimate> => {
  const factored = Lu.factor(A, n)
  if (E.isLeft(factored)) return factored
  const solve = (b: Float64Array) => E.right(Lu.solve(factored.right, b))
  const solveTransposed = (b: Float64Array) => E.right(Lu.solveTransposed(factored.right, b))
  return C.estimateInverseNorm(n, solve, solveTransposed, key === undefined ? {} : { key })
}

/** The estimate of `||A||_1 ||A^-1||_1`, Infinity where LU finds no pivot. */
const kappa = (A: Float64Array, n: number): number => {
  const found = estimated(A, n)
  return E.isLeft(found) ? Infinity : C.conditionNumber(norm1(A, n, n), found.right.inverseNorm)
}

const inverseNorm = (A: Float64Array, n: number): number => {
  const f = right(Lu.factor(A, n))
  let most = 0
  for (let j = 0; j < n; j++) {
    const column = new Float64Array(n)
    column[j] = 1
    most = Math.max(
      most,
      Lu.solve(f, column).reduce((sum, v) => sum + Math.abs(v), 0)
    )
  }
  return most
}

test('condition: by hand', (t) => {
  t.equal(kappa(M(4), 1), 1, 'one unknown')
  t.ok(Math.abs(kappa(M(1, 2, 3, 4), 2) - 21) < 1e-12, '[1 2; 3 4]: 6 * 3.5')
  t.ok(Math.abs(kappa(M(2, 0, 0, 0, 1, 0, 0, 0, 0.25), 3) - 8) < 1e-12, 'diag(2, 1, 1/4)')
  t.ok(Math.abs(kappa(M(1e99, 0, 0, 1e-99), 2) / 1e198 - 1) < 1e-12, 'diag(1e99, 1e-99) is finite')
  t.equal(kappa(M(1e200, 0, 0, 1e-200), 2), Infinity, 'diag(1e200, 1e-200) overflows to Infinity')
  t.equal(kappa(M(1, 1, 1, 1), 2), Infinity, 'an exactly singular matrix')
  t.equal(C.conditionNumber(0, Infinity), Infinity, '0 * Infinity is not NaN')
  t.equal(right(estimated(M(), 0)).inverseNorm, 0, 'no unknowns')
  t.end()
})

test('condition: at most the exact norm of the inverse, and at least a third of it', (t) => {
  const trials = 400
  let [low, high] = [Infinity, 0]
  for (const [s, seed] of Key.integers(Key.key(1), trials, 0, 2 ** 30).entries()) {
    const n = 2 + (s % 39)
    const A = s % 2 === 0 ? gaussian(seed, n, n) : spd(seed, n, 1e-6)
    const share = right(estimated(A, n)).inverseNorm / inverseNorm(A, n)
    low = Math.min(low, share)
    high = Math.max(high, share)
  }
  t.ok(low >= 1 / 3 && high <= 1 + 1e-6, `between ${low.toFixed(3)} and ${high} of it in ${trials} matrices`)
  t.end()
})

test('condition: the alternating vector sees what the climb does not, and a random start never lowers the estimate', (t) => {
  // I + theta s s^T with s orthogonal to e and to e_1 (Higham 1988, section 2): the climb sees the identity alone.
  const n = 7
  const s = M(0, 1, -1, 1, -1, 1, -1)
  const inverse = Float64Array.from({ length: n * n }, (_, p) => {
    const [i, j] = [Math.floor(p / n), p % n]
    return (i === j ? 1 : 0) + 1e6 * s[i]! * s[j]!
  })
  const asked: number[] = []
  const times = (b: Float64Array) => {
    const v = gemm(inverse, b, n, n, 1)
    asked.push(v.reduce((sum, value) => sum + Math.abs(value), 0))
    return E.right(v)
  }
  const found = right(C.estimateInverseNorm(n, times, times))
  t.ok(
    asked.slice(0, -1).every((v) => v < 10),
    'the climb finds nothing'
  )
  t.ok(found.inverseNorm > norm1(inverse, n, n) / 5, 'the last vector does')
  fc.assert(
    fc.property(seedArbitrary, sizeArbitrary, (seed, size) => {
      const A = gaussian(seed, size, size)
      const [plain, twice] = [right(estimated(A, size)), right(estimated(A, size, Key.key(seed)))]
      return twice.inverseNorm >= plain.inverseNorm && plain.solves <= 12 && twice.solves <= 24
    })
  )
  t.end()
})

test('condition: matrices of rank n - 1 are told from sound ones', (t) => {
  let [least, most] = [Infinity, 0]
  const trials = 300
  for (let s = 0; s < trials; s++) {
    const n = 2 + (s % 49)
    const deficient =
      s % 3 === 0
        ? withSpectrum(
            Key.uniform(Key.key(s), n).map((v, i) => (i === 0 ? 0 : 1 + v)),
            Key.key(s)
          )
        : gemm(gaussian(s, n, n - 1), gaussian(s + 1000, n - 1, n), n, n - 1, n)
    least = Math.min(least, kappa(deficient, n))
    most = Math.max(
      most,
      kappa(
        withSpectrum(
          Key.uniform(Key.key(s), n).map((v, i) => (i === 0 ? 1e-10 : 1 + v)),
          Key.key(s)
        ),
        n
      )
    )
  }
  t.ok(least >= 1e15, `rank n - 1: at least ${least.toExponential(1)} in ${trials} matrices`)
  t.ok(most <= 1e13, `condition number 1e10: at most ${most.toExponential(1)}`)
  t.end()
})

test('condition: failing and overflowing solves, and solves elsewhere', (t) => {
  const sound = (b: Float64Array) => E.right(b)
  t.equal(left(C.estimateInverseNorm(3, () => E.left('stalled'), sound)), 'stalled', 'a failing solve')
  t.equal(left(C.estimateInverseNorm(3, sound, () => E.left('stalled'))), 'stalled', 'a failing transposed solve')
  const overflow = (b: Float64Array) => E.right(b.map(() => NaN))
  t.equal(right(C.estimateInverseNorm(3, overflow, sound)).inverseNorm, Infinity, 'NaN from a solve')
  t.equal(right(C.estimateInverseNorm(3, sound, overflow)).inverseNorm, Infinity, 'NaN from a transposed solve')
  const f = right(Lu.factor(gaussian(5, 30, 30), 30))
  const steps = C.dialogue(30)
  let solves = 0
  let step = steps.next()
  for (; step.done !== true; solves++) {
    step = steps.next((step.value.transposed ? Lu.solveTransposed : Lu.solve)(f, step.value.rhs))
  }
  t.deepEqual(
    E.right({ inverseNorm: step.value, solves }),
    estimated(gaussian(5, 30, 30), 30),
    'a dialogue gives the same estimate'
  )
  t.end()
})

test('scaling: symmetric', (t) => {
  const A = M(4, 1, 1, 1 / 4)
  t.deepEqual(right(Scaling.symmetric(A, 2)), { S: M(1, 1, 1, 1), d: M(0.5, 2) }, 'by hand')
  t.deepEqual(
    left(Scaling.symmetric(M(1, 0, 0, -2), 2)),
    { _tag: 'badDiagonal', index: 1, value: -2 },
    'a negative diagonal entry'
  )
  t.ok(E.isLeft(Scaling.symmetric(M(NaN), 1)), 'NaN')
  const wide = right(Scaling.symmetric(M(1e300, 1, 1, 1e-300), 2))
  t.ok(wide.S[0]! >= 0.5 && wide.S[0]! <= 2 && wide.S[3]! >= 0.5 && wide.S[3]! <= 2, 'diag(1e300, 1e-300)')
  const tiny = right(Scaling.symmetric(M(5e-324, 0, 0, 1.7e308), 2))
  t.ok(
    tiny.S.every((v) => v <= 2),
    'the ends of the range'
  )
  fc.assert(
    fc.property(seedArbitrary, sizeArbitrary, fc.boolean(), (seed, n, powersOfTwo) => {
      const [B, g] = [spd(seed, n), gaussian(seed + 1, n, 1)]
      const bad = B.map((v, p) => v * 10 ** (10 * (g[Math.floor(p / n)]! + g[p % n]!)))
      const { S, d } = right(Scaling.symmetric(bad, n, { powersOfTwo }))
      return S.every((v, p) => {
        const [i, j] = [Math.floor(p / n), p % n]
        const back = v / d[i]! / d[j]!
        const isOne = i !== j || (powersOfTwo ? v >= 0.5 && v < 2 : Math.abs(v - 1) < 1e-14)
        const bounded = Math.abs(v) < 2.01
        return isOne && bounded && (powersOfTwo ? back === bad[p] : Math.abs(back / bad[p]! - 1) < 1e-14)
      })
    })
  )
  t.pass('entries of at most 2, exactly invertible in powers of two')
  t.end()
})

test('scaling: rows and columns', (t) => {
  t.deepEqual(
    right(Scaling.general(M(4, 0, 1, 8), 2)),
    { S: M(1, 0, 0.125, 1), rows: M(0.25, 0.125), columns: M(1, 1) },
    'by hand'
  )
  t.deepEqual(left(Scaling.general(M(1, 2, 0, 0), 2)), { _tag: 'badRow', index: 1, value: 0 }, 'a row of zeros')
  t.deepEqual(left(Scaling.general(M(1, 0, 2, 0), 2)), { _tag: 'badColumn', index: 1, value: 0 }, 'a column of zeros')
  t.ok(E.isLeft(Scaling.general(M(1, NaN, 2, 0), 2)), 'NaN')
  t.ok(kappa(right(Scaling.general(M(1e200, 1, 0, 1e-200), 2)).S, 2) < 10, 'diag(1e200, 1e-200) becomes harmless')
  fc.assert(
    fc.property(seedArbitrary, sizeArbitrary, fc.boolean(), (seed, n, powersOfTwo) => {
      const [B, g, h] = [gaussian(seed, n, n), gaussian(seed + 1, n, 1), gaussian(seed + 2, n, 1)]
      const bad = B.map((v, p) => v * 10 ** (20 * (g[Math.floor(p / n)]! + h[p % n]!)))
      const { S, rows, columns } = right(Scaling.general(bad, n, { powersOfTwo }))
      const back = S.every((v, p) => {
        const value = v / rows[Math.floor(p / n)]! / columns[p % n]!
        return powersOfTwo ? value === bad[p] : Math.abs(value / bad[p]! - 1) < 1e-13
      })
      return back && largest(S) < (powersOfTwo ? 2 : 1 + 1e-14) && largest(S) > 0.99
    })
  )
  t.pass('largest entry near 1, exactly invertible in powers of two')
  t.end()
})
