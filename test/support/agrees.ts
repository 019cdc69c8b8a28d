/** Two lists of equations that must mean the same: what a schedule made of the other. */
import type test from 'tape'

import type { Equations } from '../../codegen/equation'
import { verify } from '../../codegen/verify'
import { interpret, lengthOf } from '../../runtime/equations/interpret'
import * as Key from '../../runtime/random/key'
import type { Sizes } from '../../spec/dim'

/** What was made is sound, and gives the same values on the same random inputs. */
export const agrees = (t: test.Test, label: string, e: Equations, made: Equations, sizes: Sizes): void => {
  const sound = verify('axis order')(made)
  t.equal(sound._tag === 'Left' ? sound.left.reason : 'sound', 'sound', label)
  const values = Object.fromEntries(
    Object.values(e.tensors)
      .filter((tensor) => tensor.role !== 'value')
      .map((tensor) => [tensor.name, Key.normal(Key.fold(Key.key(3), tensor.name), lengthOf(tensor.dims, sizes))])
  )
  const [before, after] = [interpret(e, sizes, values), interpret(made, sizes, values)]
  const scale = (array: Float64Array): number => array.reduce((most, x) => Math.max(most, Math.abs(x)), 1)
  const worst = Object.entries(before).map(([name, array]) => {
    const unit = scale(array)
    return array.reduce((most, x, k) => Math.max(most, Math.abs(x - (after[name]?.[k] ?? Number.NaN)) / unit), 0)
  })
  t.ok(
    worst.every((error) => error < 1e-9),
    `${label}: ${Math.max(...worst)}`
  )
}
