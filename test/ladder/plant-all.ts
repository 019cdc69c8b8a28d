/** Planted faults of some layers: without one the rungs hold, and with each of them a rung fails. */
import * as E from 'fp-ts/Either'
import test from 'tape'

import { open } from '../../runtime/backends/open'
import { deviceOf } from '../../runtime/ladder/backend-device'
import { check } from '../../runtime/ladder/check'
import type { RungName } from '../../runtime/ladder/rung'
import { catalogue } from '../../spec/zoo/catalogue'
import { typed } from '../support/right'
import type { Planted } from './planted'

/** The rungs that are there to catch a fault. */
const rungsFor = (fault: Planted): readonly RungName[] =>
  fault.where === 'rule'
    ? ['lowering', 'adjoint']
    : fault.name.startsWith('the float64')
      ? ['javascript']
      : ['forward', 'kernels']

export const plantAll = (about: string, model: string, n: number, faults: readonly Planted[]): void => {
  test(`planted faults of ${about}`, async (t) => {
    const entry = catalogue[model]
    const opened = await open('cpu')()
    if (E.isLeft(opened) || entry === undefined) return t.fail('no cpu, or no such model')
    const device = deviceOf(opened.right)
    const climber = { typed: (size: number) => typed(entry.model(size)), weights: null }
    const at = { sizes: [n], batches: [2] }
    const only: readonly RungName[] = [...new Set(faults.flatMap(rungsFor))]
    const sound = await check(climber, device, { ...at, only })
    t.ok(sound.length >= only.length && sound.every((r) => r.ok), `without a fault ${only.join(', ')} hold`)
    for (const fault of faults) {
      const rungs = rungsFor(fault)
      const on = rungs.includes('forward') ? device : null
      const rows = await check(climber, on, { ...at, only: rungs, compiler: fault.compiler() })
      const failed = [...new Set(rows.filter((r) => !r.ok).map((r) => r.rung))]
      t.ok(failed.length > 0, `${fault.where}: ${fault.name}: caught by ${failed.join(', ') || 'nothing'}`)
    }
    await opened.right.close()
    t.end()
  })
}
