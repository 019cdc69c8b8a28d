import * as E from 'fp-ts/Either'
import test from 'tape'

import { open } from '../../runtime/gpujs/runtime'
import { check } from '../../runtime/ladder/check'
import { gpujsDevice } from '../../runtime/ladder/gpujs-device'
import type { Row } from '../../runtime/ladder/rung'
import { infer, show } from '../../spec/infer'
import { catalogue } from '../../spec/zoo/catalogue'
import { liars, planted } from './planted'

const typedBy = (name: string) => (n: number) => {
  const made = infer((catalogue[name] as (typeof catalogue)[string]).model(n))
  if (E.isLeft(made)) throw new Error(show(made.left))
  return made.right
}

const say = (r: Row): string => `${r.rung} n=${r.n} batch=${r.batch} ${r.what} ${r.error} > ${r.bound} ${r.fault ?? ''}`

const small = { sizes: [3], batches: [2] }

test('every architecture climbs every rung that needs no device', async (t) => {
  for (const name of Object.keys(catalogue)) {
    const rows = await check({ typed: typedBy(name), weights: null }, null, small)
    t.equal(rows.length, 7, `${name} has seven rungs without a device`)
    t.deepEqual(rows.filter((r) => !r.ok).map(say), [], `${name} climbs them`)
  }
})

test('planted faults and lying devices', async (t) => {
  const opened = await open('cpu')()
  if (E.isLeft(opened)) return t.fail(opened.left.message)
  const device = gpujsDevice(opened.right)
  const climber = { typed: typedBy('block-linear-3-paper'), weights: null }

  const sound = await check(climber, device, small)
  t.deepEqual(sound.filter((r) => !r.ok).map(say), [], 'without a fault every rung holds')

  t.ok(planted.length >= 10, `${planted.length} kinds of fault`)
  for (const fault of planted) {
    const rows = await check(climber, device, { ...small, compiler: fault.compiler() })
    const failed = [...new Set(rows.filter((r) => !r.ok).map((r) => r.rung))]
    t.ok(failed.length > 0, `${fault.where}: ${fault.name}: caught by ${failed.join(', ') || 'nothing'}`)
  }

  for (const liar of liars(device)) {
    const rows = await check(climber, liar, small)
    const judged = rows.filter(
      (r) =>
        !['lowering', 'optimisation', 'differences', 'adjoint', 'gradient', 'optimiser', 'javascript'].includes(r.rung)
    )
    t.deepEqual(
      judged.filter((r) => r.ok).map((r) => r.rung),
      [],
      `a device that ${liar.name} fails every one of its ${judged.length} rungs`
    )
  }
  await opened.right.close()
  t.end()
})
