/**
 * The schedule of small systems: a loop over groups of systems outside, all launches inside, the arrays between them no
 * larger than one group, four systems across the lanes of a vector; and the WebAssembly module that runs it.
 */
import * as E from 'fp-ts/Either'

import type * as Dim from '../../../../spec/dim'
import * as X from '../../../expr'
import type { Plan, PlanKernel } from '../../../plan'
import type { Role } from '../../../program'
import { allot } from '../../../schedule'
import { call, count, get, int, local, op, plus, type Statement, select, set, times, type Value } from '../code'
import { type Func, func, type Module, module, pageBytes } from '../module'
import { intoLanes, outOfLanes } from './convert'
import { kernelInLanes, type LanesKernel, type Tile } from './tile'

// --- model -----------------------------------------------------------------------------------------------------------

/** The systems that share a vector. */
export const lanes = 4

/** An array that goes in or out: `elements` numbers of every system, or of all together where it is no batch. */
export interface LanesPort {
  readonly name: string
  readonly role: Role
  readonly dims: readonly number[]
  readonly elements: number
  readonly batched: boolean
  /** Bytes from the start of memory; systems stand one behind the other. */
  readonly address: number
}

export interface LanesSchedule {
  readonly plan: Plan
  /** Systems that one call of `run` may take. */
  readonly group: number
  readonly kernels: readonly LanesKernel[]
  /** Launches on parameters alone, once a call; and launches for every four systems. */
  readonly before: readonly number[]
  readonly systems: readonly number[]
  /** Bytes: of arrays between launches, shared by lifetime; of all memory. */
  readonly scratch: number
  readonly bytes: number
}

export interface LanesProgram {
  readonly schedule: LanesSchedule
  readonly inputs: readonly LanesPort[]
  readonly outputs: readonly LanesPort[]
  /** Exports `run(systems)` and `memory`. */
  readonly module: Module
}

export interface LanesOptions {
  /** Systems of a group; by default as many as keep a group's inputs within `groupBytes`. */
  readonly group?: number
  /** Tiles by the name of a kernel, in place of the cheapest. */
  readonly tiles?: Readonly<Record<string, Tile>>
}

/** Bytes of a group's inputs: within the second-level cache of any core. */
const groupBytes = 2 ** 17

// --- what fits -------------------------------------------------------------------------------------------------------

const isBatch = (d: Dim.Dim | undefined): boolean =>
  d !== undefined && d.terms.length === 1 && d.terms[0]?.coefficient === 1 && d.terms[0].symbols.join() === 'batch'

const mentionsBatch = (d: Dim.Dim): boolean => d.terms.some((t) => t.symbols.includes('batch'))

/** Why a kernel cannot run on four systems by themselves, or null. */
const obstacle = (k: PlanKernel): string | null => {
  const [first, ...rest] = k.over
  const batched = isBatch(first?.dim)
  const systems = batched ? first?.name : undefined
  if (rest.some((i) => mentionsBatch(i.dim)) || X.sums(k.value).some((s) => s.over.some((i) => mentionsBatch(i.dim)))) {
    return `${k.name} reads several systems at once`
  }
  for (const { axes } of k.parameters) {
    if (axes.slice(1).some(mentionsBatch) || (axes[0] !== undefined && mentionsBatch(axes[0]) && !isBatch(axes[0]))) {
      return `${k.name} reads an array whose systems are no axis of its own`
    }
  }
  const byLabel = new Map(k.parameters.map((p) => [p.label, isBatch(p.axes[0])]))
  const astray = X.reads(k.value).find(
    (r) => byLabel.get(r.tensor) === true && !(r.at[0]?._tag === 'index' && r.at[0].name === systems)
  )
  return astray === undefined ? null : `${k.name} reads ${astray.tensor} of another system`
}

// --- memory ----------------------------------------------------------------------------------------------------------

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)
const aligned = (bytes: number): number => 16 * Math.ceil(bytes / 16)

/** Addresses one after the other, each a multiple of sixteen. */
const memory = () => {
  let next = 16
  return {
    take: (bytes: number): number => {
      const at = next
      next += aligned(bytes)
      return at
    },
    end: (): number => next
  }
}

// --- the program -----------------------------------------------------------------------------------------------------

/** A plan for four systems (`batch = 4`) of a batch of any size, as a program; `Left` says what does not fit. */
export const lanesProgram = (plan: Plan, options: LanesOptions = {}): E.Either<string, LanesProgram> => {
  if (plan.sizes['batch'] !== lanes)
    throw new Error('internal: a schedule in lanes begins with a plan for four systems')
  const reason = plan.kernels.map(obstacle).find((r) => r !== null)
  if (reason !== undefined && reason !== null)
    return E.left(`the schedule in lanes does not fit ${plan.name}: ${reason}`)
  if (plan.updates.length > 0) return E.left(`the schedule in lanes does not fit ${plan.name}: it updates its inputs`)

  const kernelOf = (launch: number): PlanKernel => plan.kernels[plan.launches[launch]?.kernel ?? -1] as PlanKernel
  const isLanes = (launch: number): boolean => isBatch(kernelOf(launch).over[0]?.dim)
  const launches = plan.launches.map((_, at) => at)
  const batchedInput = (name: string): boolean =>
    launches.some((at) => {
      const place = plan.launches[at]?.inputs.indexOf(name) ?? -1
      return place >= 0 && isBatch(kernelOf(at).parameters[place]?.axes[0])
    })
  const writing = { sizes: plan.sizes, batch: lanes }
  const kernels = plan.kernels.map((k) => kernelInLanes(k, writing, options.tiles?.[k.name]))

  const space = memory()
  const addresses = new Map<string, number>()
  const isPort = new Map(plan.inputs.map((i) => [i.name, batchedInput(i.name)]))
  const shared = plan.inputs.filter((i) => isPort.get(i.name) === false)
  const perSystem = plan.inputs.filter((i) => isPort.get(i.name) === true)
  const known = new Set(plan.buffers.map((b) => b.name))
  const strange = plan.outputs.find((o) => !known.has(o.name))
  if (strange !== undefined)
    return E.left(`the schedule in lanes does not fit ${plan.name}: ${strange.name} is an input`)

  for (const i of shared) addresses.set(i.name, space.take(4 * product(i.dims)))
  for (const v of plan.views) addresses.set(v.name, (addresses.get(v.of) ?? Number.NaN) + 4 * v.offset)
  const written = plan.buffers.map((b, at) => ({ ...b, lanes: isLanes(at) }))
  for (const b of written.filter((b) => !b.lanes)) addresses.set(b.name, space.take(4 * b.elements))
  const firstScratch = space.end()
  for (const i of perSystem) addresses.set(i.name, space.take(4 * product(i.dims)))
  const { buffers, slots } = allot(written.filter((b) => b.lanes).map(({ slot: _, lanes: __, ...b }) => b))
  const starts = slots.map((elements) => space.take(4 * elements))
  for (const b of buffers) addresses.set(b.name, starts[b.slot] as number)
  const scratch = space.end() - firstScratch

  const each = (dims: readonly number[]): number => product(dims) / lanes
  const inputBytes = perSystem.reduce((sum, i) => sum + 4 * each(i.dims), 0)
  const group = options.group ?? lanes * Math.max(1, Math.floor(groupBytes / Math.max(1, lanes * inputBytes)))
  const port = (name: string, role: Role, dims: readonly number[], batched: boolean): LanesPort =>
    batched
      ? {
          name,
          role,
          dims: dims.slice(1),
          elements: each(dims),
          batched,
          address: space.take(4 * group * each(dims) + 16)
        }
      : { name, role, dims, elements: product(dims), batched, address: addresses.get(name) as number }
  const inputs = plan.inputs.map((i) => port(i.name, i.role, i.dims, isPort.get(i.name) === true))
  const outputs = plan.outputs.map((o) => {
    const place = plan.launches.findIndex((l) => l.output === o.name)
    return port(o.name, 'data', o.dims, isLanes(place))
  })
  const bytes = space.end() + 16

  const launch = (at: number): Statement => {
    const { output, inputs: given } = plan.launches[at] as Plan['launches'][number]
    const pointers = [output, ...given].map((name) => {
      const address = addresses.get(name)
      if (address === undefined || Number.isNaN(address)) throw new Error(`internal: ${name} has no place in memory`)
      return int(address)
    })
    return call(kernelOf(at).name, ...pointers)
  }
  const before = launches.filter((at) => !isLanes(at))
  const systems = launches.filter(isLanes)
  const body = runBody({ inputs, outputs, addresses, before: before.map(launch), systems: systems.map(launch) })
  const lengths = (ports: readonly LanesPort[]): readonly number[] => [
    ...new Set(ports.filter((p) => p.batched).map((p) => p.elements))
  ]
  const functions: readonly Func[] = [
    ...kernels.map((k) => func(k.name, k.params, null, k.body, false)),
    ...lengths(inputs).map(intoLanes),
    ...lengths(outputs).map(outOfLanes),
    func('run', [count_], null, body)
  ]
  const pages = Math.ceil(bytes / pageBytes)
  return E.right({
    schedule: { plan, group, kernels, before, systems, scratch, bytes },
    inputs,
    outputs,
    module: module({ pages, most: pages, imported: false, shared: false }, functions)
  })
}

const count_ = local('systems', 'i32')

interface Parts {
  readonly inputs: readonly LanesPort[]
  readonly outputs: readonly LanesPort[]
  readonly addresses: ReadonlyMap<string, number>
  readonly before: readonly Statement[]
  readonly systems: readonly Statement[]
}

/** For every four systems: into lanes, all launches, out of lanes. Where fewer are left, the last one is repeated. */
const runBody = ({ inputs, outputs, addresses, before, systems }: Parts): readonly Statement[] => {
  const [s, last] = [local('s', 'i32'), local('last', 'i32')]
  const places = [0, 1, 2, 3].map((k) => local(`s${k}`, 'i32'))
  const row = (port: LanesPort, k: number): Value<'i32'> =>
    plus(times(get(places[k] as (typeof places)[number]), 4 * port.elements), int(port.address))
  const rows = (port: LanesPort): readonly Value<'i32'>[] => [0, 1, 2, 3].map((k) => row(port, k))
  const vectors = (port: LanesPort): Value<'i32'> => int(addresses.get(port.name) as number)
  const clamped = (k: number): Value<'i32'> => {
    const own = plus(get(s), int(k))
    return select(op('i32.lt_u', own, get(last)), own, get(last))
  }
  return [
    set(last, op('i32.sub', get(count_), int(1))),
    ...before,
    count(s, int(0), get(count_), lanes, [
      ...places.map((p, k) => set(p, clamped(k))),
      ...inputs.filter((p) => p.batched).map((p) => call(`lanes_in_${p.elements}`, ...rows(p), vectors(p))),
      ...systems,
      ...outputs.filter((p) => p.batched).map((p) => call(`lanes_out_${p.elements}`, vectors(p), ...rows(p)))
    ])
  ]
}
