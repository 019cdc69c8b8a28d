/** The shipped three-layer BLOCK network, frozen: the polynomial in A that it amounts to on a known spectral interval. */
import * as E from 'fp-ts/Either'

import { read } from '../../../runtime/checkpoint/checkpoint'
import { packageRoot } from '../../../runtime/package/root'
import { type Specialised, specialise } from '../../../runtime/weights/specialise'
import { interval } from '../workloads/systems'

export const must = <A>(result: E.Either<unknown, A>): A => {
  if (E.isRight(result)) return result.right
  const left = result.left as { readonly message?: string; readonly reason?: string } | string
  throw new Error(typeof left === 'string' ? left : (left.message ?? left.reason ?? JSON.stringify(left)))
}

export const block = async (): Promise<Specialised> => {
  const { model, weights } = must(await read(`${packageRoot()}/checkpoints/block-linear-3.safetensors`)())
  return must(specialise({ model, weights, ...interval }))
}
