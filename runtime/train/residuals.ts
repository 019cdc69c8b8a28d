/**
 * A model on given systems as a least-squares problem, through the compiled float64 programs.
 *
 * The residual of system s and entry i is `sqrt(share_s / n) (x_si - target_si)`, so that the cost is the mean square error.
 * Row (s, i) of the Jacobian is the VJP of the one-hot cotangent of that entry, left unsummed over systems and entries: every
 * system stands n times in the batch, once for each of its entries.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { type CompileError, toJavaScript } from '../../codegen/compile'
import { cotangent } from '../../codegen/lower'
import type { Typed } from '../../spec/infer'
import { type Float64Executable, load64 } from '../javascript/run'
import type { Sample } from '../sample/sample'
import { sizesAt } from '../weights/weights'
import type { LeastSquares } from './levenberg-marquardt'
import { unflatten } from './vector'

// --- model -----------------------------------------------------------------------------------------------------------

/** Systems with the share of the cost that each counts for. */
export interface Shared {
  readonly sample: Sample
  readonly shares: Float64Array
}

/** Programs for batches of given sizes, compiled once; systems come later and may be drawn anew. */
export type Residuals = (systems: readonly Shared[]) => LeastSquares

interface Programs {
  readonly n: number
  readonly batch: number
  /** Systems that go through the Jacobian program together. */
  readonly chunk: number
  readonly forward: Float64Executable
  readonly jacobian: Float64Executable
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** About as many rows as keep the values of a batch in the processor's cache. */
const mostRows = 512

const compile = (typed: Typed, n: number, batch: number): E.Either<CompileError, Programs> => {
  const chunk = Math.min(batch, Math.max(1, Math.floor(mostRows / n)))
  return pipe(
    E.Do,
    E.bind('forward', () => toJavaScript({ _tag: 'forward' }, typed, { n, batch })),
    E.bind('jacobian', () => toJavaScript({ _tag: 'jacobian' }, typed, { n, batch: chunk * n })),
    E.map(({ forward, jacobian }) => ({ n, batch, chunk, forward: load64(forward), jacobian: load64(jacobian) }))
  )
}

/** Every stretch of `length` numbers `times` times over. */
const repeated = (values: Float64Array, length: number, times: number): Float64Array => {
  const out = new Float64Array(values.length * times)
  for (let s = 0; s * length < values.length; s++) {
    const one = values.subarray(s * length, (s + 1) * length)
    for (let k = 0; k < times; k++) out.set(one, (s * times + k) * length)
  }
  return out
}

/** One-hot rows: an identity matrix for each of `systems` systems. */
const oneHot = (n: number, systems: number): Float64Array => {
  const rows = new Float64Array(systems * n * n)
  for (let s = 0; s < systems; s++) for (let i = 0; i < n; i++) rows[s * n * n + i * n + i] = 1
  return rows
}

/** Rows `[first, first + batch * n)` of the Jacobian. */
const fill = (
  typed: Typed,
  { n, batch, chunk, jacobian }: Programs,
  { sample, shares }: Shared,
  weights: Readonly<Record<string, Float64Array>>,
  out: { readonly jacobian: Float64Array; readonly columns: number; readonly first: number }
): void => {
  const rows = chunk * n
  const dx = oneHot(n, chunk)
  const sizes = sizesAt(typed, n)
  for (let next = 0; next < batch; next += chunk) {
    const s = Math.min(next, batch - chunk) // the last chunk may do a few systems again
    const A = repeated(sample.A.subarray(s * n * n, (s + chunk) * n * n), n * n, n)
    const b = repeated(sample.b.subarray(s * n, (s + chunk) * n), n, n)
    const result = jacobian.run({ ...weights, A, b, dx })
    let column = 0
    for (const { name, size } of sizes) {
      const d = result[cotangent(name)]! // d: row, entry of the parameter
      for (let r = 0; r < rows; r++) {
        const scale = Math.sqrt(shares[s + Math.floor(r / n)]! / n)
        const at = (out.first + s * n + r) * out.columns + column
        for (let k = 0; k < size; k++) out.jacobian[at + k] = scale * d[r * size + k]!
      }
      column += size
    }
  }
}

/** Compile for batches of the given sizes. */
export const residuals = (
  typed: Typed,
  batches: readonly { readonly n: number; readonly batch: number }[]
): E.Either<CompileError, Residuals> =>
  pipe(
    batches,
    E.traverseArray(({ n, batch }) => compile(typed, n, batch)),
    E.map((programs) => (systems) => {
      const modelSize = typed.n ?? 1
      const rows = programs.reduce((total, { n, batch }) => total + n * batch, 0)
      const residual = (theta: Float64Array): Float64Array => {
        const weights = unflatten(typed, modelSize, theta)
        const r = new Float64Array(rows)
        let at = 0
        for (const [k, { n, forward }] of programs.entries()) {
          const { sample, shares } = systems[k]!
          const x = forward.run({ ...weights, A: sample.A, b: sample.b })['x']!
          for (let e = 0; e < x.length; e++) {
            r[at++] = Math.sqrt(shares[Math.floor(e / n)]! / n) * (x[e]! - sample.x[e]!)
          }
        }
        return r
      }
      return {
        residual,
        linearise: (theta) => {
          const weights = unflatten(typed, modelSize, theta)
          const columns = theta.length
          const jacobian = new Float64Array(rows * columns)
          let first = 0
          for (const [k, each] of programs.entries()) {
            fill(typed, each, systems[k]!, weights, { jacobian, columns, first })
            first += each.n * each.batch
          }
          return { residual: residual(theta), jacobian, rows, columns }
        }
      }
    })
  )
