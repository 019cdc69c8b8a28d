/** Values that are zero but at one place of an axis: computed there alone, and everywhere the same. */
import fc from 'fast-check'
import * as E from 'fp-ts/Either'
import test from 'tape'

import { byHand } from '../../codegen/by-hand'
import * as C from '../../codegen/compile'
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import { adam } from '../../codegen/rules/optimiser'
import { support } from '../../codegen/support'
import { verify } from '../../codegen/verify'
import { interpret } from '../../runtime/equations/interpret'
import * as Dim from '../../spec/dim'
import { catalogue } from '../../spec/zoo/catalogue'
import { right, typed } from '../support/right'

const [i, j, k] = [X.index('i', 4), X.index('j', 4), X.index('k', 4)]
const [a, y, z, w] = ['a', 'y', 'z', 'w'].map(X.tensor) as [
  ReturnType<typeof X.tensor>,
  ReturnType<typeof X.tensor>,
  ReturnType<typeof X.tensor>,
  ReturnType<typeof X.tensor>
]

/** Conditions on i, j or k; some hold nowhere, some tie an index to a place. */
const guarded = (indices: readonly X.Index[]): fc.Arbitrary<(inner: X.Expr, no: X.Term) => X.Expr> =>
  fc
    .tuple(fc.constantFrom(...indices), fc.integer({ min: 0, max: 4 }), fc.boolean(), fc.constantFrom(...indices))
    .map(([index, place, ties, other]) => (inner, no) => {
      if (place === 4) return X.equal(index, other, inner, no)
      return ties ? X.equal(index, place, inner, no) : X.below(index, place, inner, no)
    })

const program = fc
  .record({
    first: fc.array(guarded([i, j]), { minLength: 1, maxLength: 3 }),
    second: fc.array(guarded([i, j]), { maxLength: 2 }),
    otherwise: fc.constantFrom<X.Term>(0, 0, 0, 2),
    shape: fc.integer({ min: 0, max: 5 })
  })
  .map(({ first, second, otherwise, shape }): Equations => {
    const around = (wraps: typeof first, inner: X.Expr): X.Expr =>
      wraps.reduceRight((whole, wrap, at) => wrap(whole, at === 0 ? otherwise : 0), inner)
    const bodies: readonly X.Expr[] = [
      X.sum([k], a(i, k), y(k, j)),
      X.sum([k], y(i, k), y(k, j)),
      X.add(y(i, j), X.multiply(y(i, j), a(j, i))),
      X.add(X.multiply(2, y(j, i)), a(i, j), X.sum([k], y(k, 3))),
      X.divide(y(i, 2), X.add(1, X.multiply(a(i, j), a(i, j)))),
      X.sum([k], y(k, j), X.add(y(k, i), y(k, k)))
    ]
    return byHand({
      name: 'guarded',
      inputs: [{ name: 'a', role: 'data', dims: [4, 4] }],
      equations: [
        { defines: 'y', over: [i, j], value: around(first, X.add(a(i, j), a(j, 1))) },
        { defines: 'z', over: [i, j], value: around(second, bodies[shape] as X.Expr) },
        { defines: 'w', over: [i, j], value: X.add(X.sum([k], z(i, k), a(k, j)), X.sum([k], a(k, i), z(k, j))) },
        { defines: 'v', over: [i], value: X.sum([j], w(i, j), z(j, i)) }
      ],
      outputs: ['w', 'v']
    })
  })

test('narrow values change no output', (t) => {
  const values = { a: Float64Array.from({ length: 16 }, (_, at) => Math.sin(1 + 3 * at)) }
  const property = fc.property(program, (e) => {
    const made = verify('keeping what is not zero')(support(e))
    if (E.isLeft(made)) throw new Error(made.left.reason)
    const [before, after] = [interpret(e, {}, values), interpret(made.right, {}, values)]
    return ['w', 'v'].every((name) =>
      before[name]?.every(
        (x: number, at: number) => Math.abs(x - (after[name]?.[at] ?? Number.NaN)) <= 1e-12 * (1 + Math.abs(x))
      )
    )
  })
  fc.assert(property, { numRuns: 1000, seed: 2 })
  t.pass('1000 programs')
  t.end()
})

test('the last layer of a model that is read at its query stays narrow, cotangents too', (t) => {
  const model = typed(catalogue['block-linear-3']?.model(5) as Parameters<typeof typed>[0])
  const e = right(C.equations({ _tag: 'step', optimiser: adam }, model))
  const axes = (name: string): string => (e.tensors[name]?.dims ?? []).map(Dim.show).join(' ')
  t.equal(axes('2.attention.dS'), 'batch n', 'scores of one token')
  t.equal(axes('2.attention.dU'), 'batch 2 n', 'queries of one token')
  t.equal(axes('2.attention.Q.Y'), 'batch 2 n', 'and the forward pass computes no others for them')
  t.equal(axes('1.attention.dS'), 'batch n+1 n', 'before it, all tokens')
  t.end()
})

test('what is nowhere zero comes back as it was, the same object, so that it is not verified again', (t) => {
  const whole = byHand({
    name: 'whole',
    inputs: [{ name: 'a', role: 'data', dims: [4, 4] }],
    equations: [
      { defines: 'y', over: [i, j], value: X.add(a(i, j), a(j, i)) },
      { defines: 'z', over: [i], value: X.sum([j], y(i, j), a(j, i)) }
    ],
    outputs: ['z']
  })
  t.equal(support(whole), whole, 'all of it')
  const apart = byHand({
    name: 'apart',
    inputs: [{ name: 'a', role: 'data', dims: [4, 4] }],
    equations: [
      { defines: 'w', over: [i, j], value: X.add(a(i, j), a(j, i)) },
      { defines: 'y', over: [i, j], value: X.equal(i, 1, a(i, j), 0) },
      { defines: 'z', over: [j], value: X.sum([i], y(i, j), w(i, j)) }
    ],
    outputs: ['z']
  })
  const narrower = support(apart)
  t.equal(narrower.equations[0], apart.equations[0], 'an equation that reads nothing of the sort')
  t.deepEqual(narrower.tensors['y']?.dims.length, 1, 'beside one that is narrower')
  t.end()
})
