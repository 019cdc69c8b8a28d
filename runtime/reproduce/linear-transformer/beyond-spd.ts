/** Beyond symmetric positive definite matrices: the answer read over all tokens, `x = A_L^T b_L`, by depth and condition. */

import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { general, type Structure as Kind } from '../../../spec/family'

import { polarRecipe } from '../../../spec/zoo/polar-recipe'
import { isBackendName } from '../../backends/error'
import { open } from '../../backends/open'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Sample } from '../../sample/sample'
import { polarForm } from '../../weights/polar'
import { answers32, answers64, closedFormModel, meanSquare, type Weighted } from '../answers'
import type { Row, RowContext, RowResult } from '../row'
import { claimsOf, kinds, type Measured, names, plot, type Setting, tablesOf } from './beyond-spd-report'
import { deviation } from './permuted'

// --- model -----------------------------------------------------------------------------------------------------------

type Result<A> = E.Either<string, A>

// --- measuring -------------------------------------------------------------------------------------------------------

type Case = Pick<Measured, 'kind' | 'kappa' | 'layers'>

const measure = async (w: Weighted, runtime: Runtime, sample: Sample, of: Case): Promise<Result<Measured>> => {
  const x64 = answers64(w, sample)
  if (E.isLeft(x64)) return x64
  const x32 = await answers32(w, runtime, sample)
  if (E.isLeft(x32)) return x32
  return E.right({
    name: w.name,
    ...of,
    float64: meanSquare(x64.right, sample.x),
    float32: meanSquare(x32.right, sample.x),
    worst: deviation(x64.right, sample.x, sample.n)
  })
}

const polar = (layers: number, kappa: number): Result<Weighted> =>
  pipe(
    polarForm({ layers, kappa }),
    E.map((made) => ({ name: names.closed, ...made }))
  )

const trained = async (c: RowContext, layers: number, symmetric: boolean): Promise<Result<Weighted>> => {
  const recipe = polarRecipe({ layers, kappa: 5, symmetric })
  const run = await c.train(recipe, c.seed)
  if (E.isLeft(run)) return run
  const { weights } = run.right
  return E.right({ name: symmetric ? names.symmetric : names.trained, model: recipe.model, weights })
}

/** What is run, on which condition number, in order. */
const entrants = async (
  c: RowContext,
  setting: Setting
): Promise<Result<readonly { readonly w: Weighted; readonly kappa: number; readonly layers: number }[]>> => {
  const found: { readonly w: Weighted; readonly kappa: number; readonly layers: number }[] = []
  for (const kappa of setting.kappas) {
    for (const layers of setting.layers) {
      const w = polar(layers, kappa)
      if (E.isLeft(w)) return w
      found.push({ w: w.right, kappa, layers })
    }
  }
  for (const layers of setting.trained) {
    for (const symmetric of [false, true]) {
      const w = await trained(c, layers, symmetric)
      if (E.isLeft(w)) return w
      found.push({ w: w.right, kappa: 5, layers })
    }
  }
  const query = closedFormModel(3, 5)
  if (E.isLeft(query)) return query
  return E.right([...found, { w: { ...query.right, name: names.query }, kappa: 5, layers: 3 }])
}

// --- the row ---------------------------------------------------------------------------------------------------------

const quick: Setting = { n: 6, systems: 10, kappas: [5, 100], layers: [1, 2, 3, 7, 10], trained: [2] }
const full: Setting = {
  n: 16,
  systems: 200,
  kappas: [5, 10, 100, 1000],
  layers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
  trained: [1, 2, 3, 4]
}

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const setting = c.quick ? quick : full
  const list = await entrants(c, setting)
  if (E.isLeft(list)) return list
  const name = c.backends[0] ?? 'cpu'
  const opened = isBackendName(name) ? await open(name)() : null
  if (opened === null || E.isLeft(opened)) return E.left(`beyond-spd: backend ${name} does not open`)
  const runtime = opened.right
  const measured: Measured[] = []
  try {
    const samples = new Map<string, Sample>()
    const sampleOf = (kind: Kind, kappa: number): Sample => {
      const label = `${kind} ${kappa}`
      const known = samples.get(label)
      if (known !== undefined) return known
      const fresh = draw(general({ structure: kind, kappa, sizes: setting.n }), Key.fold(c.key, label), {
        n: setting.n,
        batch: setting.systems
      })
      samples.set(label, fresh)
      return fresh
    }
    for (const [k, { w, kappa, layers }] of list.right.entries()) {
      c.progress(`${w.name}, ${layers} layers, kappa = ${kappa}`, k, list.right.length)
      for (const kind of kinds) {
        const found = await measure(w, runtime, sampleOf(kind, kappa), { kind, kappa, layers })
        if (E.isLeft(found)) return found
        measured.push(found.right)
      }
    }
  } finally {
    await runtime.close()
  }
  return E.right({
    claims: claimsOf(measured, setting),
    tables: tablesOf(measured, setting),
    plots: [plot(measured)],
    backends: ['javascript float64', `${name} float32`],
    recipes: setting.trained.flatMap((layers) =>
      [false, true].map((symmetric) => polarRecipe({ layers, kappa: 5, symmetric }).name)
    ),
    notes: [
      `N = ${setting.n}, ${setting.systems} systems a kind and condition number; singular values in ` +
        '[2/(1 + kappa), 2 kappa/(1 + kappa)], both ends hit, the interior uniform; indefinite matrices are symmetric with ' +
        'eigenvalues of both signs; x ~ N(0, I), b = A x.',
      'Closed form: four scalars a layer, no embedding, no query, one factor at the end; the bound is what is left at most ' +
        'of any part of x, in exact arithmetic, for every matrix with such singular values.',
      'Trained for any matrix: the same architecture, on scalar nodes. Trained for symmetric matrices: with an identity ' +
        'block, whose weights may mix A with its transpose; on nonsymmetric matrices that is another thing.',
      'In float32 the error is that of rounding times a power of kappa: A A^T is formed.'
    ]
  })
}

export const beyondSpd: Row = {
  id: 'beyond-spd',
  title: 'Beyond the paper: nonsymmetric and indefinite matrices',
  about:
    'The paper leaves general matrices to future work. The same layer solves them when no query is sent along and the answer ' +
    'is read as `x = A_L^T b_L`: the layers are row operations on `[A b]` that drive all singular values of A to 1. In closed ' +
    'form each layer is the odd cubic of the singular values that shrinks their interval most.',
  run
}
