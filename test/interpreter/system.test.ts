/** Layers that know that their tokens are the columns of a system: equilibration, entries and the means of columns. */
import { pipe } from 'fp-ts/function'
import test from 'tape'

import * as D from '../../runtime/interpreter/dense'
import { interpret } from '../../runtime/interpreter/interpret'
import { applyLayer } from '../../runtime/interpreter/layers'
import { L, M, T, W } from '../../spec'
import { rows } from '../support/layers'
import { typed } from '../support/right'

const n = 2
const A = D.of(Float64Array.of(3, 4, 0, 0.5), n, n)
const b = D.of(Float64Array.of(10, -1), n)

/** Reads number c of every token. */
const reading = (c: number, width: number) => ({
  layer: L.linearMap({ weight: W.full, out: 1 }),
  weight: Float64Array.from({ length: width }, (_, d) => (c === d ? 1 : 0))
})

const equilibrated = (c: number, answer: number) => {
  const { layer, weight } = reading(c, n + 1)
  const body = L.equilibrate({ answer })(layer)
  const model = typed(M.make({ name: 'case', encoding: T.columns, body, readout: M.perToken('y') }))
  return { model, weights: { [model.parameters[0]!.name]: weight } }
}

test('equilibration, by hand', (t) => {
  // Rows of norms 5 and 1/2; b over them is (2, -2), whose root mean square is 2.
  for (const [c, row] of [
    [0, [0.6, 0.8]],
    [1, [0, 1]],
    [2, [1, -1]]
  ] as const) {
    const { model, weights } = equilibrated(c, 3)
    const x = interpret(model, weights, { A, b })
    const want = row.map((y) => 3 * 2 * y)
    t.ok(
      want.every((w, i) => Math.abs(x.get(i) - w) < 1e-15 * 6),
      `number ${c} of every token: ${Array.from(x.data).join(' ')}`
    )
  }
  t.end()
})

test('the scales of rows change nothing, and that of b comes back', (t) => {
  const { model, weights } = equilibrated(2, 1)
  const [far, near] = [2 ** 20, 2 ** -20]
  const scaled = {
    A: D.of(Float64Array.of(3 * far, 4 * far, 0, 0.5 * near), n, n),
    b: D.of(Float64Array.of(10 * far, -near), n)
  }
  t.deepEqual(interpret(model, weights, scaled).data, interpret(model, weights, { A, b }).data, 'rows')
  const half = { A, b: D.scale(0.5, b) }
  t.deepEqual(interpret(model, weights, half).data, D.scale(0.5, interpret(model, weights, { A, b })).data, 'b')
  const zero = interpret(model, weights, { A: D.zeros(n, n), b: D.zeros(n) })
  t.ok(
    zero.data.every((v) => v === 0),
    'nothing of nothing'
  )
  t.end()
})

test('entries and the means of columns, by hand', (t) => {
  const model = typed(
    M.make({
      name: 'case',
      encoding: T.columns,
      body: pipe(L.entries, L.andThen(L.linearMap({ weight: W.full, out: 1 })), L.andThen(L.columnMeans)),
      readout: M.perToken('y')
    })
  )
  const [apart] = model.body.children
  const columns = D.of(Float64Array.of(3, 0, 10, 4, 0.5, -1), n, n + 1)
  t.deepEqual(
    rows(applyLayer(apart!, {}, n, columns)),
    [
      [3, 10],
      [4, 10],
      [0, -1],
      [0.5, -1]
    ],
    'rows one after another, each entry with its right-hand side'
  )
  const name = model.parameters[0]!.name
  const mean = (...of: readonly number[]): number => of.reduce((p, q) => p + q) / n
  t.deepEqual(
    Array.from(interpret(model, { [name]: Float64Array.of(1, 0) }, { A, b }).data),
    [mean(3, 0), mean(4, 0.5)],
    'of the columns of A'
  )
  t.deepEqual(
    Array.from(interpret(model, { [name]: Float64Array.of(0, 1) }, { A, b }).data),
    [mean(10, -1), mean(10, -1)],
    'of b'
  )
  t.end()
})
