import { pipe } from 'fp-ts/function'
import test from 'tape'

import { type Measure, matched, measured } from '../../codegen/matched'
import { count } from '../../runtime/weights/weights'
import { type M, Zoo } from '../../spec'
import { left, right, typed } from '../support/right'

const n = 8
const like = Zoo.algebraformer({ n, width: 32, blocks: 2, heads: 4 })
const kinds: Readonly<Record<string, (width: number) => M.Model>> = {
  lstm: (width) => Zoo.lstm({ n, width, layers: 2 }),
  gru: (width) => Zoo.gru({ n, width, layers: 1, bidirectional: false })
}

test('recurrent networks as large as an Algebraformer', (t) => {
  t.equal(right(measured('parameters', n)(like)), count(typed(like), n), 'parameters are those there are')
  for (const measure of ['parameters', 'operations'] as readonly Measure[]) {
    const wanted = right(pipe(like, measured(measure, n)))
    for (const [kind, make] of Object.entries(kinds)) {
      const made = right(matched(measure, n, wanted, make))
      const off = (width: number): number => Math.abs(right(measured(measure, n)(make(width))) - wanted)
      t.deepEqual(made.model, make(made.width), `${kind}: ${made.model.name}, ${made.size} of ${wanted} ${measure}`)
      t.equal(made.size, right(measured(measure, n)(made.model)))
      t.ok(off(made.width) <= Math.min(off(made.width - 1), off(made.width + 1)), 'no neighbour is nearer')
    }
  }
  t.end()
})

test('what cannot be matched', (t) => {
  const make = kinds['gru'] as (width: number) => M.Model
  t.equal(right(matched('parameters', n, 1, make)).width, 1, 'the least there is')
  t.equal(left(matched('parameters', n, 1e30, make)), 'no width up to 16384 has 1e+30 parameters')
  const wrong = left(matched('operations', n, 1e6, () => Zoo.gru({ n, width: 0, layers: 1 })))
  t.equal(wrong.split(' (')[0], 'body.sequence[0].recurrent: expected hidden: a whole number of at least 1, found 0')
  t.end()
})
