/** Printed kernels as expected texts, one of every kind of step. */
import test from 'tape'

import { type Goal, plan } from '../../codegen/compile'
import { adam } from '../../codegen/rules/optimiser'
import { print, wgsl } from '../../codegen/targets/wgsl/index'
import { guaranteed, type WgslProgram } from '../../codegen/targets/wgsl/program'
import type { Wishes } from '../../codegen/targets/wgsl/schedule'
import type { Sizes } from '../../spec/dim'
import { catalogue } from '../../spec/zoo/catalogue'
import { golden } from '../golden/golden'
import { right, typed } from '../support/right'

const printed = (
  model: string,
  goal: Goal,
  sizes: Sizes & { readonly n: number },
  wishes: Wishes = {}
): WgslProgram => {
  const entry = catalogue[model]
  if (entry === undefined) throw new Error(`internal: the zoo has no ${model}`)
  return print(right(plan(wgsl, goal, typed(entry.model(sizes.n)), sizes)), guaranteed, wishes)
}

/** Texts, and the dispatches that use them. */
const show = (made: WgslProgram): string =>
  [
    ...made.kernels.map((k) => k.source),
    ...made.dispatches.map((d) => {
      const bound = d.bound.map((b) => (b._tag === 'kept' ? 'all that is kept' : b.name))
      const name = made.kernels[d.kernel]?.name ?? ''
      return `// launches ${d.launches.join(' to ')}: ${name} in ${d.groups.join(' x ')} workgroups on ${bound.join(', ')}`
    })
  ].join('\n')

test('printed kernels', (t) => {
  const forward: Goal = { _tag: 'forward' }
  const lazy = printed('polynomial-6', forward, { n: 9, batch: 1000 })
  golden(t, 'kernels/wgsl/polynomial-6', show(lazy))
  const literal = printed('block-linear-2', forward, { n: 9, batch: 1000 })
  golden(t, 'kernels/wgsl/block-linear-2', show(literal))
  golden(
    t,
    'kernels/wgsl/full-linear-2',
    show(printed('full-linear-2', forward, { n: 20, batch: 3 }, { fuse: 'never' }))
  )
  golden(t, 'kernels/wgsl/transformer-2', show(printed('transformer-2', forward, { n: 64, batch: 32 })))
  t.equal(lazy.dispatches.length, 1, 'a frozen network of small systems is one dispatch')
  t.equal(literal.dispatches.length, 1, 'and so is the network on its tokens')
  t.end()
})

test('kernels that are equal are one', (t) => {
  const made = printed('transformer-2', { _tag: 'forward' }, { n: 64, batch: 32 }, { fuse: 'never', tile: 'always' })
  t.ok(
    made.dispatches.length > 1.5 * made.kernels.length,
    `${made.dispatches.length} dispatches of ${made.kernels.length} kernels`
  )
  t.equal(new Set(made.kernels.map((k) => k.source)).size, made.kernels.length, 'no text twice')
  t.end()
})

test('no name of a kernel is a word that WGSL keeps for itself', (t) => {
  const made = printed('transformer-2', { _tag: 'step', optimiser: adam }, { n: 5, batch: 3 }, { fuse: 'never' })
  const names = made.kernels.flatMap((k) => [...k.source.matchAll(/\b(?:let|var|fn) (\w+)/g)].map((m) => m[1] ?? ''))
  const kept = ['target', 'mut', 'self', 'of', 'from', 'shared', 'private', 'where', 'move', 'final', 'set']
  t.deepEqual(
    names.filter((name) => kept.includes(name)),
    [],
    `${names.length} names`
  )
  t.end()
})
