import test from 'tape'

import { interpretBatch } from '../../runtime/interpreter/interpret'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { initialise } from '../../runtime/weights/initialise'
import { widen } from '../../runtime/weights/widen'
import { Family, T, Zoo } from '../../spec'
import type { Model } from '../../spec/model'
import { left, right, typed } from '../support/right'
import { distance } from '../support/systems'

const n = 4
const convention = { query: 'paper', bScale: null } as const

const full = (layers: number, width: number, heads = 1): Model =>
  Zoo.fullLinear({ layers, heads, embedding: T.learned(width, n), ...convention })

const block = (layers: number, identityBlocks: number, heads = 1): Model =>
  Zoo.blockLinear({ layers, heads, identityBlocks, allOnes: true, ...convention })

test('a BLOCK model written out as a FULL one gives the same answers', (t) => {
  for (const [from, into] of [
    [block(2, 3), full(2, 12)],
    [block(1, 1, 2), full(1, 4, 2)],
    [Zoo.blockLinear({ layers: 2, identityBlocks: 2, allOnes: true, muScale: 'n', ...convention }), full(2, 8)],
    [Zoo.blockLinear({ layers: 2, identityBlocks: 1, ...convention }), full(2, 4)]
  ] as const) {
    const weights = initialise(typed(from), n, Key.key(2))
    const wide = right(widen(from, weights, into))
    const systems = draw(Family.spd({ kappa: 5, sizes: n }), Key.key(3), { n, batch: 5 })
    const [p, q] = [interpretBatch(typed(from), weights, systems), interpretBatch(typed(into), wide, systems)]
    t.ok(distance(p, q) < 1e-12, `${from.name}: ${distance(p, q)}`)
  }
  t.end()
})

test('models that do not fit are refused with a sentence', (t) => {
  const from = block(2, 3)
  const weights = initialise(typed(from), n, Key.key(2))
  const refusal = (into: Model): string => left(widen(from, weights, into))
  t.match(refusal(full(2, 8)), /^encoding: expected a learned embedding of 3 n = 12 numbers/)
  t.match(refusal(full(3, 12)), /^body: expected as many attention layers in both models, found 2 and 3/)
  t.match(refusal(full(2, 12, 2)), /expected 1 heads, found 2/)
  t.match(refusal(Zoo.fullLinear({ layers: 2, embedding: T.learned(12, n), query: 'b', bScale: null })), /same query/)
  t.match(refusal(Zoo.fullLinear({ layers: 2, embedding: T.identity(3), ...convention })), /which fixes n, found none/)
  t.end()
})
