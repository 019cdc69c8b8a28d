import test from 'tape'

import { measure } from '../../runtime/checkpoint/card'
import { follow } from '../../runtime/train/train'
import { Zoo } from '../../spec'
import { right, typed } from '../support/right'

const long = process.env['ANSATZ_LONG'] === '1'
const skip = long ? false : 'takes minutes: set ANSATZ_LONG=1'

test('BLOCK with all 82 scalars a layer, trained on matrices with n in [2, 9], reaches 1e-8 at n = 9', {
  skip
}, async (t) => {
  const { weights } = right(await follow(Zoo.block82)())
  const options = { kappas: [5], sizes: [2, 9, 16], spectrum: 'uniform' as const, systems: 1000, seed: 1 }
  for (const { n, mse } of right(measure(typed(Zoo.block82.model), weights, options))) {
    if (n === 9) t.ok(mse < 1e-8, `n = 9: ${mse.toExponential(1)}`)
    else t.comment(`n = ${n}: ${mse.toExponential(1)}`)
  }
  t.end()
})
