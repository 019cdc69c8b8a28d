/** Loops over groups of systems: the whole ladder, at batches that fill no group, and faults planted in the schedule. */
import test from 'tape'

import { check } from '../../runtime/ladder/check'
import type { Row } from '../../runtime/ladder/rung'
import { catalogue } from '../../spec/zoo/catalogue'
import { typed } from '../support/right'
import { lanesDevice } from './lanes-device'

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
