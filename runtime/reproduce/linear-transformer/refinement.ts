/**
 * Refinement `x <- x + f(b - A x)` of a batch in lockstep, the residual in float64: f a network, or a classical solver in
 * float32.
 */
import * as E from 'fp-ts/Either'

import { cgProgram, choleskyProgram } from '../../../codegen/targets/wasm/classical/program'
import type { Runtime } from '../../backends/runtime'
import { dotOf } from '../../linalg/products'
import type { Sample } from '../../sample/sample'
import { groups } from '../../wasm/lanes'
import { compiled } from '../answers'
import { type Apply, cgFlops, type Method, type Polynomial, residuals, worst } from './hybrid-methods'

// --- model -----------------------------------------------------------------------------------------------------------

/** What is iterated, and what a pass of it costs. */
export interface Inner {
  readonly name: string
  readonly network: string | null
  readonly apply: Apply
  /** Products with A in a pass; null where there are none. */
  readonly products: number | null
  /** Operations of a pass. */
  readonly flops: number
  readonly close: () => Promise<void>
}

// --- constructors ----------------------------------------------------------------------------------------------------

/** `f` in float32 on right-hand sides that are brought to norm one. */
const atNormOne = ({ n, batch }: Sample, f: (b: Float32Array) => Promise<Float32Array> | Float32Array): Apply => {
  const single = new Float32Array(batch * n)
  const sizes = new Float64Array(batch)
  return async (b) => {
    for (let s = 0; s < batch; s++) {
      const size = Math.sqrt(dotOf(b, s * n, b, s * n, n))
      sizes[s] = size
      for (let i = s * n; i < (s + 1) * n; i++) single[i] = size > 0 ? b[i]! / size : 0
    }
    return Float64Array.from(await f(single), (v, k) => v * sizes[Math.floor(k / n)]!)
  }
}

/** The polynomial by what applies it in float64. */
export const network64 = (p: Polynomial, n: number, apply: Apply): Inner => ({
  name: 'refinement, float64',
  network: p.name,
  apply,
  products: p.degree,
  flops: p.degree * 2 * n * n,
  close: async () => {}
})

/** The polynomial in float32 on a backend, A put there once. */
export const network32 = async (p: Polynomial, runtime: Runtime, systems: Sample): Promise<E.Either<string, Inner>> => {
  const { n, batch, A } = systems
  const made = await compiled(p, runtime, { n, batch })
  if (E.isLeft(made)) return made
  const loaded = made.right.load({ A: Float32Array.from(A) })
  if (E.isLeft(loaded)) return E.left(loaded.left.message)
  const apply = atNormOne(systems, async (b) => {
    const ran = await made.right.run({ b }, ['x'])()
    if (E.isLeft(ran)) throw new Error(ran.left.message)
    return ran.right['x']!
  })
  const name = `refinement, float32 on ${runtime.backend}`
  return E.right({ ...network64(p, n, apply), name, close: () => made.right.dispose() })
}

/** Cholesky in WebAssembly, float32; it factors anew in every pass. */
export const cholesky32 = (systems: Sample): Inner => {
  const { n, A } = systems
  const [made, single] = [groups(choleskyProgram(n)), Float32Array.from(A)]
  return {
    name: 'Cholesky in float32 on wasm, refined',
    network: null,
    apply: atNormOne(systems, (b) => made.run({ A: single, b }, ['x'])['x']!),
    products: null,
    flops: n ** 3 / 3 + 2 * n * n,
    close: async () => {}
  }
}

/** CG in WebAssembly, float32, started anew in every pass. */
export const cg32 = (systems: Sample, steps: number): Inner => {
  const { n, A } = systems
  const [made, single] = [groups(cgProgram(n)), Float32Array.from(A)]
  made.load({ steps: Float32Array.of(steps) })
  return {
    name: `CG in float32 on wasm, refined`,
    network: null,
    apply: atNormOne(systems, (b) => made.run({ A: single, b }, ['x'])['x']!),
    products: steps,
    flops: cgFlops(n, steps),
    close: async () => {}
  }
}

// --- combinators -----------------------------------------------------------------------------------------------------

const mostPasses = 60

/** Passes until every relative residual is within the tolerance; null where they stop short of it. */
export const refined = async (systems: Sample, inner: Inner, tolerance: number): Promise<Method | null> => {
  const { n, b } = systems
  const { name, network, apply, close } = inner
  const pass = async (x: Float64Array | null): Promise<Float64Array> => {
    if (x === null) return (await apply(b)).slice()
    const y = await apply(residuals(systems, x))
    for (let i = 0; i < x.length; i++) x[i]! += y[i]!
    return x
  }
  let x: Float64Array | null = null
  let passes = 0
  let residual = 1
  while (residual > tolerance && passes < mostPasses) {
    x = await pass(x)
    passes++
    const left = worst(systems, x)
    if (!(left < residual)) break
    residual = left
  }
  if (residual > tolerance) {
    await close()
    return null
  }
  const run = async () => {
    let own: Float64Array | null = null
    for (let k = 0; k < passes; k++) own = await pass(own)
    return own
  }
  const products = inner.products === null ? null : passes * inner.products + passes - 1
  const flops = passes * inner.flops + (passes - 1) * 2 * n * n
  return { name, network, iterations: passes, products, flops, residual, run, close }
}
