/** Recurrent layers in the interpreter: against ONNX Runtime, by hand, and by laws. */
import test from 'tape'

import * as D from '../../runtime/interpreter/dense'
import { applyLayer } from '../../runtime/interpreter/layers'
import { L } from '../../spec'
import type { TypedLayer } from '../../spec/infer'
import { between, rows } from '../support/layers'

const [tokens, width, hidden] = [5, 3, 2]

const inside = (layer: L.Layer): TypedLayer => between(width, layer)

/** `0.8 sin(tag + 1.7 k)`. */
const waves = (tag: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, k) => 0.8 * Math.sin(tag + 1.7 * k))

const tags = { 'W.matrix': 1, 'W.bias': 3, 'U.matrix': 5, 'U.bias': 7 } as const

/** Weights by formula; those of the way back have the next tag. */
const weightsOf = (layer: TypedLayer, gates: number) => {
  const sizes = {
    'W.matrix': gates * hidden * width,
    'W.bias': gates * hidden,
    'U.matrix': gates * hidden * hidden,
    'U.bias': hidden
  }
  return Object.fromEntries(
    ['forward', 'backward'].flatMap((direction, way) =>
      (['W.matrix', 'W.bias', 'U.matrix', 'U.bias'] as const).map((name) => [
        `${layer.path}.${direction}.${name}`,
        waves(tags[name] + way, sizes[name])
      ])
    )
  )
}

const near = (got: readonly (readonly number[])[], want: readonly (readonly number[])[], within: number): boolean =>
  got.length === want.length &&
  got.every((row, i) => row.every((x, c) => Math.abs(x - (want[i]?.[c] ?? Number.NaN)) <= within))

const e = D.of(waves(0, tokens * width), tokens, width)

test('both cells, both ways, as the operators LSTM and GRU of ONNX Runtime 1.32 compute them', (t) => {
  const lstm = inside(L.lstm({ hidden, tokens }))
  t.ok(
    near(
      rows(applyLayer(lstm, weightsOf(lstm, 4), tokens, e)),
      [
        [0.14636, 0.119451, 0.087822, 0.012922],
        [0.135303, 0.073992, 0.115392, -0.080136],
        [0.14262, 0.08867, 0.203499, -0.134993],
        [0.106402, 0.172112, 0.244077, -0.171519],
        [0.330875, 0.051836, 0.109056, -0.026365]
      ],
      1e-6
    ),
    'LSTM'
  )
  const gru = inside(L.gru({ hidden, tokens }))
  t.ok(
    near(
      rows(applyLayer(gru, weightsOf(gru, 3), tokens, e)),
      [
        [-0.204362, -0.109588, -0.214226, -0.226211],
        [-0.316553, -0.287373, -0.049434, 0.013866],
        [-0.297602, -0.374105, 0.013341, 0.247127],
        [0.22207, -0.34328, -0.126306, 0.487548],
        [0.403109, 0.079565, -0.289644, 0.401996]
      ],
      1e-6
    ),
    'GRU with linear_before_reset'
  )
  t.end()
})

test('an LSTM whose gates stand open adds up, and one whose forget gate is shut forgets', (t) => {
  const layer = inside(L.lstm({ hidden: 1, tokens, direction: 'forward' }))
  const run = (forget: number): number[] => {
    const weights = {
      [`${layer.path}.forward.W.matrix`]: new Float64Array(4 * width),
      [`${layer.path}.forward.W.bias`]: Float64Array.of(40, forget, 40, 40),
      [`${layer.path}.forward.U.matrix`]: new Float64Array(4)
    }
    return rows(applyLayer(layer, weights, tokens, e)).map(([y]) => y as number)
  }
  const want = (count: (i: number) => number): number[][] => [run(0).map((_, i) => Math.tanh(count(i)))]
  t.ok(
    near(
      [run(40)],
      want((i) => i + 1),
      1e-14
    ),
    'open: tanh of the number of tokens'
  )
  t.ok(
    near(
      [run(-40)],
      want(() => 1),
      1e-14
    ),
    'shut: tanh of one'
  )
  t.end()
})

test('a GRU whose update gate stands open keeps what it carries: nothing', (t) => {
  const layer = inside(L.gru({ hidden: 1, tokens, direction: 'forward' }))
  const weights = {
    [`${layer.path}.forward.W.matrix`]: new Float64Array(3 * width),
    [`${layer.path}.forward.W.bias`]: Float64Array.of(0, 40, 1),
    [`${layer.path}.forward.U.matrix`]: new Float64Array(3),
    [`${layer.path}.forward.U.bias`]: Float64Array.of(0.5)
  }
  t.ok(
    near(
      rows(applyLayer(layer, weights, tokens, e)),
      Array.from({ length: tokens }, () => [0]),
      1e-14
    )
  )
  const shut = { ...weights, [`${layer.path}.forward.W.bias`]: Float64Array.of(0, -40, 1) }
  const all = Array.from({ length: tokens }, () => [Math.tanh(1 + 0.5 * 0.5)])
  t.ok(near(rows(applyLayer(layer, shut, tokens, e)), all, 1e-14), 'shut: its candidate, half reset')
  t.end()
})

test('reading backward is reading the tokens in reverse, and a token sees what was read before it', (t) => {
  for (const make of [L.lstm, L.gru]) {
    const [onwards, back] = (['forward', 'backward'] as const).map((direction) =>
      inside(make({ hidden, tokens, direction }))
    ) as [TypedLayer, TypedLayer]
    const gates = make === L.lstm ? 4 : 3
    const weights = weightsOf(onwards, gates)
    const same = Object.fromEntries(
      Object.entries(weights).map(([name, values]) => [
        name,
        weights[name.replace('.backward.', '.forward.')] ?? values
      ])
    )
    const reversed = D.generate(tokens, width, (i, c) => e.get(tokens - 1 - i, c))
    const there = rows(applyLayer(onwards, same, tokens, e))
    const returned = rows(applyLayer(back, same, tokens, reversed)).reverse()
    t.deepEqual(returned, there, `${gates} gates: reversed`)
    const other = D.generate(tokens, width, (i, c) => e.get(i, c) + (i === 2 ? 1 : 0))
    const changed = rows(applyLayer(onwards, same, tokens, other))
    const differs = changed.map((row, i) => row.some((x, c) => x !== there[i]?.[c]))
    t.deepEqual(differs, [false, false, true, true, true], `${gates} gates: the third token reaches those behind it`)
  }
  t.end()
})
