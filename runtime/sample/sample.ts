/**
 * What is drawn from a family: systems of one size with their answers.
 */

/** Systems of one size with their answers: A [batch, n, n], x and b [batch, n], flat in C order. */
export interface Sample {
  readonly n: number
  readonly batch: number
  readonly A: Float64Array
  readonly x: Float64Array
  readonly b: Float64Array
  /** [batch, names]: the numbers that tell the systems of the family apart (`Family.coefficientsOf`). */
  readonly coefficients?: Float64Array
}

export interface DrawOptions {
  readonly n: number
  readonly batch: number
  /** The number of the first system: from 100 on, they are 100, 101, ... of the same key; 0 if it is not given. */
  readonly from?: number
}

/** One system: A [n, n], x and b [n]. */
export interface System {
  readonly A: Float64Array
  readonly x: Float64Array
  readonly b: Float64Array
  readonly coefficients: readonly number[]
}

/** `batch` systems, one after another, of which number s is made by `one(s)`. */
export const gather = ({ n, batch, from = 0 }: DrawOptions, names: number, one: (s: number) => System): Sample => {
  const [A, x, b] = [new Float64Array(batch * n * n), new Float64Array(batch * n), new Float64Array(batch * n)]
  const coefficients = new Float64Array(batch * names)
  for (let s = 0; s < batch; s++) {
    const system = one(from + s)
    A.set(system.A, s * n * n)
    x.set(system.x, s * n)
    b.set(system.b, s * n)
    coefficients.set(system.coefficients, s * names)
  }
  return { n, batch, A, x, b, coefficients }
}
