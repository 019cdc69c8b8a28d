import { pipe } from 'fp-ts/function'
import test from 'tape'

import { interpretBatch } from '../../runtime/interpreter/interpret'
import type { Weights } from '../../runtime/weights/weights'
import { L, M, T, W, Zoo } from '../../spec'
import { typed } from '../support/right'
import { distance, normals, size } from '../support/systems'
import { randomWeights } from '../support/weights'

const twice: Weights = { 'scale.alpha': Float64Array.of(2) }
const A = Float64Array.of(1, 2, 3, 4)
const b = Float64Array.of(3, 4)

const doubled = (readout: M.Readout, bScale: number | null): number[] => {
  const encoding = T.equations({ embedding: T.identity(1), query: 'none', bScale })
  const model = typed(M.make({ name: 'case', encoding, body: L.scale(2), readout }))
  return [...interpretBatch(model, twice, { n: 2, batch: 1, A, b })]
}

test('an answer over all tokens is x = X^T b', (t) => {
  t.deepEqual(doubled(M.transposed('A'), null), [60, 88], '(2 A)^T (2 b)')
  t.deepEqual(doubled(M.transposed('H1'), null), [12, 16], '(2 I)^T (2 b)')
  const scaled = Float64Array.from(doubled(M.transposed('A'), 0.5))
  t.ok(distance(scaled, Float64Array.of(60, 88)) <= 1e-13, 'a scaled b is scaled back')
  t.end()
})

test('without an embedding it does not see in which order the equations come', (t) => {
  const n = 5
  const place = [3, 0, 4, 1, 2]
  const [G, g] = [normals(1, n * n), normals(2, n)]
  const moved = {
    n,
    batch: 1,
    A: Float64Array.from(G, (_, at) => G[place[Math.floor(at / n)]! * n + (at % n)]!),
    b: Float64Array.from(place, (k) => g[k]!)
  }
  const attention = L.linearAttention({ heads: 2, P: W.full, Q: W.full })
  const flat = M.make({
    name: 'flat',
    encoding: T.equations({ embedding: T.identity(0), query: 'none' }),
    body: pipe(attention, L.residual, L.repeat(2)),
    readout: M.transposed('A')
  })
  const mixing = Zoo.polarLinear({ layers: 2, identityBlocks: 1 })
  for (const model of [Zoo.polarLinear({ layers: 3 }), flat, mixing]) {
    const judged = typed(model)
    const weights = randomWeights(judged, n, 3, 0.1)
    const [x, y] = [
      interpretBatch(judged, weights, { n, batch: 1, A: G, b: g }),
      interpretBatch(judged, weights, moved)
    ]
    const apart = distance(x, y) / size(x)
    // Weights that mix the rows of A with those of I make something else of another order.
    if (model === mixing) t.ok(apart > 1e-3, `${model.name}: it does, by ${apart.toExponential(1)}`)
    else t.ok(size(x) > 1e-3 && apart <= 1e-12, `${model.name}: ${apart.toExponential(1)}`)
  }
  t.end()
})
