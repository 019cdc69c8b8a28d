/** Loops over groups of systems: the whole ladder, at batches that fill no group, and faults planted in the schedule. */
import test from 'tape'

import { plan } from '../../codegen/compile'
import { asGroups, threadsFor } from '../../codegen/targets/wasm/lanes/choose'
import type { Tile } from '../../codegen/targets/wasm/lanes/tile'
import type { Module } from '../../codegen/targets/wasm/module'
import { wasm } from '../../codegen/targets/wasm/print'
import { check } from '../../runtime/ladder/check'
import type { Row } from '../../runtime/ladder/rung'
import { catalogue } from '../../spec/zoo/catalogue'
import { right, typed } from '../support/right'
import { type Damage, lanesDevice } from './lanes-device'

const say = (r: Row): string => `${r.rung} n=${r.n} batch=${r.batch} ${r.what} ${r.error} > ${r.bound} ${r.fault ?? ''}`

const rungs = ['forward', 'kernels', 'batchOrder', 'equivariance', 'vjp', 'update', 'step'] as const

/** Lanes have no functions yet: such a program is refused, not run. */
const refused = (r: Row): boolean => / takes (exp|erf|tanh)/.test(r.fault ?? '')

test('the ladder on loops over groups of systems', async (t) => {
  for (const [name, entry] of Object.entries(catalogue)) {
    const climber = { typed: (n: number) => typed(entry.model(n)), weights: null }
    const rows = await check(climber, lanesDevice({ group: 4 }), { sizes: [3], batches: [2, 6], only: rungs })
    t.deepEqual(
      rows.filter((r) => !r.ok && !refused(r)).map(say),
      [],
      `${name}: ${rows.filter((r) => r.ok).length} rungs hold`
    )
  }
  t.end()
})

/** The first node of a module's tree that a fault applies to, changed in a copy. */
const changed =
  (functions: RegExp, change: (node: Record<string, unknown>) => boolean) =>
  (module: Module): Module => {
    const copy = JSON.parse(JSON.stringify(module)) as Module
    const visit = (node: unknown): boolean =>
      typeof node === 'object' &&
      node !== null &&
      ((!Array.isArray(node) && change(node as Record<string, unknown>)) || Object.values(node).some(visit))
    copy.functions.filter((f) => functions.test(f.name)).some(visit)
    return copy
  }

interface Bound {
  readonly name?: string
  readonly args?: { _tag: string; value: number }[]
}

const faults: readonly (Damage & { readonly name: string })[] = [
  {
    name: 'wrong tile edge: a loop ends a turn early',
    module: changed(/^linear_attention_X_next$/, (node) => {
      const { name, args } = node as Bound
      const bound = args?.[1]
      if (name !== 'i32.lt_u' || bound?._tag !== 'const' || bound.value < 2) return false
      bound.value -= 1
      return true
    })
  },
  {
    name: 'stale buffer: arrays live as if read by nobody',
    plan: (plan) => ({ ...plan, buffers: plan.buffers.map((b) => ({ ...b, last: b.first })) })
  },
  {
    name: 'systems change places on their way in',
    module: changed(/^lanes_in_/, (node) => {
      if (node['_tag'] !== 'shuffle') return false
      node['bytes'] = [...(node['bytes'] as number[])].reverse()
      return true
    })
  },
  {
    name: 'a total takes in a system that is not there',
    module: changed(/^run$/, (node) => {
      if (node['name'] !== 'i32x4.lt_s') return false
      node['name'] = 'i32x4.ge_s'
      return true
    })
  },
  {
    name: 'a pointer moves on by half a vector',
    module: changed(/^linear_attention_S$/, (node) => {
      const { name, args } = node as Bound
      const step = args?.[1]
      if (name !== 'i32.add' || step?._tag !== 'const' || step.value < 16) return false
      step.value -= 8
      return true
    })
  }
]

test('faults planted in the schedule and its module', async (t) => {
  const climber = {
    typed: (n: number) => typed((catalogue['block-linear-3'] as (typeof catalogue)[string]).model(n)),
    weights: null
  }
  const options = { sizes: [5], batches: [6], only: rungs }
  const sound = await check(climber, lanesDevice({ group: 4 }), options)
  t.deepEqual(sound.filter((r) => !r.ok).map(say), [], 'without a fault every rung holds')
  for (const fault of faults) {
    const rows = await check(climber, lanesDevice({ group: 4 }, fault), options)
    const failed = [...new Set(rows.filter((r) => !r.ok).map((r) => r.rung))]
    t.ok(failed.length > 0, `${fault.name}: caught by ${failed.join(', ') || 'nothing'}`)
  }
  t.end()
})

test('every tile gives the same kernel', async (t) => {
  const climber = {
    typed: (n: number) => typed((catalogue['block-linear-2'] as (typeof catalogue)[string]).model(n)),
    weights: null
  }
  const tiles: readonly Tile[] = [{}, { i: 2 }, { i: 4, c: 3 }, { c: 5 }, { i: 3, j: 2 }, { j: 7, m: 2 }, { i: 16 }]
  const kernels = [
    'linear_attention_S',
    'linear_attention_S_2',
    'linear_attention_X_next',
    'linear_attention_dS',
    'linear_attention_dX'
  ]
  for (const tile of tiles) {
    const wanted = Object.fromEntries(kernels.map((name) => [name, tile]))
    const device = lanesDevice({ group: 8, tiles: wanted })
    const rows = await check(climber, device, { sizes: [5], batches: [3], only: ['forward', 'kernels', 'vjp'] })
    t.deepEqual(rows.filter((r) => !r.ok).map(say), [], `tile ${JSON.stringify(tile)}`)
  }
  t.end()
})

test('which plans run as loops over groups', (t) => {
  const made = (batch: number, name = 'block-linear-3', n = 9) =>
    asGroups(
      right(
        plan(wasm, { _tag: 'forward' }, typed((catalogue[name] as (typeof catalogue)[string]).model(n)), { n, batch })
      )
    )
  t.equal(made(1), null, 'one system does not')
  t.equal(made(8), null, 'nor eight')
  const many = made(1000)
  t.ok(many !== null && many.bytes < 2 ** 19, `a thousand do, in ${many?.bytes} bytes`)
  t.equal(made(1000, 'block-linear-3', 200), null, 'systems that no cache holds do not')
  const few = made(64)
  t.equal(few === null ? 0 : threadsFor(few, 2), 1, 'one thread where it is soon done')
  t.equal(many === null ? 0 : threadsFor(many, 2), 2, 'two for a thousand')
  const long = made(20000)
  t.equal(long === null ? 0 : threadsFor(long, 2), 2, 'two where it takes longer')
  t.end()
})
