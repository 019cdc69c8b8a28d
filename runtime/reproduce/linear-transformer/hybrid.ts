/** Hybrids, honestly: what a network saves or costs when it starts, preconditions or replaces conjugate gradients. */
import * as E from 'fp-ts/Either'

import * as F from '../../../spec/family'
import { isBackendName } from '../../backends/error'
import { open } from '../../backends/open'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import type { Sample } from '../../sample/sample'
import { specialise } from '../../weights/specialise'
import { part, shippedModel } from '../answers'
import type { Cell, Row, RowContext, RowResult } from '../row'
import { method, race, type TimeOptions } from '../stopwatch'
import { claimsOf, isHybrid, type Measured, type Setting, tolerance } from './hybrid-claims'
import { apply64, cholesky, flexible, type Method, type Polynomial, plainCg, warmStart } from './hybrid-methods'
import { cg32, cholesky32, network32, network64, refined } from './refinement'

// --- settings --------------------------------------------------------------------------------------------------------

/** Networks by the condition number that they are made for. */
const networks: Readonly<Record<number, readonly string[]>> = {
  5: ['block-linear-2', 'block-linear-3'],
  100: ['block-linear-4-universal']
}

const settings = (quick: boolean): readonly Setting[] =>
  [5, 100].flatMap((kappa) =>
    quick
      ? [
          { n: 9, kappa, batch: 20 },
          { n: 32, kappa, batch: 4 }
        ]
      : [
          { n: 9, kappa, batch: 1 },
          { n: 9, kappa, batch: 1000 },
          { n: 32, kappa, batch: 1 },
          { n: 32, kappa, batch: 1000 },
          { n: 128, kappa, batch: 1 },
          { n: 128, kappa, batch: 100 },
          { n: 512, kappa, batch: 1 },
          { n: 512, kappa, batch: 8 }
        ]
  )

const polynomial = async (name: string, kappa: number): Promise<E.Either<string, Polynomial>> => {
  const w = await shippedModel(name)
  if (E.isLeft(w)) return w
  const special = specialise({ ...w.right, low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) })
  if (E.isLeft(special)) return special
  const { model, weights } = special.right
  return E.right({ name, model, weights, degree: weights['chebyshev.coefficients']!.length - 1 })
}

// --- measuring -------------------------------------------------------------------------------------------------------

const methodsFor = async (
  systems: Sample,
  list: readonly Polynomial[],
  runtime: Runtime
): Promise<E.Either<string, readonly Method[]>> => {
  const plain = plainCg(systems, tolerance)
  // Two passes of half the steps, and a few more for what a new start loses.
  const half = Math.ceil((plain?.iterations ?? 2 * systems.n) / 2) + 2
  const found: (Method | null)[] = [
    cholesky(systems),
    plain,
    await refined(systems, cholesky32(systems), tolerance),
    await refined(systems, cg32(systems, half), tolerance)
  ]
  const oneByOne = flexible(systems, null, tolerance)
  if (E.isLeft(oneByOne)) return oneByOne
  found.push(oneByOne.right)
  for (const p of list) {
    const double = apply64(p, systems)
    if (E.isLeft(double)) return double
    found.push(await warmStart(systems, p, double.right, tolerance))
    const preconditioned = flexible(systems, p, tolerance)
    if (E.isLeft(preconditioned)) return preconditioned
    found.push(preconditioned.right)
    found.push(await refined(systems, network64(p, systems.n, double.right), tolerance))
    const single = await network32(p, runtime, systems)
    if (E.isLeft(single)) return single
    found.push(await refined(systems, single.right, tolerance))
  }
  return E.right(found.filter((m) => m !== null))
}

const measure = async (
  setting: Setting,
  systems: Sample,
  list: readonly Polynomial[],
  runtime: Runtime,
  time: TimeOptions
): Promise<E.Either<string, readonly Measured[]>> => {
  const methods = await methodsFor(systems, list, runtime)
  if (E.isLeft(methods)) return methods
  try {
    const times = await race(methods.right, time)
    return E.right(
      methods.right.map(({ run: _, close: __, ...counted }, k): Measured => {
        const { median, lower, upper } = times[k]!
        return { ...setting, method: counted, median, lower, upper }
      })
    )
  } finally {
    for (const { close } of methods.right) await close()
  }
}

// --- the row ---------------------------------------------------------------------------------------------------------

const labelOf = ({ method: m }: Measured): string => (m.network === null ? m.name : `${m.name} (${m.network})`)

const tableRows = (all: readonly Measured[]): readonly (readonly Cell[])[] =>
  all.map((m) => {
    const { iterations, products, flops, residual } = m.method
    const rivals = all.filter((q) => !isHybrid(q) && q.n === m.n && q.kappa === m.kappa && q.batch === m.batch)
    const bestTime = Math.min(...rivals.map((q) => q.median))
    const counts = [iterations, products, Math.round(flops), residual]
    return [m.kappa, m.n, m.batch, labelOf(m), ...counts, m.median, m.lower, m.upper, m.median / bestTime]
  })

const run = async (c: RowContext): Promise<E.Either<string, RowResult>> => {
  const name = c.backends[0] ?? 'cpu'
  const opened = isBackendName(name) ? await open(name)() : null
  if (opened === null || E.isLeft(opened)) return E.left(`hybrid: backend ${name} does not open`)
  const runtime = opened.right
  const time: TimeOptions = c.quick
    ? { rounds: 5, warmUp: 5, sample: 0.5, limit: 500 }
    : { rounds: 9, warmUp: 100, sample: 5, limit: 8000 }
  const [all, lost]: [Measured[], string[]] = [[], []]
  try {
    const chosen = settings(c.quick)
    for (const [k, setting] of chosen.entries()) {
      const { n, kappa, batch } = setting
      c.progress(`N = ${n}, kappa ${kappa}, batch ${batch}`, k, chosen.length)
      const list: Polynomial[] = []
      for (const network of networks[kappa] ?? []) {
        const p = await polynomial(network, kappa)
        if (E.isLeft(p)) return p
        list.push(p.right)
      }
      const most = Math.max(...chosen.filter((s) => s.n === n).map((s) => s.batch))
      const drawn = draw(F.spd({ kappa, sizes: n }), Key.fold(Key.fold(c.key, n), kappa), { n, batch: most })
      const found = await measure(setting, part(drawn, 0, batch), list, runtime, time)
      if (E.isLeft(found)) return found
      all.push(...found.right)
      const missing = 5 + 4 * list.length - found.right.length
      if (missing > 0)
        lost.push(`${missing} methods did not reach ${tolerance} at N = ${n}, kappa ${kappa}, batch ${batch}.`)
    }
  } finally {
    await runtime.close()
  }
  const panels = Object.entries(networks).flatMap(([kappa, names]) =>
    names.map((network) => ({ kappa: Number(kappa), network, title: `kappa ${kappa}, ${network}` }))
  )
  const columns = ['kappa', 'N', 'batch', 'method', 'iterations or passes', 'products', 'flops a system', 'residual']
  const largest = all.filter((m) => all.every((q) => q.n !== m.n || q.kappa !== m.kappa || q.batch <= m.batch))
  return E.right({
    claims: claimsOf(all),
    tables: [
      {
        title: `To a relative residual of ${tolerance}: steps, cost, and milliseconds for the batch`,
        columns: [...columns, 'median', 'lower', 'upper', 'of the best classical'],
        rows: tableRows(all)
      }
    ],
    plots: [
      {
        name: 'hybrid',
        caption: `Products with A to a relative residual of ${tolerance}, by size; Cholesky takes none.`,
        spec: {
          data: {
            values: panels.flatMap((panel) =>
              largest
                .filter((m) => m.kappa === panel.kappa && [null, panel.network].includes(m.method.network))
                .filter(
                  (m) =>
                    m.method.products !== null &&
                    m.method.name !== 'CG, one by one' &&
                    !m.method.name.startsWith('CG in float32')
                )
                .map(({ n, method: { name: own, products } }) => ({ n, panel: panel.title, method: own, products }))
            )
          },
          facet: { column: { field: 'panel', type: 'nominal', title: null, sort: panels.map((p) => p.title) } },
          spec: {
            width: 260,
            height: 280,
            mark: { type: 'line', point: true },
            encoding: {
              x: {
                field: 'n',
                type: 'quantitative',
                scale: { type: 'log', base: 2 },
                axis: { values: [9, 32, 128, 512] },
                title: 'unknowns N'
              },
              y: { field: 'products', type: 'quantitative', scale: { type: 'log', domainMin: 5 }, title: 'products' },
              color: {
                field: 'method',
                type: 'nominal',
                title: null,
                legend: { orient: 'bottom', columns: 3 }
              }
            }
          }
        }
      }
    ],
    backends: ['javascript float64', `${name} float32`],
    recipes: ['block-linear-2', 'block-linear-3', 'block-linear-4-universal'],
    notes: [
      method(time),
      'Batches go in lockstep: as many steps as the hardest system needs, a number that CG and the networks alike are told ' +
        'beforehand. Preconditioned CG runs one system after the other and stops each by its own residual ("CG, one by one" ' +
        'is plain CG by that code).',
      'Classical solvers stand here in float64 JavaScript and, compiled to WebAssembly as the networks are, in float32 with ' +
        'float64 residuals: Cholesky factors anew in every pass, CG takes half the steps that it would need in one go, and ' +
        'two. Both put four systems in the lanes of a vector, of which a batch of one leaves three empty.',
      'Networks run as the polynomials that they are, the right-hand side of a float32 one at norm one; products count those ' +
        'inside the network and those of residuals. A flop count leaves out all but products for networks.',
      ...lost
    ]
  })
}

export const hybrid: Row = {
  id: 'hybrid',
  title: 'Beyond the paper: hybrids with CG, honestly',
  about:
    'The network starts CG, preconditions flexible CG (Notay 2000), or is iterated with a float64 residual, beside CG and ' +
    `Cholesky, all to a relative residual of ${tolerance}; spectra are known to lie in the network's window, which a user ` +
    'would have to find out first.',
  run
}
