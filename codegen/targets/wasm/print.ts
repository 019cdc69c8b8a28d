/**
 * The WebAssembly target: one module a plan. Every array has a fixed place in its memory; `run` makes all launches.
 */
import type { Plan } from '../../plan'
import type { Target } from '../../schedule'
import { type Schedule, scheduleFor } from '../../schedules/schedule'
import { float32Errors } from '../special'
import * as W from './code'
import { encode } from './encode'
import { regionFunction } from './kernel'
import { type Func, func, type Module, module, pageBytes } from './module'

export const wasm: Target = { name: 'wasm', mostArrays: null, errors: float32Errors }

/** A function of the module and its turns; a kernel of several regions has several. */
export interface WasmRegion {
  readonly name: string
  readonly units: number
}

export interface WasmProgram {
  readonly plan: Plan
  readonly schedule: Schedule
  readonly module: Module
  readonly bytes: Uint8Array<ArrayBuffer>
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
  const slots = plan.slots.map(take)
  return {
    places: Object.fromEntries([
      ...inputs,
      ...plan.views.map((v) => [v.name, (begins.get(v.of) ?? 0) + 4 * v.offset] as const),
      ...plan.buffers.map((b) => [b.name, slots[b.slot] ?? 0] as const)
    ]),
    end
  }
}

export const print = (plan: Plan, schedule: Schedule = scheduleFor(plan)): WasmProgram => {
  const { places, end } = layoutOf(plan)
  const made = plan.kernels.map((k, at) => {
    const regions = schedule.kernels[at]?.regions ?? []
    return regions.map(({ region, nest }, part) =>
      regionFunction(
        regions.length === 1 ? k.name : `${k.name}.${part}`,
        k.parameters.map((p) => p.label),
        region,
        nest
      )
    )
  })
  const panelBytes = Math.max(0, ...made.flat().map((r) => r.panelBytes))
  const place = (name: string): W.Value<'i32'> => {
    const at = places[name]
    if (at === undefined) throw new Error(`internal: ${name} of ${plan.name} has no place`)
    return W.int(at)
  }
  const run: Func = func(
    'run',
    [],
    null,
    plan.launches.flatMap((l) =>
      (made[l.kernel] ?? []).map((r) =>
        W.call(r.function.name, place(l.output), ...l.inputs.map(place), W.int(end), W.int(0), W.int(r.units))
      )
    )
  )
  const memoryBytes = end + panelBytes
  const built = module({ pages: Math.ceil(memoryBytes / pageBytes), most: null, imported: false, shared: false }, [
    ...made.flat().map((r) => r.function),
    run
  ])
  return {
    plan,
    schedule,
    module: built,
    bytes: encode(built),
    regions: made.map((all) => all.map((r) => ({ name: r.function.name, units: r.units }))),
    places,
    panel: { at: end, bytes: panelBytes },
    memoryBytes
  }
}
