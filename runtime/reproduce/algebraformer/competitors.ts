/**
 * The simplest competitors of a network, fitted to the systems that it was trained on: the mean answer, nearest neighbours, ridge
 * regression. A network that does not beat them has learned nothing about solving.
 */
import * as E from 'fp-ts/Either'

import * as cholesky from '../../linalg/cholesky'
import { dotOf } from '../../linalg/products'
import type { Sample } from '../../sample/sample'
import { meanSquare, part } from '../answers'

// --- model -----------------------------------------------------------------------------------------------------------

/** Answers to the systems of a sample, [batch, n]. */
export type Answering = (sample: Sample) => Float64Array

export interface Fitted {
  readonly name: string
  /** What was chosen on held-out systems: `k = 5`, `lambda = 1e-6`. */
  readonly chosen: string
  readonly answer: Answering
}

/** Numbers that are known of every system: [batch, count]. */
export interface Features {
  readonly name: string
  readonly of: (sample: Sample) => Float64Array
}

// --- features --------------------------------------------------------------------------------------------------------

const coefficientsOf = ({ coefficients, batch }: Sample): { readonly values: Float64Array; readonly count: number } => {
  if (coefficients === undefined) throw new Error('internal: systems without coefficients')
  return { values: coefficients, count: coefficients.length / batch }
}

/** Rows of one array beside rows of another. */
const beside = (p: Float64Array, q: Float64Array, batch: number): Float64Array => {
  const [a, b] = [p.length / batch, q.length / batch]
  const both = new Float64Array(p.length + q.length)
  for (let s = 0; s < batch; s++) {
    both.set(p.subarray(s * a, (s + 1) * a), s * (a + b))
    both.set(q.subarray(s * b, (s + 1) * b), s * (a + b) + a)
  }
  return both
}

export const byCoefficients: Features = { name: 'the coefficients', of: (s) => coefficientsOf(s).values }

export const byCoefficientsAndB: Features = {
  name: 'the coefficients and b',
  of: (s) => beside(coefficientsOf(s).values, s.b, s.batch)
}

export const byB: Features = { name: 'b', of: ({ b }) => b }

export const byAll: Features = { name: 'all entries of A and b', of: (s) => beside(s.A, s.b, s.batch) }

/** `1, u, u^2, u^3` and the mixed products up to degree 3 of the coefficients u, each divided by its largest value, times every b_i. */
export const byProducts: Features = {
  name: 'b times cubic polynomials of the coefficients',
  of: (sample) => {
    const { values, count } = coefficientsOf(sample)
    const rows = Array.from({ length: sample.batch }, (_, s) => {
      const u = [1, ...values.subarray(s * count, (s + 1) * count)]
      const products: number[] = []
      for (let i = 0; i < u.length; i++)
        for (let j = i; j < u.length; j++) for (let k = j; k < u.length; k++) products.push(u[i]! * u[j]! * u[k]!)
      const b = sample.b.subarray(s * sample.n, (s + 1) * sample.n)
      return products.flatMap((product) => Array.from(b, (value) => product * value))
    })
    return Float64Array.from(rows.flat())
  }
}

/** Features with the mean and the root mean square deviation that the fitted systems have: 0 and 1 for those. */
const standardised = (features: Features, fitted: Sample): Features['of'] => {
  const values = features.of(fitted)
  const count = values.length / fitted.batch
  const [mean, scale] = [new Float64Array(count), new Float64Array(count)]
  values.forEach((value, at) => {
    mean[at % count]! += value / fitted.batch
  })
  values.forEach((value, at) => {
    scale[at % count]! += (value - mean[at % count]!) ** 2 / fitted.batch
  })
  return (sample) =>
    features.of(sample).map((value, at) => {
      const deviation = Math.sqrt(scale[at % count]!)
      return deviation > 0 ? (value - mean[at % count]!) / deviation : 0
    })
}

// --- the mean --------------------------------------------------------------------------------------------------------

const meanOf = ({ x, n, batch }: Sample): Float64Array => {
  const mean = new Float64Array(n)
  x.forEach((value, at) => {
    mean[at % n]! += value / batch
  })
  return mean
}

/** The mean of all answers, whatever the question. */
export const mean = (fitted: Sample): Fitted => {
  const answer = meanOf(fitted)
  return { name: 'mean of the training set', chosen: '', answer: ({ batch, n }) => repeated(answer, batch, n) }
}

const repeated = (answer: Float64Array, batch: number, n: number): Float64Array =>
  Float64Array.from({ length: batch * n }, (_, at) => answer[at % n]!)

// --- choosing --------------------------------------------------------------------------------------------------------

/** One in ten systems is held out, at the end of the sample. */
const divided = (sample: Sample): { readonly fit: Sample; readonly heldOut: Sample } => {
  const few = Math.max(1, Math.floor(sample.batch / 10))
  return { fit: part(sample, 0, sample.batch - few), heldOut: part(sample, sample.batch - few, few) }
}

/** The candidate whose fit to nine tenths of the systems is best on the last tenth, fitted to all of them. */
const chosen = <C>(candidates: readonly C[], sample: Sample, fit: (sample: Sample) => (candidate: C) => Answering) => {
  const { fit: most, heldOut } = divided(sample)
  const of = fit(most)
  const errors = candidates.map((candidate) => meanSquare(of(candidate)(heldOut), heldOut.x))
  const best = candidates[errors.indexOf(Math.min(...errors))] ?? candidates[0]!
  return { best, answer: fit(sample)(best) }
}

// --- nearest neighbours ----------------------------------------------------------------------------------------------

const neighbourCounts: readonly number[] = [1, 2, 5, 10, 20, 50, 100]

/** The mean answer of the k systems whose features, each scaled to deviation 1, are nearest. */
const neighbours =
  (features: Features) =>
  (fitted: Sample) =>
  (k: number): Answering => {
    const of = standardised(features, fitted)
    const known = of(fitted)
    const count = known.length / fitted.batch
    return (sample) => {
      const { n, batch } = sample
      const asked = of(sample)
      const x = new Float64Array(batch * n)
      for (let s = 0; s < batch; s++) {
        const distances = Array.from({ length: fitted.batch }, (_, t) => {
          let sum = 0
          for (let c = 0; c < count; c++) sum += (known[t * count + c]! - asked[s * count + c]!) ** 2
          return { t, sum }
        })
        const nearest = distances.sort((p, q) => p.sum - q.sum).slice(0, k)
        for (const { t } of nearest) for (let i = 0; i < n; i++) x[s * n + i]! += fitted.x[t * n + i]! / nearest.length
      }
      return x
    }
  }

/** k nearest neighbours, k chosen on held-out systems. */
export const nearest = (features: Features, sample: Sample): Fitted => {
  const { best, answer } = chosen(neighbourCounts, sample, neighbours(features))
  return { name: `nearest neighbours in ${features.name}`, chosen: `k = ${best}`, answer }
}

// --- ridge regression ------------------------------------------------------------------------------------------------

const lambdas: readonly number[] = [1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1]

/**
 * `x = W^T z + mean`, z the features brought to mean 0 and deviation 1, W the least of `||Z W - X||^2 + lambda rows ||W||^2`; where
 * there are more features than systems, by the dual `W = Z^T (Z Z^T + lambda rows I)^-1 X`.
 */
const ridgeOf =
  (features: Features) =>
  (fitted: Sample) =>
  (lambda: number): Answering => {
    const { n, batch: rows } = fitted
    const of = standardised(features, fitted)
    const Z = of(fitted)
    const count = Z.length / rows
    const mean = meanOf(fitted)
    const centred = fitted.x.map((value, at) => value - mean[at % n]!)
    const dual = count > rows
    // G: Z^T Z or Z Z^T; its vectors lie in rows of L.
    const [size, length] = dual ? [rows, count] : [count, rows]
    const L = dual
      ? Z
      : Float64Array.from({ length: Z.length }, (_, at) => Z[(at % rows) * count + Math.floor(at / rows)]!)
    const G = new Float64Array(size * size)
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++) G[i * size + j] = dotOf(L, i * length, L, j * length, length)
    for (let i = 0; i < size; i++) G[i * (size + 1)]! += Math.max(lambda * rows, 1e-14 * rows * count)
    const factors = cholesky.factor(G, size, { inPlace: true })
    if (E.isLeft(factors)) return ({ batch }) => repeated(mean, batch, n)
    const W = new Float64Array(count * n)
    for (let c = 0; c < n; c++) {
      const own = Float64Array.from({ length: rows }, (_, s) => centred[s * n + c]!)
      const right = dual ? own : Float64Array.from({ length: count }, (_, i) => dotOf(L, i * rows, own, 0, rows))
      const solved = cholesky.solve(factors.right, right)
      for (let i = 0; i < count; i++) {
        let sum = dual ? 0 : solved[i]!
        if (dual) for (let s = 0; s < rows; s++) sum += Z[s * count + i]! * solved[s]!
        W[i * n + c] = sum
      }
    }
    return (sample) => {
      const asked = of(sample)
      return Float64Array.from({ length: sample.batch * n }, (_, at) => {
        const [s, c] = [Math.floor(at / n), at % n]
        let sum = mean[c]!
        for (let i = 0; i < count; i++) sum += asked[s * count + i]! * W[i * n + c]!
        return sum
      })
    }
  }

/** Ridge regression, lambda chosen on held-out systems. */
export const ridge = (features: Features, sample: Sample): Fitted => {
  const { best, answer } = chosen(lambdas, sample, ridgeOf(features))
  return { name: `ridge regression on ${features.name}`, chosen: `lambda = ${best}`, answer }
}

/** All of them, on the systems that a network was trained on. */
export const competitors = (fitted: Sample): readonly Fitted[] => [
  mean(fitted),
  nearest(byCoefficients, fitted),
  nearest(byCoefficientsAndB, fitted),
  ridge(byB, fitted),
  ridge(byAll, fitted),
  ridge(byProducts, fitted)
]
