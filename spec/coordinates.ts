/**
 * What a `krylov` layer can hold: layers under which tokens stay polynomials in A and products of Krylov vectors.
 */
import * as E from 'fp-ts/Either'

import type { Krylov, Layer } from './layer'
import { all, fail, type Result } from './shape'
import * as T from './token'
import type { Weight } from './weight'

const checkBody = (path: string, layer: Layer): Result<void> => {
  const here = `${path}.${layer._tag}`
  const block = (label: string, weight: Weight): Result<void> =>
    weight._tag === 'block'
      ? E.right(undefined)
      : fail(`${here}.${label}`, 'a Block weight', weight._tag, 'others mix entries of b that no polynomial in A mixes')
  switch (layer._tag) {
    case 'linearMap':
      return block('weight', layer.weight)
    case 'linearAttention':
      return all(block('P', layer.P), block('Q', layer.Q))
    case 'scale':
      return E.right(undefined)
    case 'softmaxAttention':
    case 'layerNorm':
    case 'gelu':
    case 'positions':
    case 'recurrent':
    case 'entries':
    case 'columnMeans':
    case 'chebyshev':
    case 'krylov':
    case 'equilibrate':
      return fail(here, 'attention, maps and scales', layer._tag, 'its body is a network whose tokens are equations')
    case 'residual':
    case 'repeat':
      return checkBody(here, layer.body)
    case 'sequence':
      return all(...layer.layers.map((each, k) => checkBody(`${here}[${k}]`, each)))
  }
}

/** Whether a body can be evaluated in coordinates, and its answer read from the part that is asked for. */
export const checkCoordinates = (path: string, layer: Krylov): Result<void> => {
  const tokens = T.tokens(T.equations({ embedding: T.identity(layer.blocks), query: layer.query }))
  const parts = layer.query === 'none' ? ['b'] : T.squareParts(tokens).map((p) => p.name)
  const cause = 'the answer is read from the query, or from b where there is none'
  return parts.includes(layer.part)
    ? checkBody(`${path}.body`, layer.body)
    : fail(path, `part: ${parts.join(', ')}`, layer.part, cause)
}
