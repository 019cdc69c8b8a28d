/** The two-head model beside the Newton-Schulz iteration itself. */
import * as E from 'fp-ts/Either'

import * as F from '../../../spec/family'
import * as D from '../../interpreter/dense'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Sample } from '../../sample/sample'
import { firstFactor, newtonSchulzContraction, newtonSchulzForm, type Start } from '../../weights/newton-schulz'
import { answers64 } from '../answers'
import { deviation } from './permuted'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Step {
  readonly layers: number
  readonly what: string
  /** Of what is left of any part of x. */
  readonly bound: number
  /** The largest relative error of one answer, and the largest relative distance from that of the iteration. */
  readonly error: number
  readonly apart: number
}

export interface Options {
  readonly n: number
  readonly systems: number
  readonly kappa: number
  readonly depths: readonly number[]
}

// --- the iteration ---------------------------------------------------------------------------------------------------

/** `x = X^T b` after `layers` steps `X <- 2 X - X A^T X` from `X_0 = alpha I` or `alpha A`, matrices in full. */
const textbook = (sample: Sample, layers: number, start: Start, alpha: number): Float64Array => {
  const { n, batch } = sample
  const x = new Float64Array(batch * n)
  for (let s = 0; s < batch; s++) {
    const A = D.of(sample.A.slice(s * n * n, (s + 1) * n * n), n, n)
    const I = D.zeros(n, n)
    for (let i = 0; i < n; i++) I.set(i, i, 1)
    let X = D.scale(alpha, start === 'identity' ? I : A)
    for (let l = 0; l < layers; l++) {
      const step = D.multiply(D.multiply(X, D.transpose(A)), X)
      X = D.add(D.scale(2, X), D.scale(-1, step))
    }
    const b = D.of(sample.b.slice(s * n, (s + 1) * n), n, 1)
    x.set(D.multiply(D.transpose(X), b).data, s * n)
  }
  return x
}

/** Errors of the model by depth, on positive definite systems from I and on nonsymmetric ones from A. */
export const iterate = (key: Key.Key, o: Options): E.Either<string, readonly Step[]> => {
  const { n, systems, kappa, depths } = o
  const interval = { low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) }
  const cases: readonly { readonly start: Start; readonly what: string; readonly sample: Sample }[] = [
    {
      start: 'identity',
      what: 'positive definite',
      sample: draw(F.spd({ kappa, sizes: n }), Key.fold(key, 'definite'), { n, batch: systems })
    },
    {
      start: 'rows',
      what: 'nonsymmetric',
      sample: draw(F.general({ kappa, sizes: n }), Key.fold(key, 'general'), { n, batch: systems })
    }
  ]
  const found: Step[] = []
  for (const { start, what, sample } of cases) {
    for (const layers of depths) {
      const options = { layers, start, ...interval }
      const made = newtonSchulzForm(options)
      if (E.isLeft(made)) return made
      const x = answers64({ name: what, ...made.right }, sample)
      if (E.isLeft(x)) return x
      const beside = textbook(sample, layers, start, firstFactor(options))
      found.push({
        layers,
        what,
        bound: newtonSchulzContraction(options),
        error: deviation(x.right, sample.x, n),
        apart: deviation(x.right, beside, n)
      })
    }
  }
  return E.right(found)
}
