/** `ansatz evaluate`: how accurate the shipped models and the closed forms are. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import * as I from '../../../spec/infer'
import { choose } from '../../backends/choose'
import { open } from '../../backends/open'
import { type Accuracy, type Entrant, evaluate as measure } from '../../evaluate/evaluate'
import { closedForm } from '../../weights/closed-form'
import { step } from '../debug'
import { type Failure, fail, failure, type Outcome } from '../exit'
import { readCheckpoint, shippedFile, shippedNames } from '../model'
import { duration, say, sayJson, scientific, table } from '../print'
import { bar } from '../progress'

interface Options {
  readonly backend: string
  readonly systems: number
  readonly sizes: readonly number[]
  readonly kappa: number
  readonly seed: number
  readonly json?: boolean
}

// --- entrants --------------------------------------------------------------------------------------------------------

/** The condition number for which accuracies are promised. */
const promisedKappa = 5

const none: Entrant['bounds'] = { float32: null, float64: null }

/** What is promised at condition number 5, of every size. */
const promised: Readonly<Record<string, Entrant['bounds']>> = {
  'block-linear-2': { float32: 5e-7, float64: 5e-7 },
  'block-linear-3': { float32: 1e-11, float64: 3e-20 },
  'block-linear-3-blocks2': { float32: 1e-11, float64: 1e-21 },
  'closed form, 2 layers': { float32: 5e-5, float64: 5e-5 },
  'closed form, 3 layers': { float32: 1e-11, float64: 5e-15 }
}

const boundsOf = (name: string, kappa: number): Entrant['bounds'] =>
  kappa === promisedKappa ? (promised[name] ?? none) : none

const trained = async (kappa: number): Promise<E.Either<Failure, readonly Entrant[]>> => {
  const found: Entrant[] = []
  for (const name of await shippedNames()) {
    const checkpoint = await readCheckpoint(shippedFile(name))
    if (E.isLeft(checkpoint)) return checkpoint
    const { model, weights } = checkpoint.right
    const typed = I.infer(model)
    if (E.isLeft(typed)) return fail('model', I.show(typed.left))
    found.push({ name, typed: typed.right, weights, bounds: boundsOf(name, kappa) })
  }
  return E.right(found)
}

const depths = [1, 2, 3]

const closed = (kappa: number): E.Either<Failure, readonly Entrant[]> =>
  pipe(
    depths,
    E.traverseArray((layers) =>
      pipe(
        closedForm({ layers, kappa }),
        E.bindTo('made'),
        E.bind('typed', ({ made }) => pipe(I.infer(made.model), E.mapLeft(I.show))),
        E.map(({ made, typed }): Entrant => {
          const name = `closed form, ${layers} layer${layers === 1 ? '' : 's'}`
          return { name, typed, weights: made.weights, bounds: boundsOf(name, kappa) }
        })
      )
    ),
    E.mapLeft((message) => failure('usage', `--kappa: ${message}`))
  )

// --- the command -----------------------------------------------------------------------------------------------------

const heads = ['model', 'n', 'MSE, float32', 'MSE, float64', 'interpreter', 'CG equivalents', '']

const cells = (r: Accuracy): readonly string[] => [
  r.model,
  String(r.n),
  scientific(r.float32),
  scientific(r.float64),
  scientific(r.interpreter),
  Number.isNaN(r.cgSteps) ? 'more' : r.cgSteps.toFixed(1),
  r.ok ? (r.bounds.float32 === null ? '' : 'holds') : 'FAILS'
]

export const evaluate = async (model: string | undefined, o: Options): Promise<Outcome> =>
  model === undefined ? all(o) : (await import('./evaluate-own')).evaluateOwn(model, o)

const all = async (o: Options): Promise<Outcome> => {
  const ships = await trained(o.kappa)
  if (E.isLeft(ships)) return ships
  const forms = closed(o.kappa)
  if (E.isLeft(forms)) return forms
  const entrants = [...ships.right, ...forms.right]
  const wrong = (error: { readonly message: string }): Failure => failure('backend', error.message)
  const chosen = await step('choose a backend', choose(o.backend))
  if (E.isLeft(chosen)) return E.left(wrong(chosen.left))
  const opened = await open(chosen.right)()
  if (E.isLeft(opened)) return E.left(wrong(opened.left))
  const runtime = opened.right
  const began = Date.now()
  const progress = await bar('measuring')
  let done = 0
  const rows = await measure(entrants, runtime, {
    ...o,
    onAccuracy: (row) => progress.update(++done, entrants.length * o.sizes.length, `${row.model}, n = ${row.n}`)
  })
  progress.stop()
  await runtime.close()
  if (E.isLeft(rows)) return fail('backend', rows.left)
  const failed = rows.right.filter((r) => !r.ok)
  if (o.json === true) {
    const { systems, kappa, seed } = o
    sayJson({ backend: runtime.backend, adapter: runtime.adapter, systems, kappa, seed, rows: rows.right })
  } else {
    say(
      `Mean square error of x over ${o.systems} random systems of condition number ${o.kappa}, x ~ N(0, I), seed ${o.seed}`
    )
    say(
      `float32: the tokens on ${runtime.backend} (${runtime.adapter}), unrefined; float64: the same equations in plain JavaScript;`
    )
    say(
      'interpreter: how far that is from the layer interpreter, relative, on 8 systems; CG equivalents: steps of conjugate\ngradients in float64 that are as accurate as the float64 model\n'
    )
    const sorted = entrants.flatMap((e) => rows.right.filter((r) => r.model === e.name)).map(cells)
    const named = sorted.map((row, k) => (k > 0 && sorted[k - 1]?.[0] === row[0] ? ['', ...row.slice(1)] : row))
    say(table([heads, ...named], [1, 2, 3, 4, 5]))
    const promises = rows.right.filter((r) => r.bounds.float32 !== null).length
    say(`\n${promises - failed.length} of ${promises} promised accuracies hold; ${duration(Date.now() - began)}`)
  }
  return E.right(failed.length === 0 ? 'done' : 'rung')
}
