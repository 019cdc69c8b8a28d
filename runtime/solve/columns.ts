/**
 * Networks that read a system by its columns: they answer any square A of their one size, so that nothing is asked of A, and
 * what there is to say is whether A looks like those that they were trained on.
 */
import * as E from 'fp-ts/Either'

import type { Layer } from '../../spec/layer'
import type { Model } from '../../spec/model'
import { exponent, scaled } from '../linalg/exponent'
import { intoUnits, type OutOfReach, type Prepared } from './prepare'

/** Whether a network reads columns. */
export const readsColumns = ({ encoding }: Model): boolean => encoding._tag === 'columns'

/** Whether the scales of equations make no difference to a network. */
const equilibrates = (body: Layer): boolean =>
  body._tag === 'equilibrate' ||
  (body._tag === 'sequence' && body.layers[0] !== undefined && equilibrates(body.layers[0])) ||
  (body._tag === 'repeat' && equilibrates(body.body))

/** Above it a number is infinite in float32. */
const largest32 = (2 - 2 ** -23) * 2 ** 127

/**
 * The system as such a network is given it: `S = R A`, `rhs = R b 2^-unit`, R of powers of two that bring the largest entry of
 * every row to [1, 2) where the network equilibrates, else A and b as they are. A: [n, n]. b: [n].
 */
export const prepareColumns = (
  { body }: Model,
  A: Float64Array,
  b: Float64Array,
  n: number
): E.Either<OutOfReach, Prepared> => {
  const out = (because: string): E.Either<OutOfReach, never> => E.left({ _tag: 'outOfReach', because, products: 0 })
  const ones = new Float64Array(n).fill(1)
  const whole = { n, d: ones, e: ones, spectrum: null, products: 0 }
  if (!equilibrates(body)) {
    return A.every((a) => Math.abs(a) <= largest32) && b.every((v) => Math.abs(v) <= largest32)
      ? E.right({ ...whole, S: A, r: ones, rhs: b, unit: 0 })
      : out('or b has entries beyond float32')
  }
  const r = new Float64Array(n)
  const S = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    let most = 0
    for (let j = 0; j < n; j++) most = Math.max(most, Math.abs(A[i * n + j]!))
    if (most === 0) return out(`has nothing but zeros in row ${i + 1}`)
    const shift = Math.min(1023, Math.max(-1022, -exponent(most)))
    r[i] = scaled(1, shift)
    for (let j = 0; j < n; j++) S[i * n + j] = scaled(A[i * n + j]!, shift)
  }
  const { values: rhs, unit } = intoUnits(r, b)
  return E.right({ ...whole, S, r, rhs, unit })
}
