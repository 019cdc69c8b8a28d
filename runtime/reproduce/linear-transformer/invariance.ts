/** What models keep when equations, unknowns or tokens change places; and two heads that do Newton-Schulz exactly. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as F from '../../../spec/family'
import * as R from '../../../spec/recipe'
import * as T from '../../../spec/token'
import { blockLinear } from '../../../spec/zoo/block-linear'
import { fullLinear } from '../../../spec/zoo/full-linear'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Sample } from '../../sample/sample'
import { initialise } from '../../weights/initialise'
import { newtonSchulzForm } from '../../weights/newton-schulz'
import { polarForm } from '../../weights/polar'
import { answers64, closedFormModel, inferred, meanSquare, shippedModel, type Weighted } from '../answers'
import type { Claim, Plot, Row, RowContext, RowResult, Table } from '../row'
import { iterate, type Step } from './newton-schulz'
import { deviation, equations, movedAnswer, permutations, tokensMoved } from './permuted'

// --- models ----------------------------------------------------------------------------------------------------------

type Result<A> = E.Either<string, A>

interface Entrant extends Weighted {
  readonly n: number
  readonly kind: 'BLOCK' | 'FULL' | 'rows'
}

const kappa = 5
const spectrum = { low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) }

/** FULL with a learned embedding, small: what matters here is that training tells tokens apart. */
const full = (n: number, steps: number): R.Recipe =>
  R.make({
    name: `full-learned-${n}${steps < 1000 ? '-short' : ''}`,
    model: fullLinear({ layers: 2, embedding: T.learned(3 * n, n), query: 'paper', bScale: null }),
    start: R.random(),
    stages: [
      R.adam({
        family: F.spd({ kappa, sizes: n }),
        steps,
        batch: 32,
        rate: { peak: 3e-3, warmup: 50, decay: 'cosine' }
      })
    ],
    seed: 1,
    valid: F.spd({ kappa, sizes: n })
  })

const recipeOf = (quick: boolean): R.Recipe => full(4, quick ? 300 : 3000)

/** All 82 scalars a layer, as they are drawn. */
const random82 = (key: Key.Key): Result<Weighted> => {
  const model = blockLinear({ layers: 3, identityBlocks: 3, allOnes: true, query: 'paper', bScale: null })
  return pipe(
    inferred(model),
    E.map((typed) => ({ name: 'BLOCK, 82 scalars a layer, random', model, weights: initialise(typed, 1, key) }))
  )
}

const entrants = async (c: RowContext): Promise<Result<readonly Entrant[]>> => {
  const trained = await shippedModel('block-linear-3')
  const recipe = recipeOf(c.quick)
  const learned = await c.train(recipe, c.seed)
  if (E.isLeft(learned)) return learned
  const { weights } = learned.right
  const as =
    (kind: Entrant['kind'], n: number, name?: string) =>
    (w: Omit<Weighted, 'name'> & { readonly name?: string }): Entrant => ({ ...w, name: name ?? w.name ?? '', n, kind })
  const list: readonly Result<Entrant>[] = [
    pipe(closedFormModel(3, kappa), E.map(as('BLOCK', 9, 'BLOCK, closed form, L = 3'))),
    pipe(trained, E.map(as('BLOCK', 9, 'BLOCK, trained, L = 3'))),
    pipe(random82(Key.fold(c.key, 'block')), E.map(as('BLOCK', 9))),
    E.right(as('FULL', 4, 'FULL, learned embedding, trained, L = 2')({ model: recipe.model, weights })),
    pipe(polarForm({ layers: 7, kappa }), E.map(as('rows', 9, 'row operations, x = A_L^T b_L, L = 7'))),
    pipe(
      newtonSchulzForm({ layers: 8, start: 'rows', ...spectrum }),
      E.map(as('rows', 9, 'Newton-Schulz, two heads, L = 8'))
    )
  ]
  return E.sequenceArray(list)
}

// --- permuting -------------------------------------------------------------------------------------------------------

interface Moved {
  readonly w: Entrant
  readonly mse: number
  /** The largest relative deviations: tokens in another order; `P A P^T, P b`; `P A, P b`. */
  readonly tokens: number
  readonly both: number
  readonly rows: number
}

const move = (w: Entrant, c: RowContext, systems: number): Result<Moved> => {
  const key = Key.fold(c.key, `systems ${w.n}`)
  const sample = draw(F.spd({ kappa, sizes: w.n }), key, { n: w.n, batch: systems })
  const P = permutations(Key.fold(key, 'places'), w.n, systems)
  const there = (s: Sample): Result<Float64Array> => answers64(w, s)
  return pipe(
    E.Do,
    E.bind('x', () => there(sample)),
    E.bind('both', () => there(equations(sample, P, true))),
    E.bind('rows', () => there(equations(sample, P, false))),
    E.bind('typed', () => inferred(w.model)),
    E.map(({ x, both, rows, typed }) => ({
      w,
      mse: meanSquare(x, sample.x),
      tokens: deviation(tokensMoved(typed, w.weights, sample, P), tokensMoved(typed, w.weights, sample, null), w.n),
      both: deviation(both, movedAnswer(x, P, w.n), w.n),
      rows: deviation(rows, x, w.n)
    }))
  )
}

// --- claims ----------------------------------------------------------------------------------------------------------

/** Deviations that are rounding, and those that are not. */
const [kept, broken] = [1e-10, 1e-3]

const most = (all: readonly number[]): number => Math.max(...all)
const digits = (value: number): string => (Number.isFinite(value) ? value.toExponential(1) : 'beyond all numbers')

const claimsOf = (moved: readonly Moved[], steps: readonly Step[]): readonly Claim[] => {
  const of = (kind: Entrant['kind']): readonly Moved[] => moved.filter(({ w }) => w.kind === kind)
  const tokens = most(moved.map((m) => m.tokens))
  const both = most(of('BLOCK').map((m) => m.both))
  const without = Math.min(...of('FULL').map((m) => m.both))
  const rows = most(of('rows').map((m) => m.rows))
  const queries = Math.min(...of('BLOCK').map((m) => m.rows))
  const apart = most(steps.map((s) => s.apart))
  const last = steps.filter(({ layers }) => layers === most(steps.map((s) => s.layers)))
  return [
    {
      claim: 'The order in which the tokens come does not matter, in any model.',
      paper: 'by construction',
      ours: `answers differ by ${digits(tokens)} at most`,
      verdict: tokens <= kept ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'BLOCK models are equivariant: `P A P^T, P b` gives `P x`, with all-ones terms and without.',
      paper: 'by construction',
      ours: `answers differ by ${digits(both)} at most`,
      verdict: both <= kept ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'FULL with a learned embedding is not: it tells equations and unknowns apart by their numbers.',
      paper: '-',
      ours: `answers differ by ${digits(without)}`,
      verdict: without >= broken ? 'reproduced' : 'not reproduced'
    },
    {
      claim:
        'Row operations and Newton-Schulz, read over all tokens, do not see the order of the equations alone: `P A, P b` gives x.',
      paper: '-',
      ours: `answers differ by ${digits(rows)} at most; those of BLOCK models with a query by ${digits(queries)} at least`,
      verdict: rows <= kept && queries >= broken ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'Two heads of BLOCK attention do one exact Newton-Schulz step a layer.',
      paper: '-',
      ours: `within ${digits(apart)} of \`X <- 2 X - X A^T X\` after up to ${most(steps.map((s) => s.layers))} layers`,
      verdict: apart <= 1e-13 ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'Its error goes to roundoff with depth, on positive definite and on nonsymmetric systems.',
      paper: '-',
      ours: last.map((s) => `${s.what}: ${digits(s.error)} at L = ${s.layers}`).join('; '),
      verdict: last.every((s) => s.error <= 1e-14 * kappa * kappa) ? 'reproduced' : 'not reproduced'
    }
  ]
}

// --- tables and plots ------------------------------------------------------------------------------------------------

const tablesOf = (moved: readonly Moved[], steps: readonly Step[]): readonly Table[] => [
  {
    title: 'Largest relative deviation of an answer, float64',
    columns: ['model', 'N', 'mean square error', 'tokens in another order', '`P A P^T, P b`', '`P A, P b`'],
    rows: moved.map(({ w, mse, tokens, both, rows }) => [w.name, w.n, mse, tokens, both, rows])
  },
  {
    title: `Newton-Schulz by two heads, N = 9, kappa = ${kappa}: relative error, and deviation from the iteration itself`,
    columns: ['L', 'systems', 'bound in exact arithmetic', 'error', 'deviation'],
    rows: steps.map(({ layers, what, bound, error, apart }) => [layers, what, bound, error, apart])
  }
]

const plot = (steps: readonly Step[]): Plot => ({
  name: 'newton-schulz',
  caption: `Newton-Schulz by two heads: relative error by depth, kappa = ${kappa}, float64.`,
  spec: {
    data: { values: steps.map(({ layers, what, error }) => ({ layers, what, error })) },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'layers', type: 'quantitative', title: 'layers L', axis: { tickMinStep: 1 } },
      y: { field: 'error', type: 'quantitative', scale: { type: 'log' }, title: 'relative error' },
      color: { field: 'what', type: 'nominal', title: null }
    }
  }
})

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const systems = c.quick ? 4 : 50
  const list = await entrants(c)
  if (E.isLeft(list)) return list
  const moved: Moved[] = []
  for (const [k, w] of list.right.entries()) {
    c.progress(w.name, k, list.right.length)
    const found = move(w, c, systems)
    if (E.isLeft(found)) return found
    moved.push(found.right)
  }
  const depths = c.quick ? [1, 2, 4, 8, 10] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
  const steps = iterate(Key.fold(c.key, 'newton-schulz'), { n: 9, systems, kappa, depths })
  if (E.isLeft(steps)) return steps
  return E.right({
    claims: claimsOf(moved, steps.right),
    tables: tablesOf(moved, steps.right),
    plots: [plot(steps.right)],
    backends: ['javascript float64', 'interpreter float64'],
    recipes: ['block-linear-3', recipeOf(c.quick).name],
    notes: [
      `${systems} positive definite systems a model, kappa = ${kappa}, a random permutation each; deviations are ` +
        '`||difference||_2 / ||answer||_2`, the largest of all systems.',
      'Tokens in another order: the tokens of an encoded system, embeddings and all, are permuted before the first layer.',
      'Newton-Schulz begins with a multiple of I on positive definite systems and with a multiple of A on nonsymmetric ones, ' +
        'where it converges to the inverse of the transpose and `x = X^T b`.'
    ]
  })
}

export const invariance: Row = {
  id: 'invariance',
  title: 'Order of tokens, equations and unknowns; Newton-Schulz by two heads',
  about:
    'Attention sums over tokens, so that their order cannot matter; BLOCK weights treat all coordinates alike, so that ' +
    'equations and unknowns may change places together; FULL weights and learned embeddings do not. Beside that, a model that ' +
    'is not trained but written down: one head keeps the iterate, another multiplies, and a layer is a Newton-Schulz step.',
  run
}
