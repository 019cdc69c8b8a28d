/** Faults planted in the WGSL target's schedules, texts and tables, each in one place: the ladder must fail for every one. */
import test from 'tape'

import type { Plan } from '../../codegen/plan'
import { printSchedule } from '../../codegen/targets/wgsl/index'
import { guaranteed, type Limits, type WgslProgram } from '../../codegen/targets/wgsl/program'
import type { Schedule, Step, Wishes } from '../../codegen/targets/wgsl/schedule'
import { deviceOf } from '../../runtime/ladder/backend-device'
import { check } from '../../runtime/ladder/check'
import { compiler } from '../../runtime/ladder/compiler'
import type { Row } from '../../runtime/ladder/rung'
import type { WgslRuntime } from '../../runtime/wgsl/runtime'
import { catalogue } from '../../spec/zoo/catalogue'
import { typed } from '../support/right'
import { withDevice } from './device'

interface Planted {
  readonly name: string
  readonly print: (plan: Plan, schedule: Schedule, limits: Limits) => WgslProgram
}

// --- where ------------------------------------------------------------------------------------------------------------

const inText = (name: string, from: RegExp, to: string): Planted => ({
  name,
  print: (plan, schedule, limits) => {
    const made = printSchedule(plan, schedule, limits)
    const at = made.kernels.findIndex((k) => k.source.search(from) >= 0)
    if (at < 0) throw new Error(`internal: no text has ${from}`)
    const kernels = made.kernels.map((k, own) => (own === at ? { ...k, source: k.source.replace(from, to) } : k))
    return { ...made, kernels }
  }
})

/** The first step for which the change gives another one. */
const inSchedule = (name: string, change: (step: Step) => Step | null): Planted => ({
  name,
  print: (plan, schedule, limits) => {
    const at = schedule.findIndex((step) => change(step) !== null)
    if (at < 0) throw new Error(`internal: no step takes the fault: ${name}`)
    const steps = schedule.map((step, own) => (own === at ? (change(step) ?? step) : step))
    return printSchedule(plan, steps, limits)
  }
})

const inProgram = (name: string, change: (made: WgslProgram) => WgslProgram): Planted => ({
  name,
  print: (plan, schedule, limits) => change(printSchedule(plan, schedule, limits))
})

// --- which -----------------------------------------------------------------------------------------------------------

/** A dispatch late in the program binds an array of the same size that is older than the one it should. */
const staleBuffer = inProgram('a dispatch reads a stale buffer', (made) => {
  const sizes = new Map(made.buffers.map((b) => [b.name, b.elements]))
  for (let at = made.dispatches.length - 1; at > 0; at--) {
    const dispatch = made.dispatches[at] as WgslProgram['dispatches'][number]
    const [own, writes] = [made.kernels[dispatch.kernel], new Set<string>()]
    for (const [k, b] of dispatch.bound.entries()) {
      if (b._tag === 'array' && own?.access[k] === 'read_write') writes.add(b.name)
    }
    for (const [k, b] of dispatch.bound.entries()) {
      if (b._tag !== 'array' || own?.access[k] !== 'read' || !sizes.has(b.name)) continue
      const older = made.buffers.find(
        (o) =>
          o.name !== b.name && o.elements === sizes.get(b.name) && !writes.has(o.name) && isBefore(made, o.name, at)
      )
      if (older === undefined) continue
      const bound = dispatch.bound.map((x, place) => (place === k ? { _tag: 'array' as const, name: older.name } : x))
      return { ...made, dispatches: made.dispatches.map((d, place) => (place === at ? { ...d, bound } : d)) }
    }
  }
  throw new Error('internal: no buffer is stale')
})

const isBefore = (made: WgslProgram, name: string, at: number): boolean =>
  made.dispatches.findIndex((d) => d.bound.some((b) => b._tag === 'array' && b.name === name)) < at

/** Two buffers that live at the same time share their memory. */
const sharedBuffer = inProgram('two living buffers share a slot', (made) => {
  for (const d of made.dispatches.slice(1)) {
    const read = d.bound.flatMap((b, k) =>
      b._tag === 'array' && made.kernels[d.kernel]?.access[k] === 'read'
        ? [made.buffers.find((o) => o.name === b.name)]
        : []
    )
    const [one, two] = read.filter((b) => b !== undefined)
    if (one === undefined || two === undefined || one.slot === two.slot) continue
    const elements = Math.max(one.elements, two.elements)
    return {
      ...made,
      buffers: made.buffers.map((b) => (b === two ? { ...b, slot: one.slot } : b)),
      slots: made.slots.map((size, slot) => (slot === one.slot ? Math.max(size, elements) : size))
    }
  }
  throw new Error('internal: no two buffers can be taken together')
})

const inFused: readonly Planted[] = [
  inText('the text misses a barrier', / {2}workgroupBarrier\(\);\n/, ''),
  inSchedule('the schedule misses a barrier', (step) =>
    step._tag === 'fused' && step.barriers.length > 0 ? { ...step, barriers: step.barriers.slice(1) } : null
  ),
  inSchedule('two living arrays share workgroup memory', (step) => {
    if (step._tag !== 'fused' || step.slots.length < 2) return null
    const local = step.local.map((l) => (l.slot === 1 ? { ...l, slot: 0 } : l))
    const slots = step.slots.map((size, slot) => (slot === 0 ? Math.max(size, step.slots[1] as number) : size))
    return { ...step, local, slots }
  }),
  inText('a loop over elements begins one too late', /var at = lane; /, 'var at = lane + 1; '),
  inText('the last system of a workgroup is left out', /i32\(group\.x\)/, 'max(i32(group.x) - 1, 0)'),
  inText('parameters are read one place too far', /kept\[/, 'kept[1 + '),
  inProgram('the last workgroup is missing', (made) => ({
    ...made,
    dispatches: made.dispatches.map((d) => ({ ...d, groups: [Math.max(1, d.groups[0] - 1), d.groups[1]] as const }))
  })),
  inProgram('parameters lie beside the place where texts read them', (made) => ({
    ...made,
    keptSize: made.keptSize + 64,
    leaves: made.leaves.map((l) => (l.kept ? { ...l, at: l.at + 64 } : l))
  }))
]

const inTiles: readonly Planted[] = [
  inText('terms beyond the last are not left out', /term >= \d+/g, 'false'),
  inText(
    'a tile writes beyond the right edge',
    /( {2}if \()(row >= \d+ \|\| )?column >= \d+(\) \{\n {4}return;)/,
    '$1false$3'
  ),
  inText('a guard stands one place too early', /row >= (\d+)/, 'row >= $1 - 1'),
  inText('the last terms are left out', /term < (\d+); term \+= (\d+)/, 'term < $1 - $2; term += $2'),
  inText('a tile is stored one row too low', /store\(matrix, top \+ down, /, 'store(matrix, top + down + 1, '),
  inText('a tile loses the barrier before it is read', /workgroupBarrier\(\);\n {4}for/, '\n    for'),
  inText('a tile loses the barrier after it is read', / {4}workgroupBarrier\(\);\n {2}\}/, '  }'),
  inProgram('the last tile is missing', (made) => ({
    ...made,
    dispatches: made.dispatches.map((d) =>
      made.kernels[d.kernel]?.source.includes('fn left_at') ? { ...d, groups: [d.groups[0] - 1, d.groups[1]] } : d
    )
  })),
  staleBuffer,
  sharedBuffer
]

// --- the ladder -------------------------------------------------------------------------------------------------------

const say = (r: Row): string => `${r.rung} ${r.what} ${r.error.toPrecision(3)} > ${r.bound} ${r.fault ?? ''}`

const climb = (runtime: WgslRuntime, model: string, n: number, wishes: Wishes, fault: Planted | null) => {
  const entry = catalogue[model]
  if (entry === undefined) throw new Error(`internal: the zoo has no ${model}`)
  const device = deviceOf({ ...runtime, compile: (plan, printers) => runtime.compile(plan, printers, wishes) })
  // As few storage buffers as every device has, so that parameters and state are bound as one.
  const print: Planted['print'] = (plan, schedule, limits) =>
    (fault?.print ?? printSchedule)(plan, schedule, { ...limits, storageBuffers: guaranteed.storageBuffers })
  const printers = { wgsl: print }
  return check({ typed: (size) => typed(entry.model(size)), weights: null }, device, {
    sizes: [n],
    batches: [5],
    only: ['forward'],
    compiler: { ...compiler, printers }
  })
}

const everyFault = (title: string, model: string, n: number, wishes: Wishes, faults: readonly Planted[]): void => {
  test(title, (t) =>
    withDevice(t, async (runtime) => {
      const sound = await climb(runtime, model, n, wishes, null)
      t.deepEqual(sound.filter((r) => !r.ok).map(say), [], 'without a fault the rung holds')
      for (const fault of faults) {
        const rows = await climb(runtime, model, n, wishes, fault)
        const internal = rows.find((r) => r.fault?.includes('internal:'))
        t.equal(internal, undefined, `${fault.name}: it finds its place`)
        t.ok(rows.length > 0 && rows.every((r) => !r.ok), `${fault.name}: ${rows.map(say).join()}`)
      }
    })
  )
}

everyFault('faults in a network that is one dispatch', 'block-linear-2', 9, { fuse: 'always' }, inFused)
everyFault('faults in tiled contractions', 'full-linear-2', 9, { fuse: 'never', tile: 'always' }, inTiles)

test('a schedule is needed for every launch', (t) =>
  withDevice(t, async (runtime) => {
    const fault: Planted = {
      name: 'no step computes the last launch',
      print: (plan, schedule, limits) => printSchedule(plan, schedule.slice(0, -1), limits)
    }
    const rows = await climb(runtime, 'full-linear-2', 3, { fuse: 'never' }, fault)
    t.ok(
      rows.every((r) => !r.ok),
      rows.map(say).join()
    )
  }))
