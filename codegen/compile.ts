/**
 * The whole compiler, one arrow after another:
 *
 *     Typed --lower--> Equations --optimise--> Equations --schedule--> Plan --print--> Program
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Sizes } from '../spec/dim'
import type { Typed } from '../spec/infer'
import type { Equations } from './equation'
import * as lower from './lower'
import { optimise } from './optimise'
import type { Plan } from './plan'
import type { Program } from './program'
import { manyRightHandSides } from './right-hand-sides'
import type { Optimiser } from './rules/optimiser'
import { schedule, type Target } from './schedule'
import { gpujs, print as printGpujs } from './targets/gpujs'
import { type JavaScriptProgram, javascript, print as printJavaScript } from './targets/javascript'
import * as verify from './verify'

/**
 * What is computed: the answer, those to `rhs` right-hand sides of every matrix, the answer's VJP, one system's Jacobian
 * rows, the loss's gradient, a whole step, or an update.
 */
export type Goal =
  | { readonly _tag: 'forward' }
  | { readonly _tag: 'forwardMany' }
  | { readonly _tag: 'vjp' }
  | { readonly _tag: 'jacobian' }
  | { readonly _tag: 'gradient' }
  | { readonly _tag: 'step'; readonly optimiser: Optimiser }
  | { readonly _tag: 'update'; readonly optimiser: Optimiser }

export const lowerTo = (goal: Goal, typed: Typed): Equations => {
  switch (goal._tag) {
    case 'forward':
      return lower.forward(typed)
    case 'forwardMany':
      return manyRightHandSides(lower.forward(typed))
    case 'vjp':
      return lower.vjp(typed, { perSystem: false })
    case 'jacobian':
      return lower.vjp(typed, { perSystem: true })
    case 'gradient':
      return lower.gradient(typed)
    case 'step':
      return lower.step(typed, goal.optimiser)
    case 'update':
      return lower.update(typed, goal.optimiser)
  }
}

/** A fault of the compiler's own phases, or a limit of the target that was not met; a sentence. */
export type CompileError = string

/** Lowered, optimised and verified. */
export const equations = (goal: Goal, typed: Typed): E.Either<CompileError, Equations> =>
  pipe(optimise(lowerTo(goal, typed)), E.mapLeft(verify.show))

export const plan = (target: Target, goal: Goal, typed: Typed, sizes: Sizes): E.Either<CompileError, Plan> =>
  typed.n !== null && sizes['n'] !== typed.n
    ? E.left(`${typed.model.name} fits systems of n = ${typed.n} only, not n = ${sizes['n']}`)
    : pipe(
        equations(goal, typed),
        E.chain((e) =>
          pipe(
            schedule(target, sizes)(e),
            E.mapLeft((error) => error.reason)
          )
        )
      )

export const toGpujs = (goal: Goal, typed: Typed, sizes: Sizes): E.Either<CompileError, Program> =>
  pipe(plan(gpujs, goal, typed, sizes), E.map(printGpujs))

export const toJavaScript = (goal: Goal, typed: Typed, sizes: Sizes): E.Either<CompileError, JavaScriptProgram> =>
  pipe(plan(javascript, goal, typed, sizes), E.map(printJavaScript))
