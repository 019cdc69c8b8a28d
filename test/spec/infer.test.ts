import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import test from 'tape'

import { Dim, Infer, L, M, Parameter, T, W, Zoo } from '../../spec'
import { typed } from '../support/right'

const model = (body: L.Layer, changes: Partial<M.Model> = {}): M.Model =>
  M.make({
    name: 'case',
    encoding: T.equations({ embedding: T.identity(1) }),
    body,
    readout: M.query('A'),
    ...changes
  })

const attention = L.linearAttention({ P: W.block, Q: W.block })

/** A wrong model, and what its error must say. */
const wrong: readonly [what: string, model: M.Model, says: Partial<Infer.ShapeError>][] = [
  [
    'blocks that are no whole number',
    model(attention, { encoding: T.equations({ embedding: T.identity(1.5) }) }),
    { path: 'encoding', expected: 'identity blocks: a whole number of at least 0', found: '1.5' }
  ],
  [
    'a learned embedding of no width',
    model(attention, { encoding: T.equations({ embedding: T.learned(0, 9) }) }),
    { path: 'encoding', expected: 'embedding width: a whole number of at least 1', found: '0' }
  ],
  [
    'a learned embedding of no tokens',
    model(attention, { encoding: T.equations({ embedding: T.learned(3, -1) }) }),
    { path: 'encoding', expected: 'embedded tokens: a whole number of at least 1', found: '-1' }
  ],
  [
    'a scale of b that is zero',
    model(attention, { encoding: T.equations({ embedding: T.identity(1), bScale: 0 }) }),
    { path: 'encoding', expected: 'bScale: a positive number, or null', found: '0' }
  ],
  [
    'no heads',
    model(L.linearAttention({ heads: 0, P: W.block, Q: W.block })),
    { path: 'body.linearAttention', expected: 'heads: a whole number of at least 1', found: '0' }
  ],
  [
    'Block weights on a learned embedding',
    model(L.residual(attention), { encoding: T.equations({ embedding: T.learned(4, 9) }) }),
    {
      path: 'body.residual.linearAttention.P',
      expected: 'tokens made of parts of size n and one b of size 1',
      found: 'A:n  b:1  H:4'
    }
  ],
  [
    'Block Q beside full P on a learned embedding',
    model(L.linearAttention({ P: W.full, Q: W.block }), { encoding: T.equations({ embedding: T.learned(4, 9) }) }),
    { path: 'body.linearAttention.Q' }
  ],
  [
    'a product of no inner width',
    model(L.linearAttention({ P: W.product(0), Q: W.full })),
    { path: 'body.linearAttention.P', expected: 'inner width: a whole number of at least 1', found: '0' }
  ],
  [
    'a linear map to no width',
    model(L.linearMap({ weight: W.full, out: 0 })),
    { path: 'body.linearMap', expected: 'out: a whole number of at least 1', found: '0' }
  ],
  [
    'a Block linear map to a width',
    model(L.linearMap({ weight: W.block, out: 2 })),
    { path: 'body.linearMap', expected: 'a full or product weight', found: 'block' }
  ],
  [
    'a scale that starts from no number',
    model(L.scale(Number.NaN)),
    { path: 'body.scale', expected: 'initial: a finite number', found: 'NaN' }
  ],
  [
    'a polynomial of negative degree',
    model(L.chebyshev({ degree: -1, low: 0, high: 1 }), { encoding: T.rows, readout: M.perToken('b') }),
    { path: 'body.chebyshev', expected: 'degree: a whole number of at least 0', found: '-1' }
  ],
  [
    'a polynomial on an empty interval',
    model(L.chebyshev({ degree: 3, low: 1, high: 1 }), { encoding: T.rows, readout: M.perToken('b') }),
    { path: 'body.chebyshev', expected: 'low < high, both finite', found: '[1, 1]' }
  ],
  [
    'a polynomial in strides of three',
    model(L.chebyshev({ degree: 5, low: 0, high: 1, stride: 3 }), { encoding: T.rows, readout: M.perToken('b') }),
    { path: 'body.chebyshev', expected: 'stride: 1, 2, 4 ... up to the degree, 5', found: '3' }
  ],
  [
    'strides longer than the degree',
    model(L.chebyshev({ degree: 3, low: 0, high: 1, stride: 4 }), { encoding: T.rows, readout: M.perToken('b') }),
    { path: 'body.chebyshev', expected: 'stride: 1, 2, 4 ... up to the degree, 3', found: '4' }
  ],
  [
    'a polynomial beside a query',
    model(L.chebyshev({ degree: 3, low: 0, high: 1 })),
    {
      path: 'body.chebyshev',
      expected: 'n tokens with parts A and b, no query',
      found: '[n+1, 2n+1] (A:n  b:1  H1:n)'
    }
  ],
  [
    'a residual around a change of width',
    model(L.residual(L.linearMap({ weight: W.full, out: 3 }))),
    { path: 'body.residual', expected: '[n+1, 2n+1] (A:n  b:1  H1:n)', found: '[n+1, 3] (y:3)' }
  ],
  [
    'no repeats',
    model(pipe(attention, L.repeat(0))),
    { path: 'body.repeat', expected: 'times: a whole number of at least 1', found: '0' }
  ],
  [
    'an empty sequence',
    model({ _tag: 'sequence', layers: [] }),
    { path: 'body.sequence', expected: 'at least one layer', found: 'none' }
  ],
  [
    'a wrong layer deep inside',
    model(pipe(L.scale(1), L.andThen(L.residual(L.scale(Number.POSITIVE_INFINITY))), L.repeat(2))),
    { path: 'body.repeat[0].sequence[1].residual.scale', found: 'Infinity' }
  ],
  [
    'a readout of no part',
    model(attention, { readout: M.query('H2') }),
    { path: 'readout.query', expected: 'a part called H2', found: 'A:n  b:1  H1:n' }
  ],
  [
    'a query readout without a query',
    model(attention, { encoding: T.columns }),
    { path: 'readout.query', expected: 'a query token', found: 'none' }
  ],
  [
    'a query readout of one number',
    model(attention, { readout: M.query('b') }),
    { path: 'readout.query', expected: 'a part of size n', found: 'b:1' }
  ],
  [
    'an answer per token with a query among them',
    model(attention, { readout: M.perToken('b') }),
    { path: 'readout.perToken', expected: 'n tokens', found: 'n+1' }
  ],
  [
    'an answer per token of n numbers',
    model(attention, { encoding: T.columns, readout: M.perToken('A') }),
    { path: 'readout.perToken', expected: 'a part of size 1', found: 'A:n' }
  ],
  [
    'an answer over all tokens with a query among them',
    model(attention, { readout: M.transposed('A') }),
    { path: 'readout.transposed', expected: 'n tokens', found: 'n+1' }
  ],
  [
    'an answer over all tokens of one number',
    model(attention, { encoding: T.columns, readout: M.transposed('b') }),
    { path: 'readout.transposed', expected: 'a part of size n', found: 'b:1' }
  ]
]

test('a wrong model is a Left that names place, expected, found and cause', (t) => {
  for (const [what, bad, says] of wrong) {
    const result = Infer.infer(bad)
    if (E.isRight(result)) {
      t.fail(`${what}: accepted`)
      continue
    }
    const { path, expected, found, cause } = result.left
    for (const [key, value] of Object.entries(says)) {
      t.equal(result.left[key as keyof Infer.ShapeError], value, `${what}: ${key}`)
    }
    t.ok(cause.length > 5 && cause !== expected && cause !== found, `${what}: a cause`)
    t.equal(
      Infer.show(result.left),
      `${path}: expected ${expected}, found ${found} (${cause})`,
      `${what}: one sentence`
    )
  }
  t.end()
})

const totalAt = (m: M.Model, n: number): number => {
  const value = Dim.evaluate({ n })(Parameter.total(typed(m).parameters))
  return E.isRight(value) ? value.right : Number.NaN
}

test('the parameter counts are those of the paper', (t) => {
  const block = (layers: number): M.Model => Zoo.blockLinear({ layers, identityBlocks: 3, allOnes: true })
  t.equal(totalAt(block(1), 9), 82, 'BLOCK: 82 a layer')
  t.equal(totalAt(block(3), 9), 246, 'BLOCK: 246 in three layers')
  t.equal(totalAt(block(3), 500), 246, 'BLOCK: whatever n is')
  t.equal(totalAt(Zoo.blockLinear({ layers: 3, identityBlocks: 3 }), 9), 102, 'without all-ones terms: 34 a layer')
  t.equal(totalAt(Zoo.blockLinear({ layers: 3 }), 9), 30, 'with one identity block: 10 a layer')
  const full = Zoo.fullLinear({ layers: 3, embedding: T.learned(27, 9) })
  t.equal(totalAt(full, 9) - 27 * 9, 8214, 'FULL: 8,214 in three layers, besides the embedding')
  t.equal(typed(full).n, 9, 'a learned embedding fixes n')
  t.equal(typed(block(3)).n, null, 'identity blocks do not')
  t.end()
})

test('tied copies share their parameters, untied ones do not', (t) => {
  const names = (m: M.Model): readonly string[] => typed(m).parameters.map((p) => p.name)
  t.deepEqual(names(Zoo.blockLinear({ layers: 3, tied: true })), [
    'attention.P.mu1',
    'attention.P.entry',
    'attention.Q.mu1',
    'attention.Q.entry'
  ])
  const untied = names(Zoo.blockLinear({ layers: 3 }))
  t.equal(new Set(untied).size, 12, 'twelve arrays of different names')
  t.ok(untied.includes('2.attention.Q.entry'), 'named by the place of their layer')
  t.end()
})
