import { pipe } from 'fp-ts/function'
import test from 'tape'

import { count } from '../../runtime/weights/weights'
import { Infer, Json, L, M, T, W, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'

const around = (...layers: readonly L.Layer[]): M.Model =>
  M.make({
    name: 'case',
    encoding: T.columns,
    body: [...layers, L.linearMap({ weight: W.full, out: 1 })].reduce(
      (before, layer) => pipe(before, L.andThen(layer)),
      L.linearMap({ weight: W.full, out: 6 })
    ),
    readout: M.perToken('y')
  })

test('the Transformer of the paper has the number of parameters that is known of it', (t) => {
  const model = Zoo.algebraformer({ n: 64, width: 256, blocks: 12, heads: 8 })
  t.equal(count(typed(model), 64), 9_511_169)
  t.equal(typed(model).n, 64, 'its positions fix n')
  const entries = typed(
    Zoo.algebraformer({ n: 16, width: 64, blocks: 4, heads: 4, encoding: 'entries', equilibrate: 64 })
  )
  const columns = typed(Zoo.algebraformer({ n: 16, width: 64, blocks: 4, heads: 4 }))
  t.equal(
    count(entries, 16) - count(columns, 16),
    (256 - 16) * 64 + (2 - 17) * 64,
    'entries: more places, shorter tokens'
  )
  const free = typed(Zoo.algebraformer({ n: 64, width: 256, blocks: 12, heads: 8, positions: 'none' }))
  t.equal(count(free, 64), 9_511_169 - 64 * 256, 'without positions')
  t.equal(free.n, null, 'nothing fixes n')
  t.end()
})

test('models with these layers go through JSON', (t) => {
  for (const model of [
    Zoo.algebraformer({ n: 5, width: 8, blocks: 2, heads: 2 }),
    Zoo.algebraformer({ n: 5, width: 8, blocks: 1, heads: 2, encoding: 'entries', equilibrate: 64 }),
    Zoo.algebraformer({
      n: 5,
      width: 8,
      blocks: 1,
      heads: 1,
      mask: 'causal',
      positions: 'none',
      gelu: 'tanh',
      std: 0.1
    })
  ]) {
    t.deepEqual(right(Json.parse(JSON.stringify(Json.encode(model)))), model, model.name)
  }
  t.end()
})

const wrong: readonly [what: string, model: M.Model, says: Partial<Infer.ShapeError>][] = [
  [
    'heads that do not divide the width',
    around(L.softmaxAttention({ heads: 4 })),
    { path: 'body.sequence[1].softmaxAttention', expected: 'tokens of a width that 4 divides', found: '[n, 6] (y:6)' }
  ],
  [
    'heads on tokens that grow with n',
    M.make({ ...around(), body: pipe(L.softmaxAttention({ heads: 1 }), L.andThen(around().body)) }),
    { path: 'body.sequence[0].softmaxAttention', found: '[n, n+1] (A:n  b:1)' }
  ],
  ['no heads', around(L.softmaxAttention({ heads: 0 })), { expected: 'heads: a whole number of at least 1' }],
  ['a negative spread', around(L.softmaxAttention({ heads: 1, std: -1 })), { expected: 'std: a number of at least 0' }],
  ['no epsilon', around(L.layerNorm({ epsilon: 0 })), { path: 'body.sequence[1].layerNorm', found: '0' }],
  ['positions of no tokens', around(L.positions({ tokens: 0 })), { expected: 'tokens: a whole number of at least 1' }],
  [
    'positions that disagree',
    around(L.positions({ tokens: 3 }), L.residual(L.positions({ tokens: 4 }))),
    { path: 'body', expected: 'one number of tokens', found: '3 and 4' }
  ],
  [
    'entries of what is no system',
    around(L.entries),
    { path: 'body.sequence[1].entries', expected: '[n, n+1] (A:n  b:1)', found: '[n, 6] (y:6)' }
  ],
  [
    'means of columns',
    around(L.columnMeans),
    { path: 'body.sequence[1].columnMeans', expected: 'n^2 tokens, no query' }
  ],
  [
    'entries that are left at the end',
    M.make({ ...around(), body: pipe(L.entries, L.andThen(around().body)) }),
    { path: 'readout.perToken', found: 'n^2', cause: 'entries are left: end with L.columnMeans' }
  ],
  [
    'recurrence over entries',
    M.make({
      ...around(),
      body: pipe(L.entries, L.andThen(L.gru({ hidden: 2, tokens: 3 })), L.andThen(L.columnMeans))
    }),
    { path: 'body.sequence[1].recurrent', expected: 'n tokens', found: '[n^2, 2] (A:1  b:1)' }
  ],
  [
    'linear attention over entries',
    M.make({ ...around(), body: pipe(L.entries, L.andThen(L.linearAttention({ P: W.full, Q: W.full }))) }),
    { path: 'body.sequence[1].linearAttention', expected: 'n tokens' }
  ],
  [
    'equilibration of what is no system',
    around(L.equilibrate()(L.gelu())),
    { path: 'body.sequence[1].equilibrate', expected: '[n, n+1] (A:n  b:1)' }
  ],
  [
    'an answer times nothing',
    M.make({ ...around(), body: L.equilibrate({ answer: 0 })(around().body) }),
    { path: 'body.equilibrate', found: '0' }
  ],
  [
    'a spread that is no number',
    around(L.linearMap({ weight: W.fullOf({ std: Number.NaN }), out: 6 })),
    { path: 'body.sequence[1].linearMap.weight', found: 'NaN' }
  ],
  [
    'a bias on a Block weight',
    M.make({ ...around(), body: pipe(L.linearMap({ weight: W.block, bias: true }), L.andThen(around().body)) }),
    { path: 'body.sequence[0].linearMap', expected: 'a full or product weight' }
  ]
]

test('wrong models say what is wrong', (t) => {
  for (const [what, model, says] of wrong) {
    const error = left(Infer.infer(model))
    for (const [key, value] of Object.entries(says)) t.equal(error[key as keyof typeof error], value, `${what}: ${key}`)
  }
  t.end()
})

test('hostile JSON of these layers is refused', (t) => {
  const encoded = (body: unknown): unknown => ({
    name: 'case',
    encoding: { _tag: 'columns' },
    body,
    readout: { _tag: 'perToken', part: 'y' }
  })
  const attention = { _tag: 'softmaxAttention', heads: 2, mask: 'none', bias: true, std: 0.02 }
  const cases: readonly [body: unknown, path: string][] = [
    [{ ...attention, heads: 1e9 }, 'body.heads'],
    [{ ...attention, mask: 'left' }, 'body.mask'],
    [{ ...attention, std: Number.POSITIVE_INFINITY }, 'body.std'],
    [{ ...attention, bias: 1 }, 'body.bias'],
    [{ ...attention, dropout: 0.1 }, 'body'],
    [{ _tag: 'gelu', form: 'return 1' }, 'body.form'],
    [{ _tag: 'layerNorm', epsilon: '1e-5' }, 'body.epsilon'],
    [{ _tag: 'positions', tokens: 1e12, std: 0 }, 'body.tokens'],
    [{ _tag: 'linearMap', weight: { _tag: 'full', std: null }, out: 2 }, 'body.weight.std'],
    [{ _tag: 'linearMap', weight: { _tag: 'full' }, out: 2, bias: 'yes' }, 'body.bias']
  ]
  for (const [body, path] of cases) t.equal(left(Json.decode(encoded(body))).path, path, JSON.stringify(body))
  t.end()
})
