/**
 * Networks and conjugate gradients together, on a batch in lockstep: each method brings every relative residual of the batch
 * below a tolerance, with as many steps as the hardest system needs.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { toJavaScript } from '../../../codegen/compile'
import { load64 } from '../../javascript/run'
import { batchCg, batchCholesky } from '../../linalg/batch'
import { cg } from '../../linalg/cg'
import { dense, dotOf } from '../../linalg/products'
import type { Sample } from '../../sample/sample'
import { inferred, type Weighted } from '../answers'

// --- model -----------------------------------------------------------------------------------------------------------

/** A network as the polynomial `x = p(A) b`, which it is on its interval. */
export interface Polynomial extends Weighted {
  readonly degree: number
}

/** A way to solve the batch, its steps already counted. */
export interface Method {
  readonly name: string
  readonly network: string | null
  /** Iterations of CG or passes of the network; null where there are none. */
  readonly iterations: number | null
  /** Products with A, those inside the network included. */
  readonly products: number | null
  /** Operations of one system. */
  readonly flops: number
  /** The largest `||b - A x|| / ||b||` of the batch. */
  readonly residual: number
  readonly run: () => Promise<unknown> | unknown
  readonly close: () => Promise<void>
}

/** Applies the network, or another solver, to a batch of right-hand sides: [batch, n] each. */
export type Apply = (b: Float64Array) => Promise<Float64Array> | Float64Array

// --- residuals -------------------------------------------------------------------------------------------------------

/** `b - A x` of every system. */
export const residuals = ({ n, batch, A, b }: Sample, x: Float64Array): Float64Array => {
  const r = b.slice(0, batch * n)
  for (let s = 0; s < batch; s++) {
    for (let i = 0; i < n; i++) r[s * n + i]! -= dotOf(A, (s * n + i) * n, x, s * n, n)
  }
  return r
}

export const worst = (systems: Sample, x: Float64Array): number => {
  const { n, batch, b } = systems
  const r = residuals(systems, x)
  let most = 0
  for (let s = 0; s < batch; s++) {
    const share = Math.sqrt(dotOf(r, s * n, r, s * n, n) / dotOf(b, s * n, b, s * n, n))
    if (!(share <= most)) most = share
  }
  return most
}

const open = async (): Promise<void> => {}

// --- classical -------------------------------------------------------------------------------------------------------

/** `2 n^2` for a product and `10 n` for what an iteration of CG does besides. */
export const cgFlops = (n: number, k: number): number => k * (2 * n * n + 10 * n)

export const cholesky = (systems: Sample): Method => {
  const { n, batch, A, b } = systems
  const run = () => batchCholesky(A, b, batch, n).x
  const flops = n ** 3 / 3 + 2 * n * n
  const none = { network: null, iterations: null, products: null }
  return { name: 'Cholesky', ...none, flops, residual: worst(systems, run()), run, close: open }
}

/** The fewest iterations after which the whole batch is done, or null. */
const fewest = (most: number, isDone: (k: number) => boolean): number | null => {
  let [few, enough] = [0, 1]
  while (!isDone(enough)) {
    if (enough >= most) return null
    few = enough
    enough = Math.min(most, 2 * enough)
  }
  while (enough - few > 1) {
    const middle = (few + enough) >> 1
    if (isDone(middle)) enough = middle
    else few = middle
  }
  return enough
}

const mostIterations = (n: number): number => 2 * n + 50

export const plainCg = (systems: Sample, tolerance: number): Method | null => {
  const { n, batch, A, b } = systems
  const k = fewest(mostIterations(n), (j) => worst(systems, batchCg(A, b, batch, n, j)) <= tolerance)
  if (k === null) return null
  const run = () => batchCg(A, b, batch, n, k)
  const counts = { iterations: k, products: k, flops: cgFlops(n, k) }
  return { name: 'CG', network: null, ...counts, residual: worst(systems, run()), run, close: open }
}

// --- networks --------------------------------------------------------------------------------------------------------

/** The polynomial in float64, compiled for the batch. */
export const apply64 = (p: Polynomial, { n, batch, A }: Sample): E.Either<string, Apply> =>
  pipe(
    inferred(p.model),
    E.chain((typed) => toJavaScript({ _tag: 'forward' }, typed, { n, batch })),
    E.map((program) => {
      const executable = load64(program)
      return (b) => executable.run({ ...p.weights, A, b })['x']!
    })
  )

/** CG from the network's answer: on `A y = b - A x0`. */
export const warmStart = async (
  systems: Sample,
  p: Polynomial,
  apply: Apply,
  tolerance: number
): Promise<Method | null> => {
  const { n, batch, A, b } = systems
  const from = async (k: number): Promise<Float64Array> => {
    const x = (await apply(b)).slice()
    const r = residuals(systems, x)
    const y = k === 0 ? new Float64Array(x.length) : batchCg(A, r, batch, n, k)
    for (let i = 0; i < x.length; i++) x[i]! += y[i]!
    return x
  }
  const start = await from(0)
  const r = residuals(systems, start)
  const isDone = (k: number): boolean => {
    const y = batchCg(A, r, batch, n, k)
    return (
      worst(
        systems,
        start.map((v, i) => v + y[i]!)
      ) <= tolerance
    )
  }
  const k = worst(systems, start) <= tolerance ? 0 : fewest(mostIterations(n), isDone)
  if (k === null) return null
  const products = p.degree + 1 + k
  const flops = cgFlops(n, k) + (p.degree + 1) * 2 * n * n
  const counts = { iterations: k, products, flops, residual: worst(systems, await from(k)) }
  return { name: 'CG from the network', network: p.name, ...counts, run: () => from(k), close: open }
}

/** Flexible CG with the network as its preconditioner, or plain CG by the same code, one system after the other. */
export const flexible = (systems: Sample, p: Polynomial | null, tolerance: number): E.Either<string, Method | null> => {
  const { n, batch, A, b } = systems
  const one = { n, batch: 1, A: A.subarray(0, n * n), b: b.subarray(0, n), x: b.subarray(0, n) }
  const compiledOne =
    p === null
      ? E.right(null)
      : pipe(
          inferred(p.model),
          E.chain((typed) => toJavaScript({ _tag: 'forward' }, typed, { n, batch: one.batch })),
          E.map(load64)
        )
  if (E.isLeft(compiledOne)) return compiledOne
  const executable = compiledOne.right
  let [iterations, applied] = [0, 0]
  const run = (): Float64Array => {
    const x = new Float64Array(batch * n)
    iterations = 0
    applied = 0
    for (let s = 0; s < batch; s++) {
      const [As, bs] = [A.subarray(s * n * n, (s + 1) * n * n), b.subarray(s * n, (s + 1) * n)]
      const precondition = (r: Float64Array, z: Float64Array): void => {
        applied++
        z.set(executable!.run({ ...p!.weights, A: As, b: r })['x']!)
      }
      const options = { tolerance, maxIterations: mostIterations(n) }
      const found = cg(dense(As, n), bs, executable === null ? options : { ...options, precondition, flexible: true })
      iterations += found.iterations
      x.set(found.x, s * n)
    }
    return x
  }
  const residual = worst(systems, run())
  if (!(residual <= 2 * tolerance)) return E.right(null)
  const [k, calls] = [iterations / batch, applied / batch]
  const products = k + calls * (p?.degree ?? 0)
  const flops = cgFlops(n, k) + calls * (p?.degree ?? 0) * 2 * n * n
  const name = p === null ? 'CG, one by one' : 'flexible CG, the network as preconditioner'
  return E.right({ name, network: p?.name ?? null, iterations: k, products, flops, residual, run, close: open })
}
