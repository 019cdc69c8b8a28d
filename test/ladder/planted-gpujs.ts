/** Faults of gpu.js schedules: axes in the wrong order, turns of sums that are lost or counted twice. */
import type { Equations } from '../../codegen/equation'
import * as X from '../../codegen/expr'
import type { Plan } from '../../codegen/plan'
import type { Program } from '../../codegen/program'
import { schedule } from '../../codegen/schedule'
import { batchLast, reorder } from '../../codegen/schedules/axis-order'
import { print } from '../../codegen/targets/gpujs'
import { gpujs, gpujsWebasm, scheduleGpujs } from '../../codegen/targets/gpujs-schedule'
import { type Compiler, compiler } from '../../runtime/ladder/compiler'
import type { Planted } from './planted'

/** The same plan from equations that were put in order wrongly. */
const ordered = (f: (e: Equations) => Equations): Compiler => ({
  ...compiler,
  schedule: (target, sizes, e) => {
    if (target.name !== gpujsWebasm.name) return compiler.schedule(target, sizes, e)
    const plan = schedule(gpujs, sizes)(f(reorder(batchLast(e))(e)))
    if (plan._tag === 'Left') throw new Error(`internal: ${plan.left.reason}`)
    return { ...plan.right, target: gpujsWebasm.name }
  }
})

const changed =
  (ending: RegExp, f: (value: X.Expr) => X.Expr) =>
  (e: Equations): Equations => {
    const at = e.equations.findIndex((eq) => eq.rule === 'axis order' && ending.test(eq.defines))
    return { ...e, equations: e.equations.map((eq, k) => (k === at ? { ...eq, value: f(eq.value) } : eq)) }
  }

const ofSystem = (isBatch: (axis: number, rank: number) => boolean) =>
  X.mapReads((r) => ({ ...r, at: r.at.map((p, axis) => (isBatch(axis, r.at.length) ? X.position(0) : p)) }))

const printing = (f: (source: string) => string, make: (plan: Plan) => Program = (plan) => print(plan)): Compiler => ({
  ...compiler,
  printers: {
    gpujs: (plan) => {
      const made = make(plan)
      return { ...made, kernels: made.kernels.map((k) => ({ ...k, source: f(k.source) })) }
    }
  }
})

/** Sums by steps of three, however short they are. */
const stepped = (plan: Plan): Program =>
  print(plan, scheduleGpujs(plan, { sums: { _tag: 'unrolled', terms: 1, step: 3 } }))

/** Without a fault: what the others are judged against. */
export const soundSteps: Compiler = printing((s) => s, stepped)

export const plantedInGpujs: readonly Planted[] = [
  {
    name: 'data are put in order from the first system alone',
    where: 'schedule',
    compiler: () =>
      ordered(
        changed(
          /^A\b/,
          ofSystem((axis) => axis === 0)
        )
      )
  },
  {
    name: 'an answer is put back from the first system alone',
    where: 'schedule',
    compiler: () =>
      ordered(
        changed(
          /^x$/,
          ofSystem((axis, rank) => axis === rank - 1)
        )
      )
  },
  {
    name: 'the last turn of a sum is not written',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/ \+\n[^\n]*;\n/, ';\n'))
  },
  {
    name: 'a turn of a sum is written twice',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/(\n {4}[^\n]* \+)(\n)/, '$1$1$2'))
  },
  {
    name: 'steps overlap',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/\+= 3\)/g, '+= 2)'), stepped)
  },
  {
    name: 'what is left after the steps is forgotten',
    where: 'printer',
    compiler: () => printing((s) => s.replace(/(\n {2}\}\n) {2}acc \+= [^;]*;\n/g, '$1'), stepped)
  }
]
