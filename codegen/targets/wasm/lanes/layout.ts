/** Where everything lies in the memory of a module of small systems. */
import type { Plan } from '../../../plan'
import type { Role } from '../../../program'
import { allot } from '../../../slots'
import type { Stages } from './stages'

// --- model -----------------------------------------------------------------------------------------------------------

/** The systems that share a vector. */
export const lanes = 4

/** An array that goes in or out: `elements` numbers of every system, or of all together where it is no batch. */
export interface LanesPort {
  readonly name: string
  readonly role: Role
  /** Of one system, where it is a batch. */
  readonly dims: readonly number[]
  readonly elements: number
  readonly batched: boolean
  /** Bytes from the start of memory; systems stand one behind the other. */
  readonly address: number
}

/** Bytes of a group's inputs: within the second-level cache of any core. */
const groupBytes = 2 ** 17

// --- memory ----------------------------------------------------------------------------------------------------------

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** Addresses one after the other, each a multiple of sixteen. */
const memory = () => {
  let next = 16
  return {
    take: (bytes: number): number => {
      const at = next
      next += 16 * Math.ceil(bytes / 16)
      return at
    },
    end: (): number => next
  }
}

/** Where everything lies. */
export interface Layout {
  /** Arrays of launches, by name; those of every system hold four of them, in lanes. */
  readonly addresses: ReadonlyMap<string, number>
  /** Totals in the making, in lanes, by the array they become. */
  readonly totals: ReadonlyMap<string, { readonly address: number; readonly elements: number }>
  readonly mask: number
}

const batchOf = ({ sizes }: Plan): number => sizes['batch'] ?? 1

export const layOut = (plan: Plan, { stages, batched }: Stages, wanted?: number) => {
  const space = memory()
  const addresses = new Map<string, number>()
  const totals = new Map<string, { readonly address: number; readonly elements: number }>()
  const batch = batchOf(plan)
  for (const i of plan.inputs) if (!batched.has(i.name)) addresses.set(i.name, space.take(4 * product(i.dims)))
  for (const v of plan.views) addresses.set(v.name, (addresses.get(v.of) ?? Number.NaN) + 4 * v.offset)
  for (const [at, b] of plan.buffers.entries()) {
    if (stages[at] === 'systems') continue
    addresses.set(b.name, space.take(4 * b.elements))
    if (stages[at] === 'total') {
      totals.set(b.name, { address: space.take(16 * b.elements), elements: b.elements })
    }
  }
  const mask = space.take(16)
  const first = space.end()
  const inputs = plan.inputs.filter((i) => batched.has(i.name))
  const perSystem = (dims: readonly number[]): number => product(dims) / batch
  for (const i of inputs) addresses.set(i.name, space.take(16 * perSystem(i.dims)))
  const small = plan.buffers.flatMap((b, at) =>
    stages[at] === 'systems' ? [{ ...b, elements: b.elements / batch }] : []
  )
  const slots = allot(small)
  const starts = slots.elements.map((elements) => space.take(16 * elements))
  for (const [k, b] of small.entries()) addresses.set(b.name, starts[slots.of[k] as number] as number)
  const scratch = space.end() - first

  const bytes = inputs.reduce((sum, i) => sum + 4 * perSystem(i.dims), 0)
  const fitting = lanes * Math.max(1, Math.floor(groupBytes / Math.max(1, lanes * bytes)))
  const group = wanted ?? Math.min(fitting, lanes * Math.ceil(batch / lanes))
  const port = (name: string, role: Role, dims: readonly number[], isBatched: boolean): LanesPort => {
    const elements = isBatched ? perSystem(dims) : product(dims)
    // Blocks of four elements may be read beyond the last.
    const address = isBatched ? space.take(4 * group * elements + 16) : (addresses.get(name) as number)
    return { name, role, dims: isBatched ? dims.slice(1) : dims, elements, batched: isBatched, address }
  }
  const ins = plan.inputs.map((i) => port(i.name, i.role, i.dims, batched.has(i.name)))
  const outs = plan.outputs.map((o) => {
    const launch = plan.launches.findIndex((l) => l.output === o.name)
    return port(o.name, 'data', o.dims, stages[launch] === 'systems')
  })
  return { layout: { addresses, totals, mask }, inputs: ins, outputs: outs, group, scratch, bytes: space.end() + 16 }
}
