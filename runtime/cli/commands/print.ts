/** `ansatz print`: a model as each phase of the compiler has it. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { Goal } from '../../../codegen/compile'
import { lowerTo, plan as makePlan } from '../../../codegen/compile'
import { adam } from '../../../codegen/rules/optimiser'
import type { Target } from '../../../codegen/schedule'
import { dataOf as planData, shownTargets, showPhase } from '../../../codegen/show'
import type { Typed } from '../../../spec/infer'
import * as Json from '../../../spec/json'
import * as Tree from '../../../spec/tree'
import { type Failure, fail, failure, type Outcome } from '../exit'
import { findModel } from '../model'
import { say, sayJson } from '../print'
import { type Shown, showSpecialised, specialised, specialisedJson } from './print-specialised'

interface Options {
  readonly phase: 'tree' | 'equations' | 'plan' | 'schedule' | 'kernels' | 'specialised'
  readonly goal: 'forward' | 'vjp' | 'gradient' | 'step'
  readonly n: number
  readonly batch: number
  readonly rhs: number
  readonly target: string
  readonly interval?: readonly number[]
  readonly json?: boolean
}

/** A phase that every model has, with or without weights. */
type Phase = Exclude<Options['phase'], 'specialised'>

const goalOf = (goal: Options['goal']): Goal =>
  goal === 'step' ? { _tag: 'step', optimiser: { ...adam, clip: 1 } } : { _tag: goal }

/** The command line refuses other names. */
const targetOf = (o: Options): Target => {
  const found = shownTargets.find(({ name }) => name === o.target)
  if (found === undefined) throw new Error(`internal: no target ${o.target}`)
  return found
}

const textOf = (typed: Typed, phase: Phase, o: Options): E.Either<string, string> =>
  phase === 'tree'
    ? E.right(Tree.showTyped(typed))
    : showPhase(phase, goalOf(o.goal), typed, { n: o.n, batch: o.batch }, targetOf(o))

/** The phase as data: a spec, equations, a plan or a program. */
const dataOf = (typed: Typed, phase: Phase, o: Options): E.Either<string, unknown> => {
  const made = makePlan(targetOf(o), goalOf(o.goal), typed, { n: o.n, batch: o.batch })
  switch (phase) {
    case 'tree':
      return E.right(Json.encode(typed.model))
    case 'equations':
      return E.right(lowerTo(goalOf(o.goal), typed))
    case 'plan':
      return made
    case 'schedule':
    case 'kernels':
      return pipe(
        made,
        E.map((p) => planData(phase, targetOf(o), p))
      )
  }
}

const printSpecialised = async (name: string, o: Options): Promise<Outcome> =>
  E.map((shown: Shown) => {
    if (o.json === true) sayJson(specialisedJson(shown))
    else say(showSpecialised(shown))
    return 'done' as const
  })(await specialised(name, o))

export const print = async (name: string, o: Options): Promise<Outcome> => {
  const { phase } = o
  if (phase === 'specialised') return printSpecialised(name, o)
  if (o.interval !== undefined) return fail('usage', '--interval: only --phase specialised has an interval')
  const found = await findModel(name, { weights: false })
  if (E.isLeft(found)) return found
  const typed = found.right.typed(o.n)
  if (E.isLeft(typed)) return typed
  // A model that is made for one n is shown for that n.
  const sized = { ...o, n: typed.right.n ?? o.n }
  const wrong = (message: string): Failure => failure('model', message)
  return pipe(
    o.json === true ? dataOf(typed.right, phase, sized) : textOf(typed.right, phase, sized),
    E.bimap(wrong, (shown) => {
      if (typeof shown === 'string') say(shown)
      else sayJson(shown)
      return 'done' as const
    })
  )
}
