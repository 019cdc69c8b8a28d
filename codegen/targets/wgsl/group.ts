/**
 * Launches that one dispatch can compute: those whose first axes are shared, so that every instance of these axes (a
 * system, a row of scores) needs nothing of another and its arrays can lie in workgroup memory.
 */
import * as X from '../../expr'
import type { Plan, PlanKernel } from '../../plan'
import { extentsOf, product } from './text'

// --- model -----------------------------------------------------------------------------------------------------------

/** How one dispatch computes a run of launches. */
export interface Fused {
  readonly _tag: 'fused'
  readonly first: number
  readonly last: number
  /** How many of the first axes are shared. */
  readonly depth: number
  /** Instances of the shared axes that one workgroup takes. */
  readonly per: number
  readonly width: number
  /** Arrays in workgroup memory, each with its slot there; those that are read outside are stored too. */
  readonly local: readonly { readonly name: string; readonly slot: number }[]
  /** Numbers of every slot, for one instance. */
  readonly slots: readonly number[]
  /** Inputs of the group that are copied to workgroup memory first. */
  readonly copies: readonly string[]
  /** Launches whose one number, a sum or a maximum, an instance's invocations find together. */
  readonly together: readonly number[]
  /** A barrier stands before each of these launches. */
  readonly barriers: readonly number[]
}

export const kernelAt = (plan: Plan, at: number): PlanKernel => {
  const kernel = plan.kernels[plan.launches[at]?.kernel ?? -1]
  if (kernel === undefined) throw new Error(`internal: launch ${at} has no kernel`)
  return kernel
}

/** The array that a kernel's label stands for at a launch. */
export const arrayOf = (plan: Plan, at: number, label: string): string => {
  const position = kernelAt(plan, at).parameters.findIndex((p) => p.label === label)
  const name = plan.launches[at]?.inputs[position]
  if (name === undefined) throw new Error(`internal: launch ${at} has no array ${label}`)
  return name
}

/** How a plan uses its arrays. */
export interface Uses {
  /** Whether something after a launch reads the array: another launch, or who asks for outputs. */
  readonly isReadAfter: (launch: number, name: string) => boolean
  /** Whether it is a parameter, state, or a view of these. */
  readonly isKept: (name: string) => boolean
}

export const usesOf = (plan: Plan): Uses => {
  const lasts = new Map<string, number>()
  for (const [at, launch] of plan.launches.entries()) for (const name of launch.inputs) lasts.set(name, at)
  for (const { name } of plan.outputs) lasts.set(name, plan.launches.length)
  for (const { output } of plan.updates) lasts.set(output, plan.launches.length)
  const kept = new Set(plan.inputs.flatMap((i) => (i.role === 'data' ? [] : [i.name])))
  for (const view of plan.views) if (kept.has(view.of)) kept.add(view.name)
  return { isReadAfter: (launch, name) => (lasts.get(name) ?? -1) > launch, isKept: (name) => kept.has(name) }
}

// --- which launches go together --------------------------------------------------------------------------------------

/** Whether every read of an array stands, in its first axes, at the shared indices. */
const readsOwn = (k: PlanKernel, label: string, depth: number): boolean =>
  X.reads(k.value).every(
    (r) =>
      r.tensor !== label ||
      k.over.slice(0, depth).every((i, axis) => {
        const p = r.at[axis]
        return p?._tag === 'index' && p.name === i.name
      })
  )

/** Whether launch `at` can join a group of launches that made these arrays and shares axes of these sizes. */
export const joins = (plan: Plan, made: ReadonlySet<string>, at: number, shared: readonly number[]): boolean => {
  const k = kernelAt(plan, at)
  const extents = extentsOf(plan, k.over.slice(0, shared.length))
  if (extents.length < shared.length || extents.some((size, axis) => size !== shared[axis])) return false
  return k.parameters.every(
    (p, position) => !made.has(plan.launches[at]?.inputs[position] ?? '') || readsOwn(k, p.label, shared.length)
  )
}

/** Whether an input of a group can be copied to workgroup memory: every instance reads its own part alone. */
export const isOwn = (plan: Plan, first: number, last: number, depth: number, name: string): boolean => {
  for (let at = first; at <= last; at++) {
    const k = kernelAt(plan, at)
    const reads = k.parameters.filter((_, position) => plan.launches[at]?.inputs[position] === name)
    if (reads.some((p) => p.axes.length < depth || !readsOwn(k, p.label, depth))) return false
  }
  return depth > 0
}

// --- sums that invocations share -------------------------------------------------------------------------------------

/** Terms from which on a sum of one number is worth sharing. */
const worthSharing = 32

/** Whether nothing but arithmetic stands around a part of an expression: it is computed whatever the indices are. */
export const isBare = (value: X.Expr, part: X.Expr): boolean =>
  value === part || (value._tag !== 'where' && X.parts(value).some((p) => isBare(p, part)))

/** The only sum or maximum of an expression, where nothing but arithmetic stands around it. */
export const soleReduction = (value: X.Expr): X.Reduction | null => {
  const [only, ...others] = X.reductions(value)
  return only !== undefined && others.length === 0 && isBare(value, only) ? only : null
}

/** The expression with something else in a part's place. */
export const withPart = (e: X.Expr, part: X.Expr, by: X.Expr): X.Expr =>
  e === part ? by : X.mapParts((p) => withPart(p, part, by))(e)

export const sharesSum = (plan: Plan, at: number, depth: number): boolean => {
  const k = kernelAt(plan, at)
  if (product(extentsOf(plan, k.over.slice(depth))) !== 1) return false
  const sum = soleReduction(k.value)
  return sum !== null && product(extentsOf(plan, sum.over)) >= worthSharing
}
