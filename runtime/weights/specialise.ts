/**
 * Specialising: a frozen BLOCK network in the form in which it is cheap, a polynomial in A applied to b where it is one; networks
 * that are no such polynomial are left to `krylov`.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { specialiseKrylov } from './krylov'
import { asPolynomial } from './polynomial'
import type { Specialised, SpecialiseOptions } from './specialised'

export type { Specialised, SpecialiseOptions } from './specialised'

/**
 * The cheap form of a frozen network on eigenvalues in `[low, high]`: the polynomial in A that it is, where it has no
 * all-ones terms and `b` enters at a tiny norm; else its coordinates in the block Krylov space of b and the ones. `Left`
 * says why a network has neither.
 */
export const specialise = (options: SpecialiseOptions): E.Either<string, Specialised> => {
  const { low, high } = options
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
    return E.left(`interval: expected low < high, both finite, found [${low}, ${high}]`)
  }
  return pipe(
    asPolynomial(options),
    E.orElse((reason) =>
      pipe(
        specialiseKrylov(options),
        E.mapLeft((other) => (other === reason ? reason : `${reason}; in a Krylov space, ${other}`))
      )
    )
  )
}
