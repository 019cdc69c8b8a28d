import test from 'tape'

import { count, sizesAt, validate, type Weights, zeros } from '../../runtime/weights/weights'
import { T, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'

const block = typed(Zoo.blockLinear({ layers: 3, identityBlocks: 3, allOnes: true }))
const full = typed(Zoo.fullLinear({ layers: 3, embedding: T.learned(27, 9) }))

test('sizes are those of the parameters at n', (t) => {
  t.equal(count(block, 9), 246, 'BLOCK')
  t.equal(count(full, 9), 8214 + 243, 'FULL with its embedding')
  t.deepEqual(
    sizesAt(typed(Zoo.blockLinear({ layers: 1, heads: 2, identityBlocks: 1, allOnes: true })), 5).map((p) => [
      p.name,
      p.dims
    ]),
    ['P', 'Q'].flatMap((w) => [
      [`0.attention.${w}.mu1`, [2, 2, 2]],
      [`0.attention.${w}.mu2`, [2, 2, 2]],
      [`0.attention.${w}.column`, [2, 2]],
      [`0.attention.${w}.row`, [2, 2]],
      [`0.attention.${w}.entry`, [2]]
    ])
  )
  t.end()
})

test('weights of another model are refused by name', (t) => {
  const good = zeros(block, 9)
  t.equal(right(validate(block, 9, good)), good, 'the weights themselves')
  const { '1.attention.Q.row': _, ...missing } = good
  const bad = Float64Array.of(0, Number.NaN, 0, 0)
  const cases: readonly [weights: Weights, reason: string][] = [
    [missing, '1.attention.Q.row: expected 4 numbers [1, 4], found nothing'],
    [{ ...good, extra: new Float64Array(1) }, "extra: expected one of this model's 30 parameters"],
    [{ ...good, '1.attention.Q.row': new Float64Array(5) }, '1.attention.Q.row: expected 4 numbers [1, 4], found 5'],
    [{ ...good, '1.attention.Q.row': bad }, '1.attention.Q.row: expected finite numbers, found NaN at entry 1']
  ]
  for (const [weights, reason] of cases) t.ok(left(validate(block, 9, weights)).startsWith(reason), reason)
  t.ok(left(validate(full, 8, zeros(full, 9))).includes('made for n = 9 and the system has n = 8'), 'another n')
  t.end()
})
