import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import test from 'tape'

import { L, M, T, Tree, W, Zoo } from '../../spec'
import { golden } from '../golden/golden'
import { left, right } from '../support/right'

const step = pipe(L.linearAttention({ P: W.block, Q: W.block }), L.andThen(L.scale(0.5)), L.residual)

const models: readonly M.Model[] = [
  M.make({
    name: 'damped-block-linear-3',
    encoding: T.equations({ embedding: T.identity(3) }),
    body: pipe(step, L.repeat(3)),
    readout: M.query('A')
  }),
  Zoo.blockLinear({ layers: 3 }),
  Zoo.blockLinear({ layers: 2, heads: 2, tied: true, allOnes: true, muScale: 'n', query: 'paper', bScale: null }),
  Zoo.fullLinear({ layers: 3, embedding: T.learned(27, 9) }),
  Zoo.fullLinear({ layers: 1, heads: 2, embedding: T.identity(3) }),
  Zoo.columnLinear({ layers: 2, inner: 4 }),
  Zoo.polynomial({ degree: 24, low: 1 / 3, high: 5 / 3 }),
  Zoo.algebraformer({ n: 64, width: 256, blocks: 12, heads: 8 }),
  Zoo.algebraformer({ n: 16, width: 64, blocks: 4, heads: 4, encoding: 'entries', equilibrate: 64 })
]

test('models print as trees', (t) => {
  for (const model of models) golden(t, `tree/${model.name}`, right(Tree.show(model)))
  t.end()
})

test('the tree of the sketch has the sketch counts', (t) => {
  const text = right(Tree.show(models[0]!))
  t.ok(text.includes('249 parameters, any n'), '83 parameters a step')
  t.ok(/P block, Q block +2 x 41\n/.test(text), '41 scalars a Block weight')
  t.end()
})

test('a bad model has no tree', (t) => {
  const bad = M.make({ ...Zoo.blockLinear({ layers: 1 }), readout: M.query('C') })
  t.ok(E.isLeft(Tree.show(bad)), 'Left')
  t.equal(left(Tree.show(bad)).path, 'readout.query', 'names the readout')
  t.end()
})
