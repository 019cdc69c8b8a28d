import * as E from 'fp-ts/Either'
import test from 'tape'

import { open } from '../../runtime/backends/open'
import { deviceOf } from '../../runtime/ladder/backend-device'
import { type Climber, check } from '../../runtime/ladder/check'
import type { Compiler } from '../../runtime/ladder/compiler'
import type { Row } from '../../runtime/ladder/rung'
import { shipped, sourceOf } from '../../runtime/solve/models'
import { infer, show } from '../../spec/infer'
import { catalogue } from '../../spec/zoo/catalogue'
import { right, typed } from '../support/right'
import { liars } from './liars'
import { planted } from './planted'
import { plantedInGpujs, soundSteps } from './planted-gpujs'
import { plantedInCheapForms } from './planted-lazy'

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
    const rungs = rows.map((r) => r.rung).filter((rung) => rung !== 'lazy')
    t.equal(rungs.length, 7, `${name} has seven rungs without a device, beside that of cheap forms`)
    t.deepEqual(rows.filter((r) => !r.ok).map(say), [], `${name} climbs them`)
  }
})

const isFamily = /^(?:damped-)?block-linear/

test('every BLOCK network climbs the rung of cheap forms, trained and closed forms too', async (t) => {
  const lazyRows = async (climber: Climber): Promise<readonly Row[]> =>
    (await check(climber, null, { sizes: [2, 5], batches: [2], only: ['lazy'] })).filter((r) => r.rung === 'lazy')
  for (const name of Object.keys(catalogue)) {
    const rows = await lazyRows({ typed: typedBy(name), weights: null })
    t.equal(rows.length > 0, isFamily.test(name), `${name}: ${rows.length} rows`)
    t.deepEqual(rows.filter((r) => !r.ok).map(say), [], 'which hold')
  }
  for (const name of [...Object.keys(shipped), ...[1, 2, 3, 4].map((layers) => `closed-form-${layers}-kappa-5`)]) {
    const { model, weights, kappa } = right(await sourceOf(name))
    const rows = await lazyRows({ typed: () => typed(model), weights, kappa })
    t.equal(rows.length, 2, `${name} has a cheap form`)
    t.deepEqual(rows.filter((r) => !r.ok).map(say), [], 'which agrees with its tokens')
  }
})

test('planted faults of cheap forms', async (t) => {
  const { model, weights, kappa } = right(await sourceOf('closed-form-2-kappa-5'))
  const climber = { typed: () => typed(model), weights, kappa }
  const only = { ...small, only: ['lazy'] as const }
  t.ok(
    (await check(climber, null, only)).every((r) => r.ok),
    'without a fault the rung holds'
  )
  for (const fault of plantedInCheapForms) {
    const rows = await check(climber, null, { ...only, compiler: fault.compiler() })
    const failed = rows.filter((r) => !r.ok)
    t.deepEqual(
      failed.map((r) => r.rung),
      ['lazy'],
      `${fault.where}: ${fault.name}: ${failed.map(say).join()}`
    )
  }
})

test('planted faults of gpu.js schedules', async (t) => {
  const opened = await open('webasm')()
  if (E.isLeft(opened)) return t.fail(opened.left.message)
  const device = deviceOf(opened.right)
  const climber = { typed: typedBy('block-linear-3-paper'), weights: null }
  const wide = { sizes: [4], batches: [5], only: ['kernels', 'forward', 'step'] as const }
  const failed = async (own?: Compiler): Promise<readonly string[]> => {
    const rows = await check(climber, device, own === undefined ? wide : { ...wide, compiler: own })
    return [...new Set(rows.filter((r) => !r.ok).map((r) => r.rung))]
  }
  t.deepEqual(await failed(), [], 'without a fault every rung holds')
  t.deepEqual(await failed(soundSteps), [], 'by steps of three, too')
  for (const fault of plantedInGpujs) {
    const caught = await failed(fault.compiler())
    t.ok(caught.length > 0, `${fault.where}: ${fault.name}: caught by ${caught.join(', ') || 'nothing'}`)
  }
  await opened.right.close()
  t.end()
})

test('planted faults and lying devices', async (t) => {
  const opened = await open('cpu')()
  if (E.isLeft(opened)) return t.fail(opened.left.message)
  const device = deviceOf(opened.right)
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
        !['lowering', 'optimisation', 'differences', 'adjoint', 'gradient', 'optimiser', 'javascript', 'lazy'].includes(
          r.rung
        )
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
