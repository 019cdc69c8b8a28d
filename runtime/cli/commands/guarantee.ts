/** `ansatz guarantee`: the theorem of a frozen network, and the theorem put to the test. */
import * as E from 'fp-ts/Either'

import { type Claimed, campaign, type Observed } from '../../guarantee/campaign'
import { type Form, formsOf, lines, plain } from '../../guarantee/statement'
import { type Failure, fail, type Outcome } from '../exit'
import { findModel, shippedNames } from '../model'
import { duration, say, sayJson, scientific, table } from '../print'
import { bar } from '../progress'

interface Options {
  readonly interval?: readonly number[]
  readonly systems: number
  readonly seed: number
  readonly json?: boolean
}

type Result<A> = E.Either<Failure, A>

/** A network's forms with their theorems, and what testing them showed. */
interface Shown {
  readonly name: string
  readonly forms: readonly Form[]
  readonly observed: readonly Observed[]
}

// --- one model -------------------------------------------------------------------------------------------------------

/** The largest condition number of the systems that a model is meant for as an interval, or the one asked for. */
const intervalOf = (kappa: number, given: readonly number[] | undefined): Result<{ low: number; high: number }> => {
  if (given === undefined) return E.right({ low: 2 / (1 + kappa), high: (2 * kappa) / (1 + kappa) })
  const [low, high] = given
  return low !== undefined && high !== undefined && given.length === 2
    ? E.right({ low, high })
    : fail('usage', `--interval: expected two numbers, such as 0.3,1.7, found ${given.length}`)
}

const claimsOf = (forms: readonly Form[]): readonly Claimed[] =>
  forms.map(({ form, model, weights, guarantee }) => ({ form, model, weights, guarantee }))

const prove = async (name: string, o: Options): Promise<Result<readonly Form[]>> => {
  const found = await findModel(name, { weights: true })
  if (E.isLeft(found)) return found
  const { frozen } = found.right
  const typed = found.right.typed(2)
  if (E.isLeft(typed)) return typed
  if (frozen === null) {
    return fail('model', `${name} has no weights: only a trained network has a guarantee; try a shipped checkpoint`)
  }
  const interval = intervalOf(frozen.kappa, o.interval)
  if (E.isLeft(interval)) return interval
  const forms = formsOf({ model: typed.right.model, weights: frozen.weights, ...interval.right })
  return E.isLeft(forms) ? fail('model', `${name}: ${forms.left}`) : forms
}

const test = async (name: string, forms: readonly Form[], o: Options): Promise<Result<readonly Observed[]>> => {
  if (o.systems === 0) return E.right([])
  const progress = await bar('testing')
  const result = await campaign({
    claims: claimsOf(forms),
    systems: o.systems,
    seed: o.seed,
    onProgress: (done, total) => progress.update(done, total, name)
  })
  progress.stop()
  return E.isLeft(result) ? fail('backend', result.left) : result
}

// --- text ------------------------------------------------------------------------------------------------------------

const observedTable = (observed: readonly Observed[]): string =>
  table(
    [
      ['  form', 'systems', 'violations', 'largest error', 'at n', 'of kind', 'bound / error, least'],
      ...observed.map((r) => [
        `  ${r.form}`,
        String(r.systems),
        String(r.violations.length),
        r.largest.toExponential(6),
        String(r.n),
        r.kind,
        r.tightest.toFixed(6)
      ])
    ],
    [1, 2, 3, 4, 6]
  )

const violationLines = (observed: readonly Observed[]): readonly string[] =>
  observed.flatMap(({ form, violations }) =>
    violations
      .slice(0, 5)
      .map((v) => `  VIOLATED by ${form}: n = ${v.n}, ${v.kind}, system ${v.system}: ${v.ratio} > ${v.bound}`)
  )

const show = ({ name, forms, observed }: Shown, ms: number): void => {
  say(
    `${name}\n${lines(forms)
      .map((line) => `  ${line}`)
      .join('\n')}`
  )
  if (observed.length > 0) {
    say(`\n  Tested, float64 (${duration(ms)}):\n${observedTable(observed)}`)
    for (const line of violationLines(observed)) say(line)
  }
  const worst = forms[0]?.guarantee.peaks
    .slice(0, 5)
    .map((p) => `${p.lambda.toPrecision(6)} (${scientific(p.residual)})`)
  say(`\n  Adversarial eigenvalues: ${worst?.join(', ') ?? 'none'}\n`)
}

// --- the command -----------------------------------------------------------------------------------------------------

export const guarantee = async (name: string | undefined, o: Options): Promise<Outcome> => {
  const names = name === undefined ? await shippedNames() : [name]
  const shown: Shown[] = []
  for (const each of names) {
    const forms = await prove(each, o)
    if (E.isLeft(forms)) return forms
    const began = Date.now()
    const observed = await test(each, forms.right, o)
    if (E.isLeft(observed)) return observed
    const one: Shown = { name: each, forms: forms.right, observed: observed.right }
    shown.push(one)
    if (o.json !== true) show(one, Date.now() - began)
  }
  if (o.json === true) {
    sayJson(shown.map((s) => ({ name: s.name, seed: o.seed, forms: s.forms.map(plain), observed: s.observed })))
  }
  const violated = shown.some(({ observed }) => observed.some((r) => r.violations.length > 0))
  return E.right(violated ? 'rung' : 'done')
}
