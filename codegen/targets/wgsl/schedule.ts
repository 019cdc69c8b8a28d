/**
 * The WGSL schedule: which launches one dispatch computes, and how. A small model of a graphics processor prices the ways,
 * and the cheapest sequence wins.
 */
import * as X from '../../expr'
import type { Plan } from '../../plan'
import { arrange, bindings, padded } from './arrange'
import { type Fused, joins, kernelAt, sharesSum, type Uses, usesOf } from './group'
import type { Limits } from './program'
import { extentsOf, product } from './text'
import { extended, type Tiled, tilesOf } from './tiles'

// --- model -----------------------------------------------------------------------------------------------------------

/** One invocation an element of the output. */
export interface Elements {
  readonly _tag: 'elements'
  readonly launch: number
}

/** How one dispatch computes one launch or several. */
export type Step = Elements | Tiled | Fused

export type Schedule = readonly Step[]

/** What may be asked of a schedule, for experiments: without a wish, the cheaper way is taken. */
export interface Wishes {
  /** Launches of several in one dispatch: wherever they can, or nowhere. */
  readonly fuse?: 'always' | 'never'
  /** Contractions through workgroup memory: wherever they can, or nowhere. */
  readonly tile?: 'always' | 'never'
}

/**
 * A graphics processor for pricing, in nanoseconds: a large one of 2023, whose kernels without tiles reach some 4e12
 * operations a second, reads counted, and with tiles 1e13 multiply-adds. Half as many invocations take as long for half the
 * work, so `lanes` is how many it takes to be limited by throughput rather than by waiting.
 */
const machine = {
  lanes: 1 << 14,
  /** A dispatch that waits for the one before it. */
  dispatch: 4000,
  barrier: 100,
  /** One operation of one invocation, or one read. */
  operation: 4,
  /** One multiply-add where a tile in registers and workgroup memory feeds it. */
  tiled: 1.25
} as const

// --- prices ----------------------------------------------------------------------------------------------------------

/** Operations of one element. */
const operations = (plan: Plan, e: X.Expr): number => {
  const inner = X.parts(e).reduce((total, p) => total + operations(plan, p), 0)
  switch (e._tag) {
    case 'exp':
    case 'erf':
    case 'tanh':
      return inner + 20
    case 'number':
    case 'extent':
      return 0
    case 'sum':
    case 'max':
      return product(extentsOf(plan, e.over)) * (inner + 1)
    default:
      return inner + 1
  }
}

/** What pricing asks of every launch again and again. */
interface Fact {
  readonly extents: readonly number[]
  readonly operations: number
  /** Where a group's invocations would find its one number together: with this many shared axes. */
  readonly together: readonly boolean[]
}

const factOf =
  (plan: Plan) =>
  (_: unknown, at: number): Fact => {
    const k = kernelAt(plan, at)
    return {
      extents: extentsOf(plan, k.over),
      operations: operations(plan, k.value),
      together: [...k.over.keys(), k.over.length].map((depth) => sharesSum(plan, at, depth))
    }
  }

const elementsPrice = ({ extents, operations }: Fact): number =>
  machine.dispatch + Math.max(1, product(extents) / machine.lanes) * operations * machine.operation

const tiledPrice = (tiled: Tiled): number => {
  const lanes = Math.min(machine.lanes, tiled.groups * tiled.width)
  return machine.dispatch + (tiled.padded / lanes) * machine.tiled
}

/** What a launch adds to a group that shares its first axes. */
const fusedPrice = ({ extents, operations, together }: Fact, depth: number): number => {
  const instances = product(extents.slice(0, depth))
  const own = product(extents.slice(depth))
  const isTogether = together[depth] === true
  const lanes = Math.min(machine.lanes, instances * Math.min(256, isTogether ? 256 : own))
  return (instances * own * operations * machine.operation) / lanes + machine.barrier * (isTogether ? 10 : 1)
}

// --- the cheapest sequence -------------------------------------------------------------------------------------------

interface Way {
  readonly price: number
  readonly from: number
  readonly step: () => Step | null
}

/** What every dispatch costs beside its price: nothing, or so much that the fewest dispatches win. */
const surcharge = (wishes: Wishes): number => (wishes.fuse === 'always' ? 1e12 : 0)

/** Launch `at` by itself. */
const single = (plan: Plan, fact: Fact, at: number, limits: Limits, wishes: Wishes): { price: number; step: Step } => {
  const elements = { price: elementsPrice(fact), step: { _tag: 'elements', launch: at } as Step }
  if (wishes.tile === 'never') return elements
  const tiled = tilesOf(plan, at, limits)
  if (tiled === null) return elements
  const price = tiledPrice(tiled)
  return wishes.tile === 'always' || price < elements.price ? { price, step: tiled } : elements
}

interface Group {
  readonly last: number
  readonly depth: number
  readonly price: number
}

/** The groups that begin with a launch, by shared axes and length, each with its price. */
const groupsFrom = (
  plan: Plan,
  uses: Uses,
  facts: readonly Fact[],
  first: number,
  limits: Limits
): readonly Group[] => {
  const found: Group[] = []
  const { extents } = facts[first] as Fact
  for (let depth = 0; depth <= extents.length; depth++) {
    const shared = extents.slice(0, depth)
    let price: number = machine.dispatch
    const made = new Set<string>()
    const kept = new Set<string>()
    const others = new Set<string>()
    for (let last = first; last < plan.launches.length && joins(plan, made, last, shared); last++) {
      const fact = facts[last] as Fact
      const { inputs, output } = plan.launches[last] as Plan['launches'][number]
      for (const name of inputs) if (!made.has(name)) (uses.isKept(name) ? kept : others).add(name)
      made.add(output)
      // What a group reads from outside only grows with it, however much of what it makes stays inside.
      if (others.size + Math.min(1, kept.size) > limits.storageBuffers) break
      if (last > first && product(padded(fact.extents.slice(depth))) > limits.workgroupBytes / 4) break
      price += fusedPrice(fact, depth)
      if (last > first || fact.together[depth] === true) found.push({ last, depth, price })
    }
  }
  return found
}

/** How every launch of the plan is computed, in order. */
export const scheduleWgsl = (plan: Plan, limits: Limits, wishes: Wishes = {}): Schedule => {
  const count = plan.launches.length
  const uses = usesOf(plan)
  const facts = plan.launches.map(factOf(plan))
  const best: (Way | undefined)[] = [{ price: 0, from: 0, step: () => null }]
  const offer = (at: number, way: Way): void => {
    const known = best[at]
    if (known === undefined || way.price < known.price) best[at] = way
  }
  for (let first = 0; first < count; first++) {
    const before = best[first]
    if (before === undefined) throw new Error(`internal: no way to launch ${first}`)
    const own = single(plan, facts[first] as Fact, first, limits, wishes)
    const price = before.price + own.price + surcharge(wishes)
    offer(first + 1, { price, from: first, step: () => own.step })
    if (wishes.fuse === 'never') continue
    if (own.step._tag === 'tiled') {
      for (const step of extended(plan, uses, own.step, limits))
        offer(step.last + 1, { price, from: first, step: () => step })
    }
    for (const { last, depth, price } of groupsFrom(plan, uses, facts, first, limits)) {
      const cost = before.price + price + surcharge(wishes)
      if (best[last + 1] !== undefined && (best[last + 1] as Way).price <= cost) continue
      if (bindings(plan, uses, first, last).fewest > limits.storageBuffers) continue
      const fused = arrange(plan, uses, first, last, depth, limits)
      if (fused !== null) offer(last + 1, { price: cost, from: first, step: () => fused })
    }
  }
  const steps: Step[] = []
  for (let at = count; at > 0; at = best[at]?.from ?? 0) {
    const step = best[at]?.step()
    if (step !== null && step !== undefined) steps.unshift(step)
  }
  return steps
}
