/**
 * The matrices that weights stand for, written out in full: one D x D array for every head.
 */
import * as E from 'fp-ts/Either'

import * as Dim from '../../spec/dim'
import type { TypedLayer } from '../../spec/infer'
import * as T from '../../spec/token'
import type { Weight } from '../../spec/weight'
import type { Weights } from '../weights/weights'
import * as D from './dense'

/** A layer with the numbers it needs. */
export interface Place {
  readonly typed: TypedLayer
  readonly weights: Weights
  readonly n: number
}

/** The value of a size at systems of `n` unknowns. */
export const sizeAt = (dim: Dim.Dim, n: number): number => {
  const value = Dim.evaluate({ n })(dim)
  if (E.isLeft(value)) throw new Error(`internal: the size ${Dim.show(dim)} depends on ${value.left}, not on n`)
  return value.right
}

/** Where a part of a token begins, and how long it is, for systems of `n` unknowns. */
export interface Stretch {
  readonly name: string
  readonly from: number
  readonly size: number
}

/** The parts of a token as stretches of one vector, in order. */
export const stretches = (t: T.Tokens, n: number): readonly Stretch[] => {
  let from = 0
  return t.parts.map(({ name, dim }) => {
    const size = sizeAt(dim, n)
    const stretch = { name, from, size }
    from += size
    return stretch
  })
}

/** The stretch called `name`. */
export const stretch = (t: T.Tokens, n: number, name: string): Stretch => {
  const found = stretches(t, n).find((s) => s.name === name)
  if (found === undefined) throw new Error(`internal: no part ${name} in ${T.showParts(t)}`)
  return found
}

/** One parameter by name. */
export const array = (weights: Weights, name: string): Float64Array => {
  const found = weights[name]
  if (found === undefined) throw new Error(`internal: no array for the parameter ${name}`)
  return found
}

/** Head `h` of a parameter that is one `rows x columns` matrix a head. */
const slice = (data: Float64Array, h: number, rows: number, columns: number): D.Array64 =>
  D.of(data.slice(h * rows * columns, (h + 1) * rows * columns), rows, columns)

/**
 * A Block weight in full. Between two parts of size n the block is `mu1 I + mu2 11^T`, between b and a part of size n it
 * is `mu 1`, and b to b it is one number (Vladymyrov et al. 2024, section 3). Rows are what the weight makes, columns
 * what it reads. With `muScale: 'n'`, `mu2` counts as `mu2 / n` and `mu` as `mu / sqrt n`.
 */
const blockMatrix = (
  name: string,
  weight: Extract<Weight, { _tag: 'block' }>,
  weights: Weights,
  h: number,
  t: T.Tokens,
  n: number
): D.Array64 => {
  const squares = T.squareParts(t).length
  const parts = stretches(t, n)
  const width = sizeAt(T.width(t), n)
  const matrix = D.zeros(width, width)
  const square = T.squareParts(t).map((p) => stretch(t, n, p.name))
  const b = parts.find((p) => p.name === 'b')!
  const [overSquare, overRectangle] = weight.muScale === 'n' ? [1 / n, 1 / Math.sqrt(n)] : [1, 1]

  matrix.set(b.from, b.from, array(weights, `${name}.entry`)[h]!)
  for (const [m, row] of square.entries()) {
    for (const [k, column] of square.entries()) {
      const at = (h * squares + m) * squares + k
      const mu1 = array(weights, `${name}.mu1`)[at]!
      const mu2 = weight.allOnes ? array(weights, `${name}.mu2`)[at]! * overSquare : 0
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) matrix.set(row.from + i, column.from + j, (i === j ? mu1 : 0) + mu2)
      }
    }
    if (weight.allOnes) {
      for (let i = 0; i < n; i++) {
        matrix.set(row.from + i, b.from, array(weights, `${name}.column`)[h * squares + m]! * overRectangle)
        matrix.set(b.from, row.from + i, array(weights, `${name}.row`)[h * squares + m]! * overRectangle)
      }
    }
  }
  return matrix
}

/** The `out x D` matrix of head `h` of the weight called `name`, on tokens `t` of systems with `n` unknowns. */
export const matrix = (
  name: string,
  weight: Weight,
  weights: Weights,
  h: number,
  t: T.Tokens,
  n: number,
  out: number
): D.Array64 => {
  const width = sizeAt(T.width(t), n)
  switch (weight._tag) {
    case 'full':
      return slice(array(weights, `${name}.matrix`), h, out, width)
    case 'product':
      return D.multiply(
        slice(array(weights, `${name}.left`), h, out, weight.inner),
        slice(array(weights, `${name}.right`), h, weight.inner, width)
      )
    case 'block':
      return blockMatrix(name, weight, weights, h, t, n)
  }
}

/** `y_i + w` for every token i. */
export const plusRow = (y: D.Array64, w: Float64Array): D.Array64 =>
  D.generate(D.rowsOf(y), D.columnsOf(y), (i, c) => y.get(i, c) + w[c]!)
