/** What regions cost, counted in operations, and which of them are worth dealing out to threads. */
import type { Plan, PlanLaunch } from '../plan'
import { inPlace } from './in-place'
import type { Node, Region } from './node'
import * as N from './node'

const turns = (loops: readonly { readonly size: number }[]): number => loops.reduce((total, l) => total * l.size, 1)

/** Operations of one evaluation; a function without an instruction counts as many as its polynomial has. */
const operations = (n: Node): number => {
  const inner = N.parts(n).reduce((total, part) => total + operations(part), 0)
  switch (n._tag) {
    case 'number':
    case 'read':
      return inner
    case 'reduce':
      return turns(n.over) * (inner + 1)
    case 'add':
    case 'multiply':
      return inner + n.of.length - 1
    case 'divide':
    case 'largest':
    case 'where':
      return inner + 1
    case 'apply':
      return inner + 20
  }
}

export const workOf = (r: Region): number => turns(r.loops) * (operations(r.value) + 1)

/** A region of fewer operations takes less time than threads take to meet. */
export const leastWork = 200_000
/** A program of fewer is over before another thread has woken. */
export const leastProgram = 8_000_000

/** Arrays as stretches of memory: two launches that touch one of them, and not both as readers, must not overlap in time. */
export interface Touches {
  readonly reads: readonly string[]
  readonly writes: string
}

/** Names that stand for memory: buffers that share a slot are one, views and updates in place are their inputs. */
export const memoryOf = (plan: Plan): ((name: string) => string) => {
  const updates = inPlace(plan)
  const slots = new Map(plan.buffers.map((b) => [b.name, `slot ${b.slot}`]))
  const views = new Map(plan.views.map((v) => [v.name, v.of]))
  return (name) => updates.get(name) ?? slots.get(name) ?? views.get(name) ?? name
}

export const touches = (l: PlanLaunch, memory: (name: string) => string): Touches => ({
  reads: l.inputs.map(memory),
  writes: memory(l.output)
})

export const collide = (p: Touches, q: Touches): boolean =>
  p.writes === q.writes || p.reads.includes(q.writes) || q.reads.includes(p.writes)
