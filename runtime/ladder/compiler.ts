/**
 * The compiler as the ladder sees it: its arrows as fields, so that a test can plant a fault in any one of them.
 */
import type { Goal } from '../../codegen/compile'
import { lowerTo } from '../../codegen/compile'
import type { Equations } from '../../codegen/equation'
import { optimise } from '../../codegen/optimise'
import type { Plan } from '../../codegen/plan'
import type { Printers } from '../../codegen/printers'
import { schedule, type Target } from '../../codegen/schedule'
import { type JavaScriptProgram, javascript, print as printJavaScript } from '../../codegen/targets/javascript'
import * as verify from '../../codegen/verify'
import type { Sizes } from '../../spec/dim'
import type { Typed } from '../../spec/infer'

export interface Compiler {
  readonly lower: (goal: Goal, typed: Typed) => Equations
  readonly optimise: (e: Equations) => Equations
  readonly schedule: (target: Target, sizes: Sizes, e: Equations) => Plan
  /** Printers that stand in for a target's own. */
  readonly printers: Partial<Printers>
  readonly printJavaScript: (plan: Plan) => JavaScriptProgram
}

/** A phase that gave no result: the sentence says which and why. */
export class PhaseFault extends Error {}

export const compiler: Compiler = {
  lower: lowerTo,
  optimise: (e) => {
    const made = optimise(e)
    if (made._tag === 'Left') throw new PhaseFault(verify.show(made.left))
    return made.right
  },
  schedule: (target, sizes, e) => {
    const made = schedule(target, sizes)(e)
    if (made._tag === 'Left') throw new PhaseFault(made.left.reason)
    return made.right
  },
  printers: {},
  printJavaScript
}

/** Lowering and optimising do not depend on sizes: each program of a model is made once. */
export const remembering = (own: Compiler): Compiler => {
  const lowered = new Map<string, Equations>()
  const optimised = new Map<Equations, Equations>()
  return {
    ...own,
    lower: (goal, typed) => {
      const key = JSON.stringify([goal, typed.model])
      const made = lowered.get(key) ?? own.lower(goal, typed)
      lowered.set(key, made)
      return made
    },
    optimise: (e) => {
      const made = optimised.get(e) ?? own.optimise(e)
      optimised.set(e, made)
      return made
    }
  }
}

export { javascript }
