/** `ansatz check`: the agreement ladder on models and one backend. */
import path from 'node:path'

import * as E from 'fp-ts/Either'

import type * as I from '../../../spec/infer'
import { catalogue } from '../../../spec/zoo/catalogue'
import { choose } from '../../backends/choose'
import { open } from '../../backends/open'
import { deviceOf } from '../../ladder/backend-device'
import { check as climb } from '../../ladder/check'
import { type Row, type RungName, rungs } from '../../ladder/rung'
import { step } from '../debug'
import { type Failure, failing, type Outcome } from '../exit'
import { type Found, findModel, shippedFile, shippedNames } from '../model'
import { duration, say, sayJson, scientific, table } from '../print'
import { bar } from '../progress'

interface Options {
  readonly backend: string
  readonly sizes: readonly number[]
  readonly batches: readonly number[]
  readonly seed: number
  readonly verbose?: boolean
  readonly stock?: boolean
  readonly unfused?: boolean
  readonly json?: boolean
}

// --- models ----------------------------------------------------------------------------------------------------------

const closedForms: readonly string[] = [1, 2, 3, 4].map((layers) => `closed-form-${layers}-kappa-5`)

/** The models with the sizes that each fits, all judged before anything runs. */
const climbers = async (names: readonly string[], sizes: readonly number[]) => {
  const made: { readonly found: Found; readonly sizes: readonly number[] }[] = []
  for (const name of names) {
    const found = await findModel(name, { weights: false })
    if (E.isLeft(found)) return found
    const fitting: number[] = []
    for (const n of sizes) {
      const typed = found.right.typed(n)
      if (E.isLeft(typed)) return typed
      const size = typed.right.n ?? n
      if (!fitting.includes(size)) fitting.push(size)
    }
    made.push({ found: found.right, sizes: fitting })
  }
  return E.right(made)
}

/** Trained weights of an architecture stand beside its random ones. */
const label = (found: Found): string =>
  found.checkpoint === null ? found.name : `${path.basename(found.name, '.safetensors')} (trained)`

const judged = (typed: E.Either<Failure, I.Typed>): I.Typed => {
  if (E.isLeft(typed)) throw new Error(`internal: ${typed.left.message}`)
  return typed.right
}

// --- tables ----------------------------------------------------------------------------------------------------------

const ratio = (r: Row): number => (r.fault === undefined ? r.error / r.bound : Number.POSITIVE_INFINITY)

/** The row that is nearest to its bound, or beyond it. */
const worst = (rows: readonly Row[]): Row =>
  rows.reduce((p, q) => (!q.ok && p.ok ? q : p.ok === q.ok && !(ratio(q) <= ratio(p)) ? q : p))

const grouped = (rows: readonly Row[]): readonly (readonly Row[])[] => {
  const groups = new Map<string, Row[]>()
  for (const r of rows) groups.set(`${r.model} ${r.rung}`, [...(groups.get(`${r.model} ${r.rung}`) ?? []), r])
  return [...groups.values()]
}

const cells = (r: Row, cases: string): readonly string[] => [
  r.model,
  r.rung,
  cases,
  r.fault === undefined ? scientific(r.error) : '',
  r.fault === undefined ? scientific(r.bound) : '',
  r.ok ? 'holds' : 'FAILS',
  r.fault ?? r.what
]

const heads = ['model', 'rung', 'n x batch', 'worst error', 'bound', '', 'where it is worst']

const textOf = (rows: readonly Row[], verbose: boolean): string => {
  const body = verbose
    ? rows.map((r) => cells(r, `${r.n} x ${r.batch}`))
    : grouped(rows).map((own) => {
        const at = worst(own)
        return cells(at, `${at.n} x ${at.batch} of ${own.length}`)
      })
  // A model's name stands once, above its rungs.
  const named = body.map((row, k) => (k > 0 && body[k - 1]?.[0] === row[0] ? ['', ...row.slice(1)] : row))
  return table([heads, ...named], [3, 4])
}

// --- the command -----------------------------------------------------------------------------------------------------

export const check = async (names: readonly string[], o: Options): Promise<Outcome> => {
  const all =
    names.length > 0 ? names : [...Object.keys(catalogue), ...closedForms, ...(await shippedNames()).map(shippedFile)]
  const made = await climbers(all, o.sizes)
  if (E.isLeft(made)) return made
  const chosen = await step('choose a backend', choose(o.backend))
  if (E.isLeft(chosen)) return E.left(failing('backend', (e: { readonly message: string }) => e.message)(chosen.left))
  const opened = await open(chosen.right, { stock: o.stock === true, fused: o.unfused !== true })()
  if (E.isLeft(opened)) return E.left(failing('backend', (e: { readonly message: string }) => e.message)(opened.left))
  const runtime = opened.right
  const began = Date.now()
  const progress = await bar('climbing')
  const perCase = Object.keys(rungs).length
  const total = made.right.reduce((sum, m) => sum + m.sizes.length * o.batches.length * perCase, 0)
  const rows: Row[] = []
  try {
    for (const { found, sizes } of made.right) {
      const typed = (n: number): I.Typed => judged(found.typed(n))
      const own = { batches: o.batches, seed: o.seed, sizes }
      await step(`climb with ${found.name}`, () =>
        climb({ typed, weights: null, ...found.frozen }, deviceOf(runtime), {
          ...own,
          onRow: (row) => {
            rows.push({ ...row, model: label(found) })
            progress.update(rows.length, total, found.name)
          }
        })
      )
    }
  } finally {
    progress.stop()
    await runtime.close()
  }
  const failed = rows.filter((r) => !r.ok)
  if (o.json === true) {
    sayJson({
      backend: runtime.backend,
      adapter: runtime.adapter,
      seed: o.seed,
      holds: rows.length - failed.length,
      fails: failed.length,
      rungs,
      rows
    })
  } else {
    say(`The agreement ladder on ${runtime.backend} (${runtime.adapter}), seed ${o.seed}\n`)
    say(textOf(rows, o.verbose === true))
    say('')
    const used = new Set(rows.map((r) => r.rung))
    say(
      table(
        Object.entries(rungs)
          .filter(([name]) => used.has(name as RungName))
          .map(([name, about]) => [name, about])
      )
    )
    say(`\n${rows.length - failed.length} hold, ${failed.length} fail; ${duration(Date.now() - began)}`)
  }
  return E.right(failed.length === 0 ? 'done' : 'rung')
}
