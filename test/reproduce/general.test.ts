/** The rows on general matrices and on order: that they run, and that their verdicts do not hang on a seed. */
import * as E from 'fp-ts/Either'
import test from 'tape'

import * as Key from '../../runtime/random/key'
import { trainer } from '../../runtime/reproduce/keep'
import { beyondSpd } from '../../runtime/reproduce/linear-transformer/beyond-spd'
import { invariance } from '../../runtime/reproduce/linear-transformer/invariance'
import { permutations } from '../../runtime/reproduce/linear-transformer/permuted'

for (const row of [beyondSpd, invariance]) {
  test(`row ${row.id}: every claim, with two seeds`, async (t) => {
    const train = trainer(null)
    for (const seed of [1, 2]) {
      const found = await row.run({
        config: 'quick',
        quick: true,
        seed,
        key: Key.fold(Key.key(seed), row.id),
        backends: ['cpu'],
        train: (recipe, own) => train(recipe, own),
        progress: () => {}
      })
      if (E.isLeft(found)) {
        t.fail(found.left)
        continue
      }
      const { claims, tables, plots } = found.right
      for (const { claim, ours, verdict } of claims) t.equal(verdict, 'reproduced', `${claim} ${ours}`)
      t.ok(
        tables.every(({ columns, rows }) => rows.length > 0 && rows.every((r) => r.length === columns.length)),
        'tables are whole'
      )
      t.equal(plots.length, 1, 'a plot')
    }
    t.end()
  })
}

test('permutations move something and keep everything', (t) => {
  for (const place of permutations(Key.key(1), 2, 20)) t.deepEqual([...place].sort(), [0, 1])
  t.ok(
    permutations(Key.key(2), 2, 20).every(([first]) => first === 1),
    'never the identity'
  )
  t.end()
})
