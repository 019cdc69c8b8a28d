/** Transformers as plans: kernels are shared by all blocks, and every product of matrices is a contraction. */
import test from 'tape'

import { type Goal, plan } from '../../codegen/compile'
import type { Plan } from '../../codegen/plan'
import { contractions, show } from '../../codegen/schedules/contraction'
import { javascript } from '../../codegen/targets/javascript'
import { algebraformer } from '../../spec/zoo/algebraformer'
import { right, typed } from '../support/right'

const sizes = { n: 6, batch: 3 }

const planOf = (goal: Goal, blocks: number): Plan =>
  right(plan(javascript, goal, typed(algebraformer({ n: 6, width: 32, blocks, heads: 4, hidden: 48 })), sizes))

test('a model of more blocks has the same kernels', (t) => {
  for (const goal of [{ _tag: 'forward' }, { _tag: 'vjp' }] as const) {
    const [three, nine] = [planOf(goal, 3), planOf(goal, 9)]
    t.deepEqual(
      nine.kernels.map((k) => k.name),
      three.kernels.map((k) => k.name),
      `${goal._tag}: ${three.kernels.length} kernels`
    )
    t.ok(nine.launches.length > 2 * three.launches.length, 'and more launches')
  }
  t.end()
})

/** The contractions of a kernel by its name. */
const shown = (from: Plan, name: RegExp): readonly string[] =>
  from.kernels.filter((k) => name.test(k.name)).flatMap((k) => contractions(k, sizes)().map(show))

test('maps, scores, mixing and gradients are contractions with plain axes', (t) => {
  const vjp = planOf({ _tag: 'vjp' }, 2)
  const cases: readonly [kernel: RegExp, axes: readonly string[]][] = [
    [/^map_into_heads_Y$/, ['batch 1 | m si:18 | n hc:32 | k d:32']],
    [/^softmax_attention_S$/, ['batch s:3 h:4 | m i:6 | n k:6 | k c:8']],
    [/^softmax_attention_O$/, ['batch s:3 h:4 | m i:6 | n c:8 | k k:6']],
    [/^softmax_attention_dS$/, ['batch s:3 h:4 | m i:6 | n k:6 | k c:8']]
  ]
  for (const [kernel, axes] of cases) t.deepEqual(shown(vjp, kernel), axes, String(kernel))
  const totals = shown(vjp, /^sum_over_systems_total/)
  t.ok(
    totals.includes('batch 1 | m hc:32 | n d:32 | k si:18'),
    `gradients run over systems and tokens: ${totals.join('; ')}`
  )
  t.end()
})
