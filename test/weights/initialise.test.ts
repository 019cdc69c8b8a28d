import test from 'tape'

import * as Key from '../../runtime/random/key'
import { initialise } from '../../runtime/weights/initialise'
import { validate } from '../../runtime/weights/weights'
import { L, T, W, Zoo } from '../../spec'
import { right, typed } from '../support/right'

const big = typed(Zoo.fullLinear({ layers: 2, embedding: T.identity(3) }))

test('first weights are those of the model, and the same from the same key', (t) => {
  const weights = initialise(big, 9, Key.key(1))
  t.deepEqual(
    Object.keys(weights),
    big.parameters.map((p) => p.name)
  )
  t.equal(right(validate(big, 9, weights)), weights, 'they fit')
  t.deepEqual(initialise(big, 9, Key.key(1)), weights, 'same key, same bytes')
  t.notDeepEqual(initialise(big, 9, Key.key(2)), weights, 'another key, other numbers')
  t.notDeepEqual(weights['0.attention.P.matrix'], weights['0.attention.Q.matrix'], 'each parameter draws its own')
  t.end()
})

test('they follow their initial laws', (t) => {
  const spread = (a: Float64Array): number => Math.sqrt(a.reduce((sum, v) => sum + v * v, 0) / a.length)
  const drawn = initialise(big, 9, Key.key(3))['1.attention.Q.matrix']!
  t.ok(Math.abs(spread(drawn) / 0.05 - 1) < 0.1, 'matrices: N(0, 0.05^2)')
  const scaled = typed({
    ...Zoo.blockLinear({ layers: 1, heads: 60 }),
    body: { _tag: 'sequence', layers: [L.linearAttention({ heads: 60, P: W.lean, Q: W.lean }), L.scale(0.5)] }
  })
  const weights = initialise(scaled, 9, Key.key(4))
  t.ok(Math.abs(spread(weights['0.attention.P.mu1']!) / 0.2 - 1) < 0.1, 'Block scalars: N(0, 0.2^2)')
  t.deepEqual([...weights['1.scale.alpha']!], [0.5], 'alpha: where the layer says')
  t.end()
})

test('a parameter keeps its draw when others come and go', (t) => {
  const [two, three] = [2, 3].map((layers) => initialise(typed(Zoo.blockLinear({ layers })), 1, Key.key(5)))
  t.deepEqual(three!['1.attention.P.mu1'], two!['1.attention.P.mu1'])
  t.end()
})

test('a Transformer starts from N(0, 0.02^2), zeros and ones, and a scale is of what is drawn', (t) => {
  const model = typed(Zoo.algebraformer({ n: 6, width: 32, blocks: 2, heads: 4 }))
  const spread = (a: Float64Array): number => Math.sqrt(a.reduce((sum, v) => sum + v * v, 0) / a.length)
  const weights = initialise(model, 6, Key.key(6))
  const scaled = initialise(model, 6, Key.key(6), 0.5)
  for (const { name, law } of model.parameters) {
    const [own, half] = [weights[name]!, scaled[name]!]
    if (/gain$/.test(name)) t.ok(law._tag === 'constant' && [...own, ...half].every((v) => v === 1), `${name}: ones`)
    else if (/bias$|shift$/.test(name))
      t.ok(
        [...own, ...half].every((v) => v === 0),
        `${name}: zeros`
      )
    else {
      t.ok(own.length < 100 || Math.abs(spread(own) / 0.02 - 1) < 0.2, `${name}: ${spread(own)}`)
      t.ok(
        half.every((v, k) => v === 0.5 * own[k]!),
        `${name}: half of it`
      )
    }
  }
  t.end()
})
