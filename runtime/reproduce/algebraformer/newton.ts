/** Row 6: Newton's method on `||M z - y||_p^p`, its inner systems solved by Cholesky, CG, and the network in three ways. */
import * as E from 'fp-ts/Either'

import * as F from '../../../spec/family'
import { newtonOf, onNewton, type Setting } from '../../../spec/zoo/algebraformer-recipes'
import { cg } from '../../linalg/cg'
import { norm2 } from '../../linalg/norms'
import { dense, matvec } from '../../linalg/products'
import { byCholesky, type Inner, minimise, type NewtonResult } from '../../newton/newton'
import type { Objective } from '../../newton/objective'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import { drawObjective } from '../../sample/newton'
import { trainedOn } from '../../train/batches'
import { answering64, compiled, part, singles } from '../answers'
import type { Claim, Plot, Row, RowContext, RowResult, TrainedRun } from '../row'
import { race, type Timed } from '../stopwatch'
import { competitors } from './competitors'
import {
  e,
  errorCells,
  errorColumns,
  judgeAnswers,
  judgeRuns,
  middle,
  settingOf,
  testSystems,
  withRuntime
} from './judged'

// --- inner solvers ---------------------------------------------------------------------------------------------------

type Propose = (H: Float64Array, rhs: Float64Array) => Float64Array

/** Inner systems are solved to this residual, relative to their right-hand side. */
const innerTolerance = 1e-3

const mostRefinements = 30

const names = {
  classical: 'Cholesky (classical)',
  cg: 'CG',
  raw: 'network, raw',
  refined: 'network, refined',
  started: 'CG from the network'
}

const conjugate =
  (start: Propose | null): Inner =>
  (H, rhs) => {
    const n = rhs.length
    const options = { tolerance: innerTolerance, maxIterations: 10 * n }
    const { x, products } = cg(dense(H, n), rhs, start === null ? options : { ...options, x0: start(H, rhs) })
    return { s: x, products }
  }

/** `s <- s + network(rhs - H s)`, for as long as the residual falls. */
const refining =
  (propose: Propose): Inner =>
  (H, rhs) => {
    const n = rhs.length
    let s = propose(H, rhs)
    let [products, before] = [0, Number.POSITIVE_INFINITY]
    let best = s
    for (let k = 0; k <= mostRefinements; k++) {
      const r = new Float64Array(n)
      matvec(H, s, n, n, r)
      products++
      for (let i = 0; i < n; i++) r[i] = rhs[i]! - r[i]!
      const size = norm2(r) / norm2(rhs)
      if (!(size < before)) break
      best = s
      before = size
      if (size <= innerTolerance) break
      const correction = propose(H, r)
      s = s.map((value, i) => value + correction[i]!)
    }
    return { s: best, products }
  }

const innersOf = (propose: Propose): readonly (readonly [string, Inner])[] => [
  [names.classical, byCholesky],
  [names.cg, conjugate(null)],
  [names.raw, (H, rhs) => ({ s: propose(H, rhs), products: 0 })],
  [names.refined, refining(propose)],
  [names.started, conjugate(propose)]
]

// --- measuring -------------------------------------------------------------------------------------------------------

interface Measured {
  readonly p: number
  readonly method: string
  readonly results: readonly NewtonResult[]
  /** Milliseconds of a whole run, the mean. */
  readonly milliseconds: number
  /** Of the objective at the end, to the lowest that any method found. */
  readonly above: readonly number[]
}

const options = { iterations: 100, tolerance: 1e-6 }

const objectivesOf = (c: RowContext, o: Setting, p: number): readonly Objective[] =>
  Array.from({ length: c.quick ? 3 : 20 }, (_, k) =>
    drawObjective(F.newton({ sizes: o.n, p: [p] }), Key.fold(Key.fold(Key.fold(c.key, 'objective'), p), k), o.n)
  )

const measure = (
  objectives: readonly Objective[],
  p: number,
  inners: ReturnType<typeof innersOf>
): readonly Measured[] => {
  const runs = inners.map(([method, inner]) => {
    const start = performance.now()
    const results = objectives.map((objective) => minimise(objective, new Float64Array(objective.n), inner, options))
    return { p, method, results, milliseconds: (performance.now() - start) / objectives.length }
  })
  const least = objectives.map((_, k) => Math.min(...runs.map(({ results }) => results[k]!.objective)))
  return runs.map((run) => ({ ...run, above: run.results.map(({ objective }, k) => objective / least[k]! - 1) }))
}

/** Milliseconds of one inner system: by Cholesky, and by the network in float32, alone and as one of 64. */
const innerTimes = async (
  c: RowContext,
  o: Setting,
  trained: TrainedRun
): Promise<E.Either<string, readonly Timed[]>> =>
  withRuntime(async (runtime) => {
    const weighted = { name: 'network', model: trained.recipe.model, weights: trained.weights }
    const many = draw(newtonOf(o), Key.fold(c.key, 'times'), { n: o.n, batch: 64 })
    const one = part(many, 0, 1)
    const single = await compiled(weighted, runtime, { n: o.n, batch: 1 })
    if (E.isLeft(single)) return single
    const batched = await compiled(weighted, runtime, { n: o.n, batch: 64 })
    if (E.isLeft(batched)) return batched
    const data = singles({ A: one.A, b: one.b })
    const all = singles({ A: many.A, b: many.b })
    return E.right(
      await race(
        [
          { name: 'Cholesky in float64', run: () => byCholesky(one.A, one.b) },
          { name: 'network, one system', run: () => single.right.run(data, ['x'])() },
          { name: 'network, 64 systems', run: () => batched.right.run(all, ['x'])() }
        ],
        c.quick ? { rounds: 5, limit: 300 } : { rounds: 15, limit: 5000 }
      )
    )
  })

// --- claims ----------------------------------------------------------------------------------------------------------

const share = (results: readonly NewtonResult[]): number =>
  results.filter(({ status }) => status === 'converged').length / results.length

const claimsOf = (all: readonly Measured[], times: readonly Timed[]): readonly Claim[] => {
  const of = (method: string): readonly Measured[] => all.filter((m) => m.method === method)
  const total = (method: string): number => of(method).reduce((sum, m) => sum + m.milliseconds, 0)
  const mean = (method: string): string =>
    of(method)
      .map((m) => `p = ${m.p}: ${Math.round(100 * share(m.results))}%`)
      .join(', ')
  const ways = [names.raw, names.refined, names.started]
  const fastest = ways.reduce((p, q) => (total(q) < total(p) ? q : p))
  const [exact, alone, batch] = times.map(({ median }) => median) as [number, number, number]
  const products = (method: string): number =>
    middle(of(method).flatMap(({ results }) => results.map((r) => r.products)))
  const converged = (method: string): number => Math.min(...of(method).map((m) => share(m.results)))
  return [
    {
      claim: "With the network's steps Newton's method is about 4 times faster than classical Newton.",
      paper: 'about 4 times',
      ours: `${fastest}: ${(total(names.classical) / total(fastest)).toPrecision(2)} times the speed; one inner system takes ${e(exact)} ms by Cholesky, ${e(alone)} ms by the network in float32, ${e(batch / 64)} ms in a batch of 64`,
      verdict: total(names.classical) / total(fastest) > 3 ? 'reproduced' : 'not reproduced',
      note: 'The networks of whole runs are computed in float64 by plain JavaScript. What the classical solver of the paper is, and on what it ran, is not published.'
    },
    {
      claim: "The network's raw step leads Newton's method to the minimum.",
      paper: 'implied',
      ours: `gradient reduced by ${e(1 / options.tolerance)} in ${options.iterations} iterations: ${mean(names.raw)}`,
      verdict: converged(names.raw) === 1 ? 'reproduced' : 'not reproduced'
    },
    {
      claim: 'The refined step does.',
      paper: '-',
      ours: mean(names.refined),
      verdict: converged(names.refined) === 1 ? 'reproduced' : 'not reproduced'
    },
    {
      claim: "CG from the network's step takes fewer products than CG from zero.",
      paper: '-',
      ours: `${middle([products(names.started)]).toFixed(0)} against ${middle([products(names.cg)]).toFixed(0)} a run (medians)`,
      verdict: products(names.started) < products(names.cg) ? 'reproduced' : 'not reproduced'
    }
  ]
}

// --- showing ---------------------------------------------------------------------------------------------------------

const plot = (all: readonly Measured[]): Plot => ({
  name: 'newton',
  caption: 'The objective above the lowest one found, by iteration, for the first objective of every p.',
  spec: {
    width: 220,
    height: 220,
    data: {
      values: all.flatMap(({ p, method, results, above }) => {
        const { history, objective } = results[0]!
        const least = objective / (1 + above[0]!)
        return history.map((f, iteration) => ({ p, method, iteration, above: Math.max(f / least - 1, 1e-14) }))
      })
    },
    mark: { type: 'line', point: true },
    encoding: {
      column: { field: 'p', type: 'nominal' },
      x: { field: 'iteration', type: 'quantitative' },
      y: { field: 'above', type: 'quantitative', scale: { type: 'log' }, title: 'objective above the lowest' },
      color: { field: 'method', type: 'nominal', title: null, legend: { orient: 'bottom', columns: 3 } }
    }
  }
})

// --- the row ---------------------------------------------------------------------------------------------------------

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const o = settingOf(c)
  const family = newtonOf(o)
  const recipe = onNewton(o)
  const trained = await c.train(recipe, c.seed)
  if (E.isLeft(trained)) return trained
  const test = draw(family, Key.fold(c.key, 'test'), { n: o.n, batch: testSystems(c) })
  const answer = answering64(recipe.model, part(test, 0, 1))
  if (E.isLeft(answer)) return answer
  const propose: Propose = (H, rhs) =>
    answer.right(trained.right.weights, { n: o.n, batch: 1, A: H, b: rhs, x: new Float64Array(o.n) })
  const all: Measured[] = []
  for (const [k, p] of family.p.entries()) {
    c.progress(`Newton's method, p = ${p}`, k, family.p.length)
    all.push(...measure(objectivesOf(c, o, p), p, innersOf(propose)))
  }
  const times = await innerTimes(c, o, trained.right)
  if (E.isLeft(times)) return times
  const judged = await withRuntime((runtime) => judgeRuns(runtime, 'Algebraformer', [trained.right], test))
  if (E.isLeft(judged)) return judged
  const fitted = trainedOn(recipe, c.seed)
  if (fitted === null) throw new Error('internal: a recipe of a fixed set without one')
  const simple = competitors(fitted).map((f) => judgeAnswers(f.name, f.chosen, f.answer, test))
  return E.right({
    claims: claimsOf(all, times.right),
    tables: [
      {
        title: `Newton's method on ${all[0]!.results.length} objectives of every p: medians of iterations and of products with H, mean time`,
        columns: [
          'p',
          'inner solver',
          'converged',
          'iterations',
          'products',
          'milliseconds',
          'objective above the lowest (median)'
        ],
        rows: all.map((m) => [
          m.p,
          m.method,
          `${Math.round(100 * share(m.results))}%`,
          middle(m.results.map((r) => r.iterations)),
          middle(m.results.map((r) => r.products)),
          m.milliseconds,
          middle(m.above)
        ])
      },
      { title: 'Errors on inner systems', columns: errorColumns, rows: [judged.right, ...simple].map(errorCells) }
    ],
    plots: [plot(all)],
    backends: ['javascript float64', 'wasm float32'],
    recipes: [recipe.name],
    notes: [
      `${F.show(family)}; ${family.ratio} n rows, noise ${family.noise}; from zero, with a line search that halves. Inner systems are solved to a residual of ${innerTolerance} by CG and by refinement, of at most ${mostRefinements} passes.`,
      'A run ends without convergence where a step does not point down. The objective and its start, noise and line search are reconstructed; the paper gives the norm alone.'
    ]
  })
}

export const newtonRow: Row = {
  id: 'newton',
  title: "Newton's method for l_p norms",
  about:
    "Newton's method on `||M z - y||_p^p`, p = 3, 4 and 6, with inner systems solved by a Cholesky factorisation, by CG, by the network's raw " +
    'step, by its refined step, and by CG that starts from it.',
  trainings: (config, seed) => [{ recipe: onNewton(settingOf({ config })), seeds: [seed] }],
  run
}
