import test from 'tape'

import * as D from '../../runtime/interpreter/dense'
import { applyLayer } from '../../runtime/interpreter/layers'
import * as Key from '../../runtime/random/key'
import { L } from '../../spec'
import type { TypedLayer } from '../../spec/infer'
import { between, rows } from '../support/layers'

const tokens = 3
const width = 4

const matrix = (rows: readonly (readonly number[])[]): D.Array64 =>
  D.of(Float64Array.from(rows.flat()), rows.length, rows[0]?.length ?? 0)

const inside = (layer: L.Layer): TypedLayer => between(width, layer)

const draw = (label: string, count: number): Float64Array => Key.normal(Key.fold(Key.key(3), label), count)

const e = D.of(draw('e', tokens * width), tokens, width)

/** Weights of every matrix and bias of an attention layer. */
const weightsOf = (layer: TypedLayer, given: Readonly<Record<string, Float64Array>> = {}) =>
  Object.fromEntries(
    layer.parameters.map((p) => {
      const size = p.dims.reduce((total, d) => total * (d.terms[0]?.coefficient ?? 1), 1)
      return [p.name, given[p.name] ?? draw(p.name, size)]
    })
  )

const near = (got: readonly number[], want: readonly number[]): boolean =>
  got.length === want.length && got.every((x, k) => Math.abs(x - (want[k] ?? Number.NaN)) <= 1e-14)

test('softmax attention of one head, by hand', (t) => {
  const run = (mask: L.Mask): number[][] => {
    const layer = inside(L.softmaxAttention({ heads: 1, mask, bias: false }))
    const identity = Float64Array.from({ length: width * width }, (_, k) => (k % (width + 1) === 0 ? 1 : 0))
    const weights = Object.fromEntries(layer.parameters.map((p) => [p.name, identity]))
    return rows(
      applyLayer(
        layer,
        weights,
        tokens,
        matrix([
          [2, 0, 0, 0],
          [0, 2, 0, 0],
          [0, 0, 0, 0]
        ])
      )
    )
  }
  // Scores are 2 on the diagonal of the first two tokens, 4 / sqrt 4, and 0 elsewhere.
  const [own, other] = [Math.exp(2) / (Math.exp(2) + 2), 1 / (Math.exp(2) + 2)]
  const free = run('none')
  t.ok(near(free[0] ?? [], [2 * own, 2 * other, 0, 0]), 'the first token mostly sees itself')
  t.ok(near(free[2] ?? [], [2 / 3, 2 / 3, 0, 0]), 'a zero query sees all tokens alike')
  const causal = run('causal')
  const second = Math.exp(2) / (Math.exp(2) + 1)
  t.ok(near(causal[0] ?? [], [2, 0, 0, 0]), 'causal: the first token sees itself alone')
  t.ok(near(causal[1] ?? [], [2 * (1 - second), 2 * second, 0, 0]), 'causal: the second sees two')
  t.end()
})

test('laws of softmax attention', (t) => {
  const free = inside(L.softmaxAttention({ heads: 2 }))
  const weights = weightsOf(free)
  const y = rows(applyLayer(free, weights, tokens, e))
  const reversed = rows(applyLayer(free, weights, tokens, matrix(rows(e).reverse()))).reverse()
  t.ok(
    y.every((row, i) => near(reversed[i] ?? [], row)),
    'reversed tokens give reversed answers'
  )
  const bias = Object.keys(weights).find((name) => name.endsWith('K.bias')) ?? ''
  const shifted = rows(applyLayer(free, { ...weights, [bias]: draw('other', width) }, tokens, e))
  t.ok(
    y.every((row, i) => near(shifted[i] ?? [], row)),
    'the bias of keys changes nothing'
  )
  const steep = matrix(rows(e).map((row) => row.map((x) => 1e4 * x)))
  t.ok(
    rows(applyLayer(free, weights, tokens, steep))
      .flat()
      .every(Number.isFinite),
    'huge scores do not overflow'
  )

  const causal = inside(L.softmaxAttention({ heads: 2, mask: 'causal' }))
  const before = rows(applyLayer(causal, weightsOf(causal), tokens, e))
  const changed = matrix(rows(e).map((row, i) => (i === 2 ? row.map((x) => x + 1) : row)))
  const after = rows(applyLayer(causal, weightsOf(causal), tokens, changed))
  t.deepEqual(after.slice(0, 2), before.slice(0, 2), 'causal: earlier tokens do not see later ones')
  t.notDeepEqual(after[2], before[2], 'the last one sees itself')
  t.end()
})

test('layer norm, GELU and positions, by hand', (t) => {
  const norm = inside(L.layerNorm({ epsilon: 3 }))
  const weights = { '1.norm.gain': Float64Array.of(1, 2, 1, 1), '1.norm.shift': Float64Array.of(0, 0, 5, 0) }
  // Mean 4 and variance 1, so that the root is 2.
  const y = rows(
    applyLayer(
      norm,
      weights,
      tokens,
      matrix([
        [3, 5, 3, 5],
        [1, 1, 1, 1],
        [1, 1, 1, 1]
      ])
    )
  )
  t.ok(near(y[0] ?? [], [-0.5, 1, 4.5, 0.5]), 'layer norm')
  t.ok(near(y[1] ?? [], [0, 0, 5, 0]), 'of a constant token: its shifts')
  const at = matrix([
    [1, -1, 0, 2],
    [0, 0, 0, 0],
    [0, 0, 0, 0]
  ])
  const phi1 = 0.8413447460685429
  const phi2 = 0.9772498680518208
  t.ok(near(rows(applyLayer(inside(L.gelu()), {}, tokens, at))[0] ?? [], [phi1, phi1 - 1, 0, 2 * phi2]), 'GELU')
  const byTanh = rows(applyLayer(inside(L.gelu('tanh')), {}, tokens, at))[0] ?? []
  t.ok(near(byTanh, [0.8411919906082768, 0.8411919906082768 - 1, 0, 1.954597694087775]), 'GELU by tanh')
  const placed = inside(L.positions({ tokens }))
  const table = draw('table', tokens * width)
  const moved = rows(applyLayer(placed, { '1.positions.table': table }, tokens, e))
  t.ok(
    near(
      moved.flat(),
      [...table].map((p, k) => p + (e.data[k] ?? 0))
    ),
    'positions'
  )
  t.end()
})
