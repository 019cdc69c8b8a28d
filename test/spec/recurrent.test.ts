import { pipe } from 'fp-ts/function'
import test from 'tape'

import * as Key from '../../runtime/random/key'
import { initialise } from '../../runtime/weights/initialise'
import { count } from '../../runtime/weights/weights'
import { Infer, Json, L, M, T, Tree, W, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'

const around = (...layers: readonly L.Layer[]): M.Model =>
  M.make({
    name: 'case',
    encoding: T.columns,
    body: [...layers, L.linearMap({ weight: W.full, out: 1 })].reduce((before, layer) =>
      pipe(before, L.andThen(layer))
    ),
    readout: M.perToken('y')
  })

test('recurrent networks have the numbers of parameters that their formulas have', (t) => {
  const [n, h] = [6, 8]
  const readout = (width: number): number => width + 1
  const of = (gates: number, width: number, more: number): number => gates * (h * width + h + h * h) + more
  const twoWays = typed(Zoo.lstm({ n, width: h, layers: 2 }))
  t.equal(count(twoWays, n), 2 * of(4, n + 1, 0) + 2 * of(4, 2 * h, 0) + readout(2 * h), 'LSTM, both ways')
  const onwards = typed(Zoo.gru({ n, width: h, layers: 1, bidirectional: false, embedding: 5 }))
  t.equal(count(onwards, n), 5 * (n + 1) + 5 + of(3, 5, h) + readout(h), 'GRU behind an embedding, one way')
  t.equal(twoWays.n, n, 'they are made for one n')
  t.end()
})

test('where their weights start', (t) => {
  const n = 4
  const model = typed(Zoo.lstm({ n, width: 64, layers: 1, bidirectional: false }))
  const weights = initialise(model, n, Key.key(1))
  const matrix = weights['0.lstm.forward.U.matrix'] ?? new Float64Array()
  t.ok(
    matrix.every((x) => Math.abs(x) < 1 / 8),
    'within 1 / sqrt(hidden)'
  )
  const spread = Math.sqrt(matrix.reduce((total, x) => total + x * x, 0) / matrix.length)
  t.ok(Math.abs(spread * Math.sqrt(3) * 8 - 1) < 0.02, `uniform: a spread of ${spread}`)
  const biases = [...(weights['0.lstm.forward.W.bias'] ?? [])]
  t.deepEqual(
    biases,
    [0, 1, 0, 0].flatMap((value) => Array.from({ length: 64 }, () => value)),
    'forget gates open'
  )
  const normal = typed(around(L.gru({ hidden: 64, tokens: n, direction: 'forward', std: 0.3 })))
  const drawn = initialise(normal, n, Key.key(1))['0.gru.forward.U.matrix'] ?? new Float64Array()
  const std = Math.sqrt(drawn.reduce((total, x) => total + x * x, 0) / drawn.length)
  t.ok(Math.abs(std / 0.3 - 1) < 0.03, `normal: a spread of ${std}`)
  t.end()
})

test('models with recurrent layers go through JSON', (t) => {
  for (const model of [
    Zoo.lstm({ n: 5, width: 8, layers: 2 }),
    Zoo.gru({ n: 5, width: 8, layers: 1, bidirectional: false, embedding: 3, std: 0.1 }),
    around(L.lstm({ hidden: 2, tokens: 3, direction: 'backward', forgetBias: 2 }))
  ]) {
    t.deepEqual(right(Json.parse(JSON.stringify(Json.encode(model)))), model, model.name)
  }
  const cell = { _tag: 'recurrent', cell: { _tag: 'rnn' }, hidden: 1, direction: 'both', tokens: 3, std: null }
  const { path, expected } = left(Json.decode({ ...(Json.encode(around(L.scale(1))) as object), body: cell }))
  t.deepEqual([path, expected], ['body.cell._tag', 'one of lstm, gru'])
  t.end()
})

test('the tree says what a recurrent layer is', (t) => {
  const text = right(
    Tree.show(around(L.lstm({ hidden: 2, tokens: 3 }), L.gru({ hidden: 4, tokens: 3, direction: 'backward' })))
  )
  t.ok(/LSTM +2 numbers, both ways, 3 tokens +112/.test(text), text)
  t.ok(/GRU +4 numbers, backward, 3 tokens +112/.test(text))
  t.end()
})

const wrong: readonly [what: string, model: M.Model, says: Partial<Infer.ShapeError>][] = [
  [
    'no numbers to carry',
    around(L.lstm({ hidden: 0, tokens: 3 })),
    { expected: 'hidden: a whole number of at least 1' }
  ],
  ['no tokens', around(L.gru({ hidden: 1, tokens: 0 })), { path: 'body.sequence[0].recurrent', found: '0' }],
  ['a negative spread', around(L.gru({ hidden: 1, tokens: 3, std: -1 })), { expected: 'std: a number of at least 0' }],
  [
    'a bias that is no number',
    around(L.lstm({ hidden: 1, tokens: 3, forgetBias: Number.NaN })),
    { expected: 'forgetBias: a finite number', found: 'NaN' }
  ],
  [
    'two numbers of tokens',
    around(L.lstm({ hidden: 1, tokens: 3 }), L.lstm({ hidden: 1, tokens: 4 })),
    { path: 'body', expected: 'one number of tokens', found: '3 and 4' }
  ],
  [
    'a query',
    M.make({ ...around(L.lstm({ hidden: 1, tokens: 3 })), encoding: T.equations({ embedding: T.identity(1) }) }),
    { path: 'body.sequence[0].recurrent', expected: 'n tokens', found: '[n+1, 2n+1] (A:n  b:1  H1:n)' }
  ]
]

test('what does not fit is refused in a sentence', (t) => {
  for (const [what, model, says] of wrong) {
    const error = left(Infer.infer(model))
    t.deepEqual({ ...error, ...says }, error, `${what}: ${Infer.show(error)}`)
  }
  t.end()
})
