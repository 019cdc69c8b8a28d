/**
 * The rung of frozen networks: the cheap form that a network amounts to against the network with its tokens, both as
 * compiled float64 programs, and the products that the program executes against those that are printed.
 */
import * as E from 'fp-ts/Either'

import type { Goal } from '../../codegen/compile'
import { countPlan } from '../../codegen/count'
import * as I from '../../spec/infer'
import type { Model } from '../../spec/model'
import { load64 } from '../javascript/run'
import { withSpectrum } from '../linalg/orthogonal'
import * as Key from '../random/key'
import { inStrides, matrixProducts } from '../weights/cost'
import { type Specialised, specialise } from '../weights/specialise'
import type { Weights } from '../weights/weights'
import type { Arrays, Case } from './case'
import { type Compiler, javascript } from './compiler'
import { relative } from './measure'
import { row, type Worst, worstOf } from './reference'
import type { Row } from './rung'

// --- systems ---------------------------------------------------------------------------------------------------------

/** The condition number that random weights are judged for. */
export const usualKappa = 5

/** Right-hand sides of each matrix. */
const rhs = 3

/** Spectra inside the interval that a model for `kappa` is made for, both ends hit. */
const systems = (c: Case, kappa: number): { readonly A: Float64Array; readonly b: Float64Array } => {
  const key = Key.fold(c.key, 'lazy')
  const A = new Float64Array(c.batch * c.n * c.n)
  for (let s = 0; s < c.batch; s++) {
    const own = Key.fold(key, s)
    const places = Key.uniform(Key.fold(own, 'spectrum'), c.n)
    const spectrum = places.map((u, k) => {
      const place = k === 0 ? 1 : k === 1 ? 0 : u
      return (2 * (1 + (kappa - 1) * place)) / (1 + kappa)
    })
    A.set(withSpectrum(spectrum, Key.fold(own, 'basis')), s * c.n * c.n)
  }
  return { A, b: Key.normal(Key.fold(key, 'b'), c.batch * rhs * c.n) }
}

// --- programs --------------------------------------------------------------------------------------------------------

interface Ran {
  readonly x: Float64Array
  readonly products: number
  readonly matrixProducts: number
}

const judged = (model: Model): I.Typed => {
  const typed = I.infer(model)
  if (E.isLeft(typed)) throw new Error(`internal: ${I.show(typed.left)}`)
  return typed.right
}

const run = (c: Case, compiler: Compiler, goal: Goal, typed: I.Typed, weights: Weights, data: Arrays): Ran => {
  const e = compiler.optimise(compiler.lower(goal, typed))
  const plan = compiler.schedule(javascript, goal._tag === 'forwardMany' ? { ...c.sizes, rhs } : c.sizes, e)
  const x = load64(compiler.printJavaScript(plan)).run({ ...weights, ...data })['x'] ?? new Float64Array()
  return { x: x.slice(), ...countPlan(plan) }
}

/** The first right-hand side of every matrix alone. */
const firsts = (b: Float64Array, n: number): Float64Array => {
  const each = rhs * n
  return Float64Array.from({ length: b.length / rhs }, (_, k) => b[Math.floor(k / n) * each + (k % n)] as number)
}

/** Each system by itself: the worst of `||x - x_tokens|| / ||x_tokens||`. */
const apart = (got: Float64Array, want: Float64Array, n: number): number =>
  got.length !== want.length
    ? Number.POSITIVE_INFINITY
    : Math.max(
        ...Array.from({ length: want.length / n }, (_, s) =>
          relative(got.subarray(s * n, (s + 1) * n), want.subarray(s * n, (s + 1) * n))
        )
      )

// --- the rung --------------------------------------------------------------------------------------------------------

/** The network's cheap form on the interval that solving takes, or null where it has none. */
export const cheapForm = (c: Case, kappa: number): Specialised | null => {
  const found = specialise({ model: c.typed.model, weights: c.weights, low: 0, high: (2 * kappa) / (1 + kappa) })
  return E.isRight(found) ? found.right : null
}

const stridesOf = ({ form, products }: Specialised): readonly number[] =>
  form === 'krylov' ? [] : [2, 4].filter((k) => k <= products)

/** Every way to run the cheap form, against the tokens; a program with other products than promised is infinitely wrong. */
export const lazy = (c: Case, compiler: Compiler, special: Specialised, kappa: number): Row => {
  const { A, b } = systems(c, kappa)
  const one = firsts(b, c.n)
  const literal = run(c, compiler, { _tag: 'forward' }, c.typed, c.weights, { A, b: one })
  const against = (what: string, own: Specialised, got: Ran, want: Float64Array): Worst => {
    if (got.products === own.products && got.matrixProducts === matrixProducts(own.model)) {
      return { what, error: apart(got.x, want, c.n) }
    }
    const found = `${got.products} products and ${got.matrixProducts} of matrices`
    const expected = `${own.products} and ${matrixProducts(own.model)}`
    return { what: `${what}: ${found}, printed as ${expected}`, error: Number.POSITIVE_INFINITY }
  }
  const forms = [special, ...stridesOf(special).map((k) => inStrides(special, k))]
  const alone = forms.map((own, k) => {
    const got = run(c, compiler, { _tag: 'forward' }, judged(own.model), own.weights, { A, b: one })
    return against(k === 0 ? 'x' : `stride ${2 ** k}`, own, got, literal.x)
  })
  const last = forms[forms.length - 1] as Specialised
  const many = run(c, compiler, { _tag: 'forwardMany' }, judged(last.model), last.weights, { A, b })
  const tokens = run(c, compiler, { _tag: 'forwardMany' }, c.typed, c.weights, { A, b })
  const together = against(`${rhs} right-hand sides`, last, many, tokens.x)
  return row(c, 'lazy', worstOf([...alone, together]), 1e-12)
}
