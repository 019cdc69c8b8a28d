/** Figure 3: the time that a batch of systems takes, by size, for networks, classical solvers and one product `A A^T`. */
import * as E from 'fp-ts/Either'

import * as F from '../../../spec/family'
import { blockLinear } from '../../../spec/zoo/block-linear'
import { isBackendName } from '../../backends/error'
import { open } from '../../backends/open'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Sample } from '../../sample/sample'
import { initialise } from '../../weights/initialise'
import { specialise } from '../../weights/specialise'
import { inferred, part, shippedModel, type Weighted } from '../answers'
import type { Cell, Row, RowContext, RowResult } from '../row'
import { method, race, type TimeOptions } from '../stopwatch'
import { best, type Cells, claimsOf, lazy, literalPaper, literalShipped } from './figure-3-claims'
import { classical, type Entrant, network, network64, type Prepared, productOn } from './timed'

// --- entrants --------------------------------------------------------------------------------------------------------

const kappa = 5

interface Models {
  readonly paper: Weighted
  readonly shipped: Weighted
  readonly polynomial: Weighted
  readonly products: number
}

/** Times do not depend on what the weights are, so the paper's convention runs with small random ones. */
const models = async (key: Key.Key): Promise<E.Either<string, Models>> => {
  const model = blockLinear({ layers: 3, identityBlocks: 3, allOnes: true, query: 'paper', bScale: null })
  const typed = inferred(model)
  if (E.isLeft(typed)) return typed
  const drawn = initialise(typed.right, 1, key)
  const weights = Object.fromEntries(Object.entries(drawn).map(([name, a]) => [name, a.map((v) => 0.01 * v)]))
  const shipped = await shippedModel('block-linear-3')
  if (E.isLeft(shipped)) return shipped
  const special = specialise({ ...shipped.right, low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) })
  if (E.isLeft(special)) return special
  return E.right({
    paper: { name: literalPaper, model, weights },
    shipped: shipped.right,
    polynomial: { name: lazy, model: special.right.model, weights: special.right.weights },
    products: special.right.weights['chebyshev.coefficients']!.length - 1
  })
}

const entrants = (m: Models, runtimes: readonly Runtime[]): readonly Entrant[] => [
  ...runtimes.flatMap((runtime) =>
    [true, false].flatMap((transfer) => [
      network(literalPaper, m.paper, runtime, transfer),
      network(literalShipped, m.shipped, runtime, transfer),
      network(lazy, m.polynomial, runtime, transfer),
      productOn(runtime, transfer)
    ])
  ),
  network64(literalPaper, m.paper),
  network64(literalShipped, m.shipped),
  network64(lazy, m.polynomial),
  ...classical
]

// --- timing ----------------------------------------------------------------------------------------------------------

interface Budget {
  readonly batch: number
  /** Milliseconds that one call may take. */
  readonly call: number
  readonly time: TimeOptions
}

const full: Budget = { batch: 1000, call: 400, time: { rounds: 9, warmUp: 100, sample: 5, limit: 20_000 } }
const quick: Budget = { batch: 50, call: 40, time: { rounds: 5, warmUp: 10, sample: 1, limit: 2000 } }

/** The largest part of a batch whose call fits, by a trial with a hundredth of it. */
const fitting = async (
  e: Entrant,
  systems: Sample,
  budget: Budget
): Promise<E.Either<string, Prepared & { readonly batch: number }>> => {
  const few = Math.max(1, Math.floor(budget.batch / 100))
  const trial = await e.prepare(part(systems, 0, few))
  if (E.isLeft(trial)) return trial
  let each: number
  try {
    const times: number[] = []
    for (let k = 0; k < 4; k++) {
      const start = performance.now()
      await trial.right.call()
      times.push(performance.now() - start)
    }
    each = Math.min(...times) / few
  } finally {
    await trial.right.close()
  }
  let why = ''
  for (const batch of new Set([budget.batch, Math.floor(budget.batch / 10), few])) {
    if (batch > few && each * batch > budget.call) continue
    const made = await e.prepare(part(systems, 0, batch))
    if (E.isRight(made)) return E.right({ ...made.right, batch })
    why = made.left
  }
  return E.left(why)
}

const timeSize = async (
  list: readonly Entrant[],
  systems: Sample,
  budget: Budget,
  gaps: string[],
  onRound: (done: number, of: number) => void
): Promise<readonly Cells[]> => {
  const able: { readonly e: Entrant; readonly ready: Prepared & { readonly batch: number } }[] = []
  for (const e of list) {
    const ready = await fitting(e, systems, budget)
    if (E.isRight(ready)) able.push({ e, ready: ready.right })
    else gaps.push(`${e.what} on ${e.backend} at N = ${systems.n} was not timed: ${ready.left}.`)
  }
  try {
    const contestants = able.map(({ e, ready }) => ({ name: e.what, run: ready.call }))
    const times = await race(contestants, { ...budget.time, onRound })
    return able.map(({ e, ready }, k): Cells => {
      const scale = budget.batch / ready.batch
      const { median, lower, upper } = times[k]!
      const { what, backend, transfer } = e
      const [low, high] = [scale * lower, scale * upper]
      return {
        what,
        backend,
        transfer,
        n: systems.n,
        batch: ready.batch,
        median: scale * median,
        lower: low,
        upper: high
      }
    })
  } finally {
    for (const { ready } of able) await ready.close()
  }
}

// --- the row ---------------------------------------------------------------------------------------------------------

const lines = [literalPaper, literalShipped, lazy, ...new Set(classical.map((c) => c.what))]

const plotOf = (cells: readonly Cells[], sizes: readonly number[], batch: number): RowResult['plots'][number] => ({
  name: 'figure-3',
  caption: `Time for ${batch} systems by size; each line on its fastest backend.`,
  spec: {
    data: {
      values: sizes.flatMap((n) =>
        lines.flatMap((what) => {
          const c = best(cells, what, n)
          return c === null ? [] : [{ n, what, ms: c.median, kind: what.startsWith('BLOCK') ? 'network' : 'classical' }]
        })
      )
    },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'n', type: 'quantitative', scale: { type: 'log', base: 2 }, title: 'unknowns N' },
      y: { field: 'ms', type: 'quantitative', scale: { type: 'log' }, title: `milliseconds for ${batch} systems` },
      color: { field: 'what', type: 'nominal', title: null, sort: lines },
      strokeDash: { field: 'kind', type: 'nominal', title: null, sort: ['network', 'classical'] }
    }
  }
})

const openAll = async (names: readonly string[]): Promise<readonly Runtime[]> => {
  const runtimes: Runtime[] = []
  for (const name of names) {
    const opened = isBackendName(name) ? await open(name)() : null
    if (opened !== null && E.isRight(opened)) runtimes.push(opened.right)
  }
  return runtimes
}

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const made = await models(Key.fold(c.key, 'weights'))
  if (E.isLeft(made)) return made
  const budget = c.quick ? quick : full
  const sizes = c.quick ? [2, 8] : [2, 4, 8, 16, 32, 64, 128]
  const runtimes = await openAll(c.backends)
  const list = entrants(made.right, runtimes)
  const [cells, gaps]: [Cells[], string[]] = [[], []]
  try {
    for (const [k, n] of sizes.entries()) {
      const systems = draw(F.spd({ kappa, sizes: n }), Key.fold(c.key, n), { n, batch: budget.batch })
      const onRound = (done: number, of: number) => c.progress(`N = ${n}, round ${done} of ${of}`, k, sizes.length)
      onRound(0, budget.time.rounds ?? 0)
      cells.push(...(await timeSize(list, systems, budget, gaps, onRound)))
    }
  } finally {
    for (const runtime of runtimes) await runtime.close()
  }
  const rows = sizes.flatMap((n) => {
    const exact = Math.min(...['Cholesky', 'LU'].map((what) => best(cells, what, n)?.median ?? Infinity))
    return cells
      .filter((e) => e.n === n)
      .map((e): readonly Cell[] => {
        const there = e.transfer === null ? '-' : e.transfer ? 'handed over' : 'there'
        return [n, e.what, e.backend, there, e.batch, e.median, e.lower, e.upper, e.median / exact]
      })
  })
  const columns = ['N', 'what', 'backend', 'A', 'systems in a call', 'median', 'lower', 'upper', 'of the exact']
  return E.right({
    claims: claimsOf(cells, sizes, made.right.products),
    tables: [{ title: `Milliseconds for ${budget.batch} systems, with quartiles`, columns, rows }],
    plots: [plotOf(cells, sizes, budget.batch)],
    backends: [...runtimes.map((r) => `${r.backend} float32 (${r.adapter})`), 'javascript float64'],
    recipes: ['block-linear-3'],
    notes: [
      method(budget.time),
      'float64 is plain JavaScript in the same process; the other backends compute in float32. "handed over": A and b go to ' +
        'the backend with every call and x comes back; "there": A was put there before, b goes and x comes back. For `A A^T` ' +
        'the result comes back where A is handed over, and one number a system where it is not.',
      `Where a call would take more than ${budget.call} ms or 1 GiB it has fewer systems, and its time is scaled up.`,
      '"of the exact": relative to the fastest of Cholesky and LU. In float64 these, and CG, are loops over typed arrays without ' +
        'allocation, straight-line code where N is small; on wasm, Cholesky and CG are our own WebAssembly in float32, four ' +
        'systems in the lanes of a vector. No process here has a faster classical solver.',
      ...gaps
    ]
  })
}

export const figure3: Row = {
  id: 'figure-3',
  title: 'Figure 3: time by size',
  about:
    'The time for a batch of systems by N: BLOCK with three layers as literal tokens (the paper: three identity blocks, 82 ' +
    'scalars a layer; shipped: one identity block, ten scalars a layer) and lazily, as the polynomial in A that the shipped ' +
    'weights amount to; CG with 6, 8 and N iterations (never more than N); Cholesky and LU; and one product `A A^T`, below which no layer can go.',
  run
}
