/** Where the arrays of a plan lie in the memory of a loop over groups of systems. */
import type { Plan } from '../../../plan'
import { allot } from '../../../slots'
import { batchPort, groupFor, type LanesPort, lanes, type Space, space } from './group'
import type { Stages } from './stages'

export interface Layout {
  /** Arrays of launches, by name; those of every system hold four of them, in lanes. */
  readonly addresses: ReadonlyMap<string, number>
  /** Totals in the making, in lanes, by the array they become. */
  readonly totals: ReadonlyMap<string, { readonly address: number; readonly elements: number }>
  readonly mask: number
  readonly inputs: readonly LanesPort[]
  readonly outputs: readonly LanesPort[]
  readonly group: number
  /** Bytes of arrays of four systems in lanes, shared by lifetime; bytes of all memory. */
  readonly scratch: number
  readonly bytes: number
}

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** What is the same for all systems: an array each, and beside a total its lanes. */
const placeShared = (plan: Plan, { stages, batched }: Stages, { take }: Space, addresses: Map<string, number>) => {
  const totals = new Map<string, { readonly address: number; readonly elements: number }>()
  for (const i of plan.inputs) if (!batched.has(i.name)) addresses.set(i.name, take(4 * product(i.dims)))
  for (const v of plan.views) addresses.set(v.name, (addresses.get(v.of) ?? Number.NaN) + 4 * v.offset)
  for (const [at, { name, elements }] of plan.buffers.entries()) {
    if (stages[at] === 'systems') continue
    addresses.set(name, take(4 * elements))
    if (stages[at] === 'total') totals.set(name, { address: take(16 * elements), elements })
  }
  return totals
}

export const layOut = (plan: Plan, staged: Stages, wanted?: number): Layout => {
  const { stages, batched } = staged
  const room = space()
  const addresses = new Map<string, number>()
  const batch = plan.sizes['batch'] ?? 1
  const totals = placeShared(plan, staged, room, addresses)
  const mask = room.take(16)
  const first = room.end()
  const given = plan.inputs.filter((i) => batched.has(i.name))
  const perSystem = (dims: readonly number[]): number => product(dims) / batch
  for (const i of given) addresses.set(i.name, room.take(16 * perSystem(i.dims)))
  const small = plan.buffers.flatMap((b, at) =>
    stages[at] === 'systems' ? [{ ...b, elements: b.elements / batch }] : []
  )
  const slots = allot(small)
  const starts = slots.elements.map((elements) => room.take(16 * elements))
  for (const [k, b] of small.entries()) addresses.set(b.name, starts[slots.of[k] as number] as number)
  const scratch = room.end() - first

  const fitting = groupFor(given.reduce((sum, i) => sum + 4 * perSystem(i.dims), 0))
  const group = wanted ?? Math.min(fitting, lanes * Math.ceil(batch / lanes))
  const port = (p: Pick<LanesPort, 'name' | 'role' | 'dims'>, isBatched: boolean): LanesPort => {
    const address = addresses.get(p.name) as number
    if (isBatched) return batchPort(room, group, { ...p, dims: p.dims.slice(1), vectors: address })
    return { ...p, elements: product(p.dims), batched: false, address, vectors: address }
  }
  const inputs = plan.inputs.map((i) => port(i, batched.has(i.name)))
  const outputs = plan.outputs.map((o) => {
    const launch = plan.launches.findIndex((l) => l.output === o.name)
    return port({ ...o, role: 'data' }, stages[launch] === 'systems')
  })
  return { addresses, totals, mask, inputs, outputs, group, scratch, bytes: room.end() + 16 }
}
