/**
 * What the compiler makes of a model, as text for the eye: the derivation, the schedule and the kernels.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import type { Sizes } from '../spec/dim'
import type { Typed } from '../spec/infer'
import { type CompileError, type Goal, plan } from './compile'
import type { Plan } from './plan'
import type { Target } from './schedule'
import { scheduleFor } from './schedules/schedule'
import { showEquations } from './show/equations'
import { showKernels } from './show/kernels'
import { showPlan } from './show/plan'
import { showSchedule } from './show/schedule'
import { showLanesSchedule } from './show/schedule-lanes'
import { showWasmModule, showWasmSchedule } from './show/schedule-wasm'
import { showWgslSchedule } from './show/schedule-wgsl'
import { gpujs, print } from './targets/gpujs'
import { gpujsTargets, scheduleGpujs } from './targets/gpujs-schedule'
import { asGroups } from './targets/wasm/lanes/choose'
import type { LanesProgram } from './targets/wasm/lanes/program'
import type { Module } from './targets/wasm/module'
import { print as printWasm, wasm } from './targets/wasm/print'
import { print as printWgsl, wgsl } from './targets/wgsl'
import { guaranteed } from './targets/wgsl/program'
import { scheduleWgsl } from './targets/wgsl/schedule'

export { showEquations } from './show/equations'
export { showKernels } from './show/kernels'
export { columns, showPlan } from './show/plan'

/** The phases of the compiler that have a text. */
export type Phase = 'equations' | 'plan' | 'schedule' | 'kernels'

/** A schedule or kernels, for the eye and as data. */
interface Shown {
  readonly text: (plan: Plan) => string
  readonly data: (plan: Plan) => unknown
}

type Shows = Readonly<Record<'schedule' | 'kernels', Shown>>

const gpujsShows: Shows = {
  schedule: {
    text: showSchedule,
    data: (p) => scheduleGpujs(p).map((own, at) => ({ kernel: p.kernels[at]?.name, ...own }))
  },
  kernels: { text: (p) => showKernels(p, print(p)), data: print }
}

/** The wasm target runs batches of small systems as a loop over groups of them, all else launch by launch. */
const inGroups = <A>(plan: Plan, yes: (program: LanesProgram) => A, no: (plan: Plan) => A): A => {
  const program = asGroups(plan)
  return program === null ? no(plan) : yes(program)
}

const wasmModule = (plan: Plan): Module =>
  inGroups(
    plan,
    ({ module }) => module,
    (p) => printWasm(p).module
  )

const shows: Readonly<Record<string, Shows>> = {
  [wasm.name]: {
    schedule: {
      text: (p) => inGroups(p, showLanesSchedule, showWasmSchedule),
      data: (p) =>
        inGroups<unknown>(
          p,
          ({ schedule: { kernels, stages }, group }) => ({
            group,
            stages,
            kernels: kernels.map(({ name, tile, cycles }) => ({ name, tile, cycles }))
          }),
          () => scheduleFor(p).kernels
        )
    },
    kernels: {
      text: (p) => showWasmModule(wasmModule(p)),
      data: wasmModule
    }
  },
  [wgsl.name]: {
    schedule: { text: showWgslSchedule, data: (p) => scheduleWgsl(p, guaranteed) },
    kernels: {
      text: (p) =>
        printWgsl(p)
          .kernels.map((k) => k.source)
          .join('\n\n'),
      data: (p) => printWgsl(p)
    }
  }
}

const showsOf = (target: Target): Shows => shows[target.name] ?? gpujsShows

/** A plan's schedule or kernels as data, by its target. */
export const dataOf = (phase: 'schedule' | 'kernels', target: Target, plan: Plan): unknown =>
  showsOf(target)[phase].data(plan)

/** The targets whose plans, schedules and kernels have texts. */
export const shownTargets: readonly Target[] = [...gpujsTargets, wasm, wgsl]

/** A phase of the compiler on a model, for a target; the equations need no sizes. */
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
    E.map((p) => (phase === 'plan' ? showPlan(p) : showsOf(target)[phase].text(p)))
  )
}
