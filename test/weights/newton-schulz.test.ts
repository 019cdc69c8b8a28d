import test from 'tape'

import * as D from '../../runtime/interpreter/dense'
import { interpretBatch } from '../../runtime/interpreter/interpret'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import type { Sample } from '../../runtime/sample/sample'
import { newtonSchulzContraction, newtonSchulzForm, type Start } from '../../runtime/weights/newton-schulz'
import { Family } from '../../spec'
import { left, right, typed } from '../support/right'
import { distance, size } from '../support/systems'

/** `X^T b` after steps of `X <- X (2 I - A^T X)`, another way to write it. */
const textbook = (sample: Sample, layers: number, alpha: number, start: Start): Float64Array => {
  const { n } = sample
  const A = D.of(sample.A.slice(), n, n)
  const I = D.zeros(n, n)
  for (let i = 0; i < n; i++) I.set(i, i, 1)
  let X = D.scale(alpha, start === 'identity' ? I : A)
  for (let l = 0; l < layers; l++) {
    X = D.multiply(X, D.add(D.scale(2, I), D.scale(-1, D.multiply(D.transpose(A), X))))
  }
  return D.multiply(D.transpose(X), D.of(sample.b.slice(), n, 1)).data
}

for (const start of ['identity', 'rows'] as const) {
  test(`two heads do Newton-Schulz, from a multiple of ${start === 'identity' ? 'I' : 'A'}`, (t) => {
    for (const [n, kappa] of [
      [1, 5],
      [4, 5],
      [9, 20]
    ] as const) {
      const [low, high] = [3 / (1 + kappa), (3 * kappa) / (1 + kappa)] // another scale than that of networks
      const made = (layers: number) => right(newtonSchulzForm({ layers, start, low, high }))
      const drawn =
        start === 'identity'
          ? draw(Family.spd({ kappa, sizes: n }), Key.key(n), { n, batch: 1 })
          : draw(Family.general({ kappa, sizes: n }), Key.key(n), { n, batch: 1 })
      const sample: Sample = { ...drawn, A: drawn.A.map((v) => 1.5 * v), b: drawn.b.map((v) => 1.5 * v) }
      const alpha = start === 'identity' ? 2 / (low + high) : 2 / (low * low + high * high)
      for (const layers of [1, 2, 3, 6, 9]) {
        const { model, weights } = made(layers)
        const x = interpretBatch(typed(model), weights, sample)
        const want = textbook(sample, layers, alpha, start)
        const apart = distance(x, want) / size(want)
        t.ok(apart <= 1e-13, `n ${n}, kappa ${kappa}, ${layers} layers: ${apart.toExponential(1)} apart`)
        const error = Math.hypot(...x.map((v, i) => v - sample.x[i]!)) / Math.hypot(...sample.x)
        const bound = newtonSchulzContraction({ layers, start, low, high })
        t.ok(
          error <= bound * (1 + 1e-12) + 1e-13 * kappa,
          `error ${error.toExponential(1)} within ${bound.toExponential(1)}`
        )
        if (n > 1 && layers <= 3) t.ok(error > 1e-6, 'and not at once')
      }
      const { model, weights } = made(13)
      const x = interpretBatch(typed(model), weights, sample)
      t.ok(distance(x, sample.x) <= 1e-14 * kappa * size(sample.x), `n ${n}, kappa ${kappa}: roundoff at 13 layers`)
    }
    t.end()
  })
}

test('an interval that holds zero, or no layers, is refused', (t) => {
  for (const [low, high] of [
    [0, 1],
    [-1, 1],
    [2, 1],
    [1, Infinity],
    [Number.NaN, 1]
  ] as const) {
    const found = left(newtonSchulzForm({ layers: 2, start: 'rows', low, high }))
    t.ok(found.startsWith('interval:'), found)
  }
  t.ok(left(newtonSchulzForm({ layers: 0, start: 'rows', low: 1, high: 2 })).includes('times'), 'no layers')
  t.end()
})
