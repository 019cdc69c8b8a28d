/**
 * What the compiler makes of a model, as text for the eye: the derivation, the schedule and the kernels.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Sizes } from '../spec/dim'
import type { Typed } from '../spec/infer'
import { type CompileError, type Goal, plan } from './compile'
import type { Target } from './schedule'
import { showEquations } from './show/equations'
import { showKernels } from './show/kernels'
import { showPlan } from './show/plan'
import { showSchedule } from './show/schedule'
import { gpujs, print } from './targets/gpujs'

export { showEquations } from './show/equations'
export { showKernels } from './show/kernels'
export { columns, showPlan } from './show/plan'

/** The phases of the compiler that have a text. */
export type Phase = 'equations' | 'plan' | 'schedule' | 'kernels'

/** A phase of the compiler on a model, for a gpu.js target; the equations need no sizes. */
export const showPhase = (
  phase: Phase,
  goal: Goal,
  typed: Typed,
  sizes: Sizes,
  target: Target = gpujs
): E.Either<CompileError, string> => {
  if (phase === 'equations') return E.right(showEquations(typed))
  return pipe(
    plan(target, goal, typed, sizes),
    E.map((p) => (phase === 'plan' ? showPlan(p) : phase === 'schedule' ? showSchedule(p) : showKernels(p, print(p))))
  )
}
