/**
 * The WebAssembly target: one module a plan. Every array has a fixed place in its memory; `run` makes all launches.
 */
import type { Plan } from '../../plan'
import type { Target } from '../../schedule'
import { inPlace } from '../../schedules/in-place'
import { type Schedule, scheduleFor } from '../../schedules/schedule'
import { leastProgram, leastWork, workOf } from '../../schedules/work'
import { float32Errors } from '../special'
import * as W from './code'
import { regionFunction } from './kernel'
import { func, type Module, module, pageBytes } from './module'
import { type Call, meetings, shareOut } from './threads'

/** Engines take functions of at most a thousand parameters; those that are not arrays are few. */
export const wasm: Target = { name: 'wasm', mostArrays: 900, tiles: true, errors: float32Errors }

/** A function of the module and its turns; a kernel of several regions has several. */
export interface WasmRegion {
  readonly name: string
  readonly units: number
}

export interface WasmProgram {
  readonly plan: Plan
  /** Threads that one call takes; more than one share an imported memory. */
  readonly threads: number
  readonly schedule: Schedule
  readonly module: Module
  /** By kernel of the plan. */
  readonly regions: readonly (readonly WasmRegion[])[]
  /** Where the arrays begin, in bytes: inputs, views, values. */
  readonly places: Readonly<Record<string, number>>
  /** Bytes of memory that the panels of one thread take, and where they begin. */
  readonly panel: { readonly at: number; readonly bytes: number }
  /** Bytes of the memory: the peak, known before anything runs. */
  readonly memoryBytes: number
}

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** Arrays begin on cache lines; the first line belongs to nobody, so that 0 is no array. */
const line = 64

interface Layout {
  readonly places: Readonly<Record<string, number>>
  readonly end: number
}

const layoutOf = (plan: Plan): Layout => {
  let end = line
  const take = (elements: number): number => {
    const at = end
    end += Math.ceil((4 * elements) / line) * line
    return at
  }
  const inputs = plan.inputs.map((i) => [i.name, take(product(i.dims))] as const)
  const begins = new Map(inputs)
  const updates = inPlace(plan)
  const used = new Set(plan.buffers.filter((b) => !updates.has(b.name)).map((b) => b.slot))
  const slots = plan.slots.map((elements, slot) => (used.has(slot) ? take(elements) : 0))
  const placeOf = (name: string, slot: number): number => begins.get(updates.get(name) ?? '') ?? slots[slot] ?? 0
  return {
    places: Object.fromEntries([
      ...inputs,
      ...plan.views.map((v) => [v.name, (begins.get(v.of) ?? 0) + 4 * v.offset] as const),
      ...plan.buffers.map((b) => [b.name, placeOf(b.name, b.slot)] as const)
    ]),
    end
  }
}

export interface PrintOptions {
  /** How kernels run; by default as the cost model chooses. */
  readonly schedule?: Schedule
  /** The most threads that may share the work. */
  readonly threads?: number
  /** True imports a shared memory even for one thread, so that others may write to it and read it between calls. */
  readonly shared?: boolean
}

export const print = (plan: Plan, options: PrintOptions = {}): WasmProgram => {
  const { schedule = scheduleFor(plan), threads: most = 1 } = options
  const { places, end } = layoutOf(plan)
  const made = plan.kernels.map((k, at) => {
    const regions = schedule.kernels[at]?.regions ?? []
    return regions.map(({ region, nest }, part) => ({
      ...regionFunction(
        regions.length === 1 ? k.name : `${k.name}.${part}`,
        k.parameters.map((p) => p.label),
        region,
        nest
      ),
      work: workOf(region)
    }))
  })
  const work = plan.launches.flatMap((l) => made[l.kernel] ?? []).filter((r) => r.work >= leastWork && r.units > 1)
  const threads = work.reduce((total, r) => total + r.work, 0) < leastProgram ? 1 : most
  const panelBytes = Math.ceil(Math.max(0, ...made.flat().map((r) => r.panelBytes)) / line) * line
  const panel = { at: end, bytes: panelBytes }
  const place = (name: string): W.Value<'i32'> => {
    const at = places[name]
    if (at === undefined) throw new Error(`internal: ${name} of ${plan.name} has no place`)
    return W.int(at)
  }
  const calls = plan.launches.map((l) =>
    (made[l.kernel] ?? []).map(
      (r): Call => ({
        name: r.function.name,
        places: [place(l.output), ...l.inputs.map(place)],
        units: r.units,
        shared: r.work >= leastWork && r.units > 1
      })
    )
  )
  const memoryBytes = end + threads * panelBytes
  const pages = Math.ceil(memoryBytes / pageBytes)
  const isShared = threads > 1 || options.shared === true
  const built = module({ pages, most: isShared ? pages : null, imported: isShared, shared: isShared }, [
    ...made.flat().map((r) => r.function),
    ...(threads > 1
      ? shareOut(
          calls,
          meetings(
            plan,
            calls.map((launch) => launch.some((c) => c.shared))
          ),
          panel
        )
      : [
          func(
            'run',
            [],
            null,
            calls.flat().map((c) => W.call(c.name, ...c.places, W.int(end), W.int(0), W.int(c.units)))
          )
        ])
  ])
  return {
    plan,
    threads,
    schedule,
    module: built,
    regions: made.map((all) => all.map((r) => ({ name: r.function.name, units: r.units }))),
    places,
    panel,
    memoryBytes
  }
}
