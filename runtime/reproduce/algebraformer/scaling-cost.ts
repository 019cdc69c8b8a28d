/** Time and memory of a forward pass and of a training step at one n. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { type Goal, plan as planFor } from '../../../codegen/compile'
import { peakBytes } from '../../../codegen/peak'
import type { Plan } from '../../../codegen/plan'
import { adam } from '../../../codegen/rules/optimiser'
import * as F from '../../../spec/family'
import { type Setting, sizedModel } from '../../../spec/zoo/algebraformer-recipes'
import type { Runtime } from '../../backends/runtime'
import * as Key from '../../random/key'
import { draw } from '../../sample/draw'
import { initialise } from '../../weights/initialise'
import { inferred, singles } from '../answers'
import { answerOperations, stepOperations } from '../cost'
import type { RowContext } from '../row'
import { race } from '../stopwatch'
import { settingOf } from './judged'

// --- model -----------------------------------------------------------------------------------------------------------

/** What a pass and a training step take at one size. */
export interface Cost {
  readonly n: number
  readonly forward: { readonly time: number; readonly bytes: number; readonly operations: number }
  readonly step: { readonly time: number; readonly bytes: number; readonly operations: number }
}

type Result<A> = E.Either<string, A>

/** Systems in one step that is timed. */
export const stepBatch = 8

// --- measuring -------------------------------------------------------------------------------------------------------

/** A program with its weights, ready for calls on a drawn batch. */
const prepared = async (
  runtime: Runtime,
  o: Setting,
  kind: Goal,
  n: number,
  batch: number
): Promise<
  Result<{ readonly plan: Plan; readonly call: () => Promise<void>; readonly close: () => Promise<void> }>
> => {
  const judged = inferred(sizedModel(o, n))
  if (E.isLeft(judged)) return judged
  const plan = planFor(runtime.target, kind, judged.right, { n, batch })
  if (E.isLeft(plan)) return plan
  const compiled = await runtime.compile(plan.right)()
  if (E.isLeft(compiled)) return E.left(compiled.left.message)
  const executable = compiled.right
  const weights = singles(initialise(judged.right, n, Key.key(2)))
  const state = Object.fromEntries(
    plan.right.inputs
      .filter(({ role }) => role === 'state')
      .map(({ name, dims }) => [
        name,
        new Float32Array(dims.reduce((p, q) => p * q, 1)).fill(name.startsWith('power') ? 1 : 0)
      ])
  )
  const loaded = executable.load({ ...weights, ...state })
  if (E.isLeft(loaded)) return E.left(loaded.left.message)
  const { A, b, x } = draw(F.diffusion({ sizes: n }), Key.key(1), { n, batch })
  const data = kind._tag === 'step' ? singles({ A, b, target: x, rate: Float64Array.of(1e-6) }) : singles({ A, b })
  const want = kind._tag === 'step' ? ['loss'] : ['x']
  return E.right({
    plan: plan.right,
    call: async () => {
      const ran = await executable.run(data, want)()
      if (E.isLeft(ran)) throw new Error(ran.left.message)
    },
    close: () => executable.dispose()
  })
}

export const costOf = async (c: RowContext, runtime: Runtime, n: number): Promise<Result<Cost>> => {
  const o = settingOf(c)
  const operations = pipe(
    inferred(sizedModel(o, n)),
    E.bindTo('typed'),
    E.bind('forward', ({ typed }) => answerOperations(typed, n)),
    E.bind('step', ({ typed }) => stepOperations(typed, { n, batch: stepBatch }))
  )
  if (E.isLeft(operations)) return operations
  const forward = await prepared(runtime, o, { _tag: 'forward' }, n, 1)
  if (E.isLeft(forward)) return forward
  const step = await prepared(runtime, o, { _tag: 'step', optimiser: adam }, n, stepBatch)
  if (E.isLeft(step)) return step
  const contestants = [
    { name: 'forward', run: forward.right.call },
    { name: 'step', run: step.right.call }
  ]
  const times = await race(contestants, c.quick ? { warmUp: 20, rounds: 5 } : {})
  await forward.right.close()
  await step.right.close()
  return E.right({
    n,
    forward: {
      time: times[0]!.median,
      bytes: peakBytes(forward.right.plan),
      operations: operations.right.forward
    },
    step: { time: times[1]!.median, bytes: peakBytes(step.right.plan), operations: operations.right.step }
  })
}
