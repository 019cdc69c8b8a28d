import fc from 'fast-check'
import test from 'tape'

import { Dim } from '../../spec'
import { left, right } from '../support/right'

const dim: fc.Arbitrary<Dim.Dim> = fc
  .array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.array(fc.constantFrom('n', 'batch', 'k'), { maxLength: 3 })), {
    maxLength: 4
  })
  .map((terms) =>
    Dim.add(...terms.map(([c, symbols]) => symbols.reduce((d, s) => Dim.times(d, Dim.symbol(s)), Dim.constant(c))))
  )

const sizes = fc.record({ n: fc.integer({ min: 1, max: 50 }), batch: fc.integer({ min: 1, max: 50 }), k: fc.nat(9) })

test('sums and products of sizes evaluate to sums and products', (t) => {
  fc.assert(
    fc.property(dim, dim, sizes, (p, q, at) => {
      const value = (d: Dim.Dim): number => right(Dim.evaluate(at)(d))
      return (
        value(Dim.add(p, q)) === value(p) + value(q) &&
        value(Dim.times(p, q)) === value(p) * value(q) &&
        value(Dim.subtract(p, q)) === value(p) - value(q)
      )
    }),
    { seed: 1 }
  )
  t.pass('for any sizes')
  t.end()
})

test('equal sizes print alike, and so are equal', (t) => {
  fc.assert(
    fc.property(
      dim,
      dim,
      (p, q) =>
        Dim.equals(Dim.add(p, q), Dim.add(q, p)) &&
        Dim.equals(Dim.times(p, q), Dim.times(q, p)) &&
        Dim.asConstant(Dim.subtract(p, p)) === 0
    ),
    { seed: 2 }
  )
  const width = Dim.add(Dim.times(4, Dim.n), 1)
  t.equal(Dim.show(Dim.times(width, width)), '16n^2+8n+1')
  t.equal(Dim.show(Dim.subtract(Dim.n, Dim.batch)), '-batch+n')
  t.equal(left(Dim.evaluate({ n: 3 })(Dim.times(Dim.batch, Dim.n))), 'batch', 'a missing size is named')
  t.end()
})
