import { sizesAt, type Weights } from '../../runtime/weights/weights'
import type { Typed } from '../../spec/infer'
import { normals } from './systems'

/** Every parameter N(0, std^2), `alpha` included. */
export const randomWeights = (typed: Typed, n: number, seed: number, std: number): Weights =>
  Object.fromEntries(
    sizesAt(typed, n).map(({ name, size }, k) => [name, normals(seed * 1000 + k, size).map((value) => std * value)])
  )
