/**
 * The schedule of small systems, as far as it is about order: a loop over groups of systems outside, all launches inside,
 * and the arrays between them no larger than one group. Which launches run once before the systems, which for every four
 * of them, which add to totals over all, and which run once behind.
 */
import * as E from 'fp-ts/Either'

import type * as Dim from '../../../../spec/dim'
import * as X from '../../../expr'
import type { Plan, PlanKernel } from '../../../plan'

export type Stage = 'before' | 'systems' | 'total' | 'after'

export interface Stages {
  /** By launch, in order. */
  readonly stages: readonly Stage[]
  /** Inputs that have numbers of their own for every system. */
  readonly batched: ReadonlySet<string>
}

// --- axes ------------------------------------------------------------------------------------------------------------

export const isBatch = (d: Dim.Dim | undefined): boolean =>
  d !== undefined && d.terms.length === 1 && d.terms[0]?.coefficient === 1 && d.terms[0].symbols.join() === 'batch'

const mentionsBatch = (d: Dim.Dim): boolean => d.terms.some((t) => t.symbols.includes('batch'))

/** A kernel that adds up systems: its sum without the systems, and their index. */
export const totalOf = (k: PlanKernel): { readonly systems: X.Index; readonly each: X.Expr } | null => {
  const { value } = k
  if (value._tag !== 'sum' || isBatch(k.over[0]?.dim)) return null
  const systems = value.over.find((i) => isBatch(i.dim))
  if (systems === undefined) return null
  return {
    systems,
    each: X.sum(
      value.over.filter((i) => i !== systems),
      value.body
    )
  }
}

/** The functions that an expression takes and lanes do not have. */
const specials = (e: X.Expr): readonly X.Special[] => [
  ...(e._tag === 'exp' || e._tag === 'erf' || e._tag === 'tanh' ? [e._tag] : []),
  ...X.parts(e).flatMap(specials)
]

/** Why a kernel cannot run on four systems by themselves, or null. */
const obstacle = (k: PlanKernel): string | null => {
  const total = totalOf(k)
  const [first, ...rest] = total === null ? k.over : [total.systems, ...k.over]
  const value = total === null ? k.value : total.each
  const batched = isBatch(first?.dim)
  const inside = X.reductions(value).flatMap((r) => r.over)
  if ([...(batched ? rest : k.over), ...inside].some((i) => mentionsBatch(i.dim))) {
    return `${k.name} reads several systems at once`
  }
  if (k.parameters.some(({ axes }) => axes.some((d, axis) => mentionsBatch(d) && !(axis === 0 && isBatch(d))))) {
    return `${k.name} reads an array whose systems are no axis of its own`
  }
  const special = specials(value)[0]
  if (special !== undefined) return `${k.name} takes ${special}`
  const labels = new Set(k.parameters.filter((p) => isBatch(p.axes[0])).map((p) => p.label))
  const own = (p: X.Position | undefined): boolean => batched && p?._tag === 'index' && p.name === first?.name
  const astray = X.reads(value).find((r) => labels.has(r.tensor) && !own(r.at[0]))
  return astray === undefined ? null : `${k.name} reads ${astray.tensor} of another system`
}

// --- stages ----------------------------------------------------------------------------------------------------------

/** The stages of a plan's launches; `Left` says what does not fit. */
export const stagesOf = (plan: Plan): E.Either<string, Stages> => {
  const unfit = (reason: string): E.Either<string, never> =>
    E.left(`${plan.name} does not run as a loop over groups of systems: ${reason}`)
  const reason = plan.kernels.map(obstacle).find((r) => r !== null)
  if (reason !== undefined && reason !== null) return unfit(reason)
  const late = new Set<string>()
  const stages: Stage[] = []
  for (const launch of plan.launches) {
    const k = plan.kernels[launch.kernel] as PlanKernel
    const waits = launch.inputs.find((name) => late.has(name))
    if (isBatch(k.over[0]?.dim)) {
      if (waits !== undefined) return unfit(`${k.name} needs ${waits}, a total over all systems`)
      stages.push('systems')
      continue
    }
    const total = totalOf(k) !== null
    if (total && waits !== undefined) return unfit(`${k.name} needs ${waits}, a total over all systems`)
    if (total || waits !== undefined) late.add(launch.output)
    stages.push(total ? 'total' : waits === undefined ? 'before' : 'after')
  }
  const batched = new Set(
    plan.launches.flatMap(({ kernel, inputs }) =>
      inputs.filter((_, place) => isBatch(plan.kernels[kernel]?.parameters[place]?.axes[0]))
    )
  )
  const given = new Set(plan.inputs.map((i) => i.name))
  const through = plan.outputs.find((o) => given.has(o.name) && batched.has(o.name))
  return through === undefined ? E.right({ stages, batched }) : unfit(`it hands ${through.name} back as it is`)
}
