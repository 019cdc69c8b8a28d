import test from 'tape'

import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { nodes, scalars } from '../../runtime/sample/spd'
import { Family } from '../../spec'
import { eigenvalues } from '../support/eigenvalues'
import { distance, size } from '../support/systems'

const ends = (kappa: number) => [2 / (1 + kappa), (2 * kappa) / (1 + kappa)] as const

test('the spectrum has both its ends, and the rest between', (t) => {
  for (const kappa of [1, 5, 100]) {
    for (const n of [2, 3, 9]) {
      const { A } = draw(Family.spd({ kappa, sizes: n }), Key.key(n), { n, batch: 3 })
      for (let s = 0; s < 3; s++) {
        const own = eigenvalues(A.slice(s * n * n, (s + 1) * n * n), n)
        const [low, high] = ends(kappa)
        const off = Math.max(Math.abs(own[0]! - low), Math.abs(own[n - 1]! - high))
        t.ok(off <= 5e-14, `kappa ${kappa}, n = ${n}, system ${s}: ends off by ${off}`)
      }
    }
  }
  t.end()
})

test('systems are symmetric and solved by their answers', (t) => {
  const n = 7
  const { A, x, b } = draw(Family.spd({ kappa: 5, sizes: n }), Key.key(1), { n, batch: 20 })
  let [skew, off] = [0, 0]
  for (let s = 0; s < 20; s++) {
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let j = 0; j < n; j++) {
        skew = Math.max(skew, Math.abs(A[s * n * n + i * n + j]! - A[s * n * n + j * n + i]!))
        sum += A[s * n * n + i * n + j]! * x[s * n + j]!
      }
      off = Math.max(off, Math.abs(sum - b[s * n + i]!))
    }
  }
  t.equal(skew, 0, 'symmetric to the last bit')
  t.ok(off <= 1e-14, `b = A x, off by ${off}`)
  const variance = x.reduce((sum, v) => sum + v * v, 0) / x.length
  t.ok(Math.abs(variance - 1) < 0.4, `x has variance 1, found ${variance}`)
  t.end()
})

test('the same key gives the same bytes, whatever the batch', (t) => {
  const family = Family.spd({ kappa: { low: 2, high: 50 }, sizes: 5, spectrum: 'logUniform' })
  const few = draw(family, Key.key(3), { n: 5, batch: 2 })
  const many = draw(family, Key.key(3), { n: 5, batch: 6 })
  t.deepEqual(many.A.slice(0, 50), few.A, 'a larger batch begins with the smaller one')
  t.deepEqual(many.x.slice(0, 10), few.x, 'and so do its answers')
  t.ok(distance(many.A.slice(0, 25), many.A.slice(25, 50)) > 0.01, 'systems differ')
  t.ok(distance(draw(family, Key.key(4), { n: 5, batch: 2 }).A, few.A) > 0.01, 'keys differ')
  t.end()
})

test('spectrum laws and ranges of condition numbers are kept', (t) => {
  const spread = (spectrum: Family.Spectrum): number => {
    const { A } = draw(Family.spd({ kappa: 100, sizes: 20, spectrum }), Key.key(5), { n: 20, batch: 20 })
    let trace = 0
    for (let s = 0; s < 20; s++) for (let i = 0; i < 20; i++) trace += A[s * 400 + i * 21]!
    return trace / 400
  }
  t.ok(Math.abs(spread('uniform') - 1) < 0.1, 'uniform: the mean eigenvalue is in the middle')
  t.ok(spread('logUniform') < 0.6, 'log-uniform: small eigenvalues are more frequent')
  const { A } = draw(Family.spd({ kappa: { low: 2, high: 50 }, sizes: 2 }), Key.key(6), { n: 2, batch: 50 })
  const kappas = Array.from({ length: 50 }, (_, s) => {
    const [low, high] = eigenvalues(A.slice(4 * s, 4 * s + 4), 2)
    return high! / low!
  })
  t.ok(Math.min(...kappas) >= 2 - 1e-12 && Math.max(...kappas) <= 50 + 1e-9, 'each kappa lies in the range')
  t.ok(Math.min(...kappas) < 5 && Math.max(...kappas) > 20, 'and the range is used')
  t.end()
})

test('nodes lie on their intervals with both ends, and their weights sum to one', (t) => {
  const { lambdas, weights } = nodes([100, 5], 11)
  t.equal(lambdas.length, 22)
  const off = Math.max(Math.abs(lambdas[0]! - ends(100)[0]), Math.abs(lambdas[10]! - ends(100)[1]))
  t.ok(off < 1e-15, 'ends of kappa 100')
  t.ok(Math.abs(lambdas[11]! - ends(5)[0]) < 1e-15 && Math.abs(lambdas[21]! - ends(5)[1]) < 1e-15, 'ends of kappa 5')
  t.ok(Math.abs(weights.reduce((sum, w) => sum + w, 0) - 1) < 1e-15, 'weights sum to one')
  t.ok(weights[0] === 5 * weights[1]!, 'ends count five times')
  t.deepEqual([...nodes([5], 1).lambdas], [1], 'one node lies in the middle')
  const sample = scalars(nodes([5], 4))
  t.deepEqual([sample.n, sample.batch, size(sample.x)], [1, 4, 1], 'scalar systems have the answer one')
  t.deepEqual(sample.A, sample.b, 'and lambda x = lambda')
  t.end()
})
