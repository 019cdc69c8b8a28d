/** Limits of adapters belong to the schedule: workgroups beyond one dimension, few storage buffers, little workgroup memory. */
import test from 'tape'

import { plan as planFor } from '../../codegen/compile'
import { printSchedule, wgsl } from '../../codegen/targets/wgsl/index'
import { guaranteed, type Limits } from '../../codegen/targets/wgsl/program'
import { scheduleWgsl, type Wishes } from '../../codegen/targets/wgsl/schedule'
import { deviceOf } from '../../runtime/ladder/backend-device'
import { check } from '../../runtime/ladder/check'
import { catalogue } from '../../spec/zoo/catalogue'
import { right, typed } from '../support/right'
import { withDevice } from './device'

const model = (name: string) => (n: number) => {
  const entry = catalogue[name]
  if (entry === undefined) throw new Error(`internal: the zoo has no ${name}`)
  return typed(entry.model(n))
}

test('more workgroups than one dimension of a dispatch holds', (t) =>
  withDevice(t, async (runtime) => {
    const few: Limits = { ...guaranteed, groups: 3 }
    const ways: readonly (readonly [string, Wishes])[] = [
      ['one invocation an element', { fuse: 'never', tile: 'never' }],
      ['tiles', { fuse: 'never', tile: 'always' }],
      ['instances', { fuse: 'always' }]
    ]
    for (const [what, wishes] of ways) {
      let folded = 0
      const printers = {
        wgsl: (plan: Parameters<typeof printSchedule>[0]) => {
          const made = printSchedule(plan, scheduleWgsl(plan, few, wishes), few)
          folded += made.dispatches.filter((d) => d.groups[1] > 1).length
          return made
        }
      }
      const device = deviceOf({ ...runtime, compile: (plan) => runtime.compile(plan, printers, wishes) })
      const rows = await check({ typed: model('full-linear-2'), weights: null }, device, {
        sizes: [9],
        batches: [7],
        only: ['forward']
      })
      t.ok(
        rows.length > 0 && rows.every((r) => r.ok),
        `${what}: ${rows.map((r) => `${r.error.toFixed(2)} ${r.fault ?? ''}`).join()}`
      )
      t.ok(folded > 0, `${folded} dispatches have two dimensions`)
    }
  }))

test('schedules keep to the limits that they are made for', (t) => {
  for (const [name, n] of [
    ['block-linear-3', 9],
    ['block-linear-3', 30],
    ['transformer-2', 24],
    ['krylov-2', 16]
  ] as const) {
    for (const limits of [guaranteed, { ...guaranteed, workgroupBytes: 4096 }, { ...guaranteed, storageBuffers: 12 }]) {
      for (const tag of ['forward', 'vjp'] as const) {
        const plan = right(planFor(wgsl, { _tag: tag }, model(name)(n), { n, batch: 50 }))
        const made = printSchedule(plan, scheduleWgsl(plan, limits, { fuse: 'always' }), limits)
        const worst = made.kernels.filter(
          (k) => k.access.length > limits.storageBuffers || k.workgroupBytes > limits.workgroupBytes
        )
        const covered = made.dispatches.flatMap((d) => d.launches).length
        const inOrder = made.dispatches.every(
          (d, at) => d.launches[0] === (made.dispatches[at - 1]?.launches[1] ?? -1) + 1
        )
        const what = `${name} at ${n}, ${tag}, ${limits.workgroupBytes} bytes and ${limits.storageBuffers} buffers`
        t.deepEqual(
          worst.map((k) => k.name),
          [],
          `${what}: ${made.dispatches.length} dispatches`
        )
        t.ok(
          covered > 0 && inOrder && made.dispatches.at(-1)?.launches[1] === plan.launches.length - 1,
          `${what}: every launch once`
        )
      }
    }
  }
  t.end()
})
