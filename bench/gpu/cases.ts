/** The work that is timed: dense contractions, batches of small systems, a transformer; each with its check in float64. */
import * as E from 'fp-ts/Either'

import { byHand } from '../../codegen/by-hand'
import { plan as planFor, toJavaScript } from '../../codegen/compile'
import { countPlan } from '../../codegen/count'
import * as X from '../../codegen/expr'
import type { Plan } from '../../codegen/plan'
import { adam } from '../../codegen/rules/optimiser'
import { schedule } from '../../codegen/schedule'
import { wgsl } from '../../codegen/targets/wgsl/index'
import type { Wishes } from '../../codegen/targets/wgsl/schedule'
import type { Arrays } from '../../runtime/backends/runtime'
import { load64 } from '../../runtime/javascript/run'
import * as Key from '../../runtime/random/key'
import { draw } from '../../runtime/sample/draw'
import { initialise } from '../../runtime/weights/initialise'
import { type Specialised, specialise } from '../../runtime/weights/specialise'
import type { Weights } from '../../runtime/weights/weights'
import * as Family from '../../spec/family'
import * as Infer from '../../spec/infer'
import type { Model } from '../../spec/model'
import { algebraformer } from '../../spec/zoo/algebraformer'

export interface Case {
  readonly what: string
  readonly plan: () => Plan
  readonly wishes?: Wishes
  readonly kept: (plan: Plan) => Arrays
  readonly data: (plan: Plan) => Arrays
  readonly wanted: readonly string[]
  readonly operations: (plan: Plan) => number
  readonly bytes: (plan: Plan) => number
  /** The largest relative error of the answers that are checked. */
  readonly error: (answers: Arrays) => number
}

/** A trained network and the condition number that it is made for. */
export interface Network {
  readonly model: Model
  readonly weights: Weights
  readonly kappa: number
}

export interface Sizes {
  readonly dense: readonly (readonly [number, number, number])[]
  readonly systems: readonly { readonly n: number; readonly batch: number }[]
  /** Systems larger than this are solved in the lazy form only. */
  readonly literal: number
  readonly transformer: {
    readonly blocks: number
    readonly width: number
    readonly heads: number
    readonly tokens: number
    readonly batch: number
  }
}

export const hardwareSizes: Sizes = {
  dense: [
    [2048, 256, 1024],
    [4096, 4096, 4096],
    [1000, 1001, 999]
  ],
  systems: [
    { n: 9, batch: 10000 },
    { n: 16, batch: 10000 },
    { n: 32, batch: 10000 },
    { n: 64, batch: 4000 },
    { n: 128, batch: 1000 }
  ],
  literal: 64,
  transformer: { blocks: 12, width: 256, heads: 8, tokens: 64, batch: 8 }
}

/** Enough for every kernel to run and be checked; its times mean nothing. */
export const softwareSizes: Sizes = {
  dense: [[130, 70, 90]],
  systems: [
    { n: 9, batch: 64 },
    { n: 16, batch: 64 }
  ],
  literal: 9,
  transformer: { blocks: 2, width: 32, heads: 2, tokens: 8, batch: 2 }
}

const right = <A>(made: E.Either<string, A>): A => {
  if (E.isLeft(made)) throw new Error(made.left)
  return made.right
}

const typedOf = (model: Model): Infer.Typed => {
  const typed = Infer.infer(model)
  if (E.isLeft(typed)) throw new Error(`internal: ${Infer.show(typed.left)}`)
  return typed.right
}

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** Inputs and outputs, each moved once. */
const outerBytes = (plan: Plan, wanted: readonly string[]): number =>
  4 *
  [...plan.inputs, ...plan.outputs.filter((o) => wanted.includes(o.name))].reduce((sum, i) => sum + product(i.dims), 0)

const singles = (arrays: Weights): Arrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, Float32Array.from(a)]))

/** The polynomial that a trained network amounts to, on the eigenvalues that it is made for. */
export const lazyOf = ({ model, weights, kappa }: Network): Specialised => {
  const high = (2 * kappa) / (1 + kappa)
  return right(specialise({ model, weights, low: high / kappa, high }))
}

/** The largest `||got - want|| / ||want||` of stretches of this length. */
const worst = (got: Float32Array | undefined, want: ArrayLike<number>, length: number): number => {
  let largest = got === undefined ? Number.POSITIVE_INFINITY : 0
  for (let first = 0; first < want.length; first += length) {
    let [error, size] = [0, 0]
    for (let k = first; k < first + length; k++) {
      error += ((got?.[k] ?? Number.NaN) - (want[k] as number)) ** 2
      size += (want[k] as number) ** 2
    }
    const relative = Math.sqrt(error / size)
    if (!(relative <= largest)) largest = relative
  }
  return largest
}

// --- dense contraction -----------------------------------------------------------------------------------------------

const dense = ([m, k, n]: readonly [number, number, number]): Case => {
  const [i, j, c] = [X.index('i', m), X.index('j', n), X.index('c', k)]
  const equations = byHand({
    name: 'dense',
    inputs: [
      { name: 'a', role: 'data', dims: [m, k] },
      { name: 'b', role: 'parameter', dims: [k, n] }
    ],
    equations: [{ defines: 'y', over: [i, j], value: X.sum([c], X.tensor('a')(i, c), X.tensor('b')(c, j)) }],
    outputs: ['y']
  })
  const fill = (length: number, seed: number): Float32Array =>
    Float32Array.from({ length }, (_, at) => (((at * 7919 + seed) % 1009) - 504) / 504)
  const [a, b] = [fill(m * k, 1), fill(k * n, 2)]
  const row = (at: number): Float64Array =>
    Float64Array.from({ length: n }, (_, column) => {
      let total = 0
      for (let term = 0; term < k; term++) total += (a[at * k + term] as number) * (b[term * n + column] as number)
      return total
    })
  return {
    what: `dense [${m} x ${k}].[${k} x ${n}]`,
    plan: () => {
      const made = schedule(wgsl, {})(equations)
      if (E.isLeft(made)) throw new Error(made.left.reason)
      return made.right
    },
    kept: () => ({ b }),
    data: () => ({ a }),
    wanted: ['y'],
    operations: () => 2 * m * k * n,
    bytes: () => 4 * (m * k + k * n + m * n),
    error: ({ y }) => Math.max(...[0, m >> 1, m - 1].map((at) => worst(y?.subarray(at * n, (at + 1) * n), row(at), n)))
  }
}

// --- small systems ---------------------------------------------------------------------------------------------------

const distinct = 16

/** Systems of the family, a few of them over and over. */
const systems = (n: number, batch: number, kappa: number) => {
  const sample = draw(Family.spd({ kappa, sizes: n }), Key.key(1), { n, batch: Math.min(distinct, batch) })
  const repeat = (a: Float64Array): Float32Array => {
    const out = new Float32Array((a.length / sample.batch) * batch)
    for (let at = 0; at < out.length; at += a.length) out.set(a.subarray(0, Math.min(a.length, out.length - at)), at)
    return out
  }
  return { data: { A: repeat(sample.A), b: repeat(sample.b) }, x: sample.x }
}

const network = (what: string, model: Model, weights: Weights, kappa: number, n: number, batch: number): Case => {
  const made = systems(n, batch, kappa)
  return {
    what: `${what}, ${batch} systems of ${n}`,
    plan: () => right(planFor(wgsl, { _tag: 'forward' }, typedOf(model), { n, batch })),
    kept: () => singles(weights),
    data: () => made.data,
    wanted: ['x'],
    operations: (plan) => countPlan(plan).flops,
    bytes: (plan) => outerBytes(plan, ['x']),
    error: ({ x }) => worst(x, made.x, n)
  }
}

const smallSystems = (sizes: Sizes, trained: Network): readonly Case[] => {
  const { model, weights, kappa } = trained
  const lazy = lazyOf(trained)
  return sizes.systems.flatMap(({ n, batch }) => {
    const literal = network('BLOCK literal', model, weights, kappa, n, batch)
    return [
      network('BLOCK lazy', lazy.model, lazy.weights, kappa, n, batch),
      ...(n <= sizes.literal
        ? [literal, { ...literal, what: `${literal.what}, a dispatch a launch`, wishes: { fuse: 'never' } as const }]
        : [])
    ]
  })
}

// --- transformer -----------------------------------------------------------------------------------------------------

const attending = (sizes: Sizes['transformer'], goal: 'forward' | 'step'): Case => {
  const { blocks, width, heads, tokens: n, batch } = sizes
  const typed = typedOf(algebraformer({ n, width, blocks, heads }))
  const weights = initialise(typed, n, Key.key(2))
  const made = systems(n, batch, 5)
  const inputs = (plan: Plan, data: boolean): Arrays =>
    Object.fromEntries(
      plan.inputs
        .filter((i) => (i.role === 'data') === data)
        .map((i): [string, Float32Array] => {
          const given: Record<string, ArrayLike<number>> = { ...weights, ...made.data, rate: [1e-9] }
          const own = given[i.name]
          if (own !== undefined) return [i.name, Float32Array.from(own)]
          if (i.name === 'target') return [i.name, made.data.b]
          return [i.name, new Float32Array(product(i.dims)).fill(i.name.startsWith('power') ? 1 : 0)]
        })
    )
  const wanted = goal === 'forward' ? ['x'] : ['loss']
  /** The answers to the first systems, in float64. */
  const answers64 = (count: number): Float64Array => {
    const some = load64(right(toJavaScript({ _tag: 'forward' }, typed, { n, batch: count })))
    const A = Float64Array.from(made.data.A.subarray(0, count * n * n))
    const b = Float64Array.from(made.data.b.subarray(0, count * n))
    return some.run({ ...weights, A, b })['x'] ?? new Float64Array()
  }
  return {
    what: `transformer ${goal}, ${blocks} blocks, width ${width}, ${heads} heads, ${n} tokens, batch ${batch}`,
    plan: () =>
      right(planFor(wgsl, goal === 'forward' ? { _tag: goal } : { _tag: goal, optimiser: adam }, typed, { n, batch })),
    kept: (plan) => inputs(plan, false),
    data: (plan) => inputs(plan, true),
    wanted,
    operations: (plan) => countPlan(plan).flops,
    bytes: (plan) => outerBytes(plan, wanted),
    error: ({ x, loss }) => {
      if (goal === 'forward') return worst(x, answers64(1), n)
      const squares = answers64(batch).reduce((sum, own, at) => sum + (own - (made.data.b[at] as number)) ** 2, 0)
      return worst(loss, [squares / (n * batch)], 1)
    }
  }
}

export const casesOf = (sizes: Sizes, trained: Network): readonly Case[] => [
  ...sizes.dense.map(dense),
  ...smallSystems(sizes, trained),
  attending(sizes.transformer, 'forward'),
  attending(sizes.transformer, 'step')
]
