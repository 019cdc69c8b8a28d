/** Faults planted in schedules and in printed modules: the ladder must see each of them on the wasm backend. */
import * as E from 'fp-ts/Either'
import test from 'tape'

import type { Plan } from '../../codegen/plan'
import { type ScheduledRegion, scheduleFor } from '../../codegen/schedules/schedule'
import { ints } from '../../codegen/targets/wasm/code'
import { print, type WasmProgram } from '../../codegen/targets/wasm/print'
import type { Statement, Value } from '../../codegen/targets/wasm/tree'
import { open } from '../../runtime/backends/open'
import { deviceOf } from '../../runtime/ladder/backend-device'
import { check } from '../../runtime/ladder/check'
import { compiler } from '../../runtime/ladder/compiler'
import { canFuse } from '../../runtime/wasm/compile'
import { infer } from '../../spec/infer'
import { catalogue } from '../../spec/zoo/catalogue'
import { sharedSlot, stale } from '../ladder/planted'
import { right } from '../support/right'

type Part = Statement | Value

/** Rebuild a tree bottom up. */
const mapped = (tree: unknown, f: (part: Part) => unknown): unknown => {
  if (Array.isArray(tree)) return tree.flatMap((each) => mapped(each, f))
  if (typeof tree !== 'object' || tree === null) return tree
  const inner = Object.fromEntries(Object.entries(tree).map(([key, part]) => [key, mapped(part, f)]))
  return '_tag' in inner ? f(inner as unknown as Part) : inner
}

const inCode =
  (f: (part: Part) => unknown) =>
  (plan: Plan): WasmProgram => {
    const made = print(plan)
    const functions = made.module.functions.map((own) => ({ ...own, body: mapped(own.body, f) as Statement[] }))
    const module = { ...made.module, functions }
    return { ...made, module }
  }

const inSchedule =
  (f: (r: ScheduledRegion) => ScheduledRegion) =>
  (plan: Plan): WasmProgram => {
    const own = scheduleFor(plan)
    return print(plan, { schedule: { ...own, kernels: own.kernels.map((k) => ({ ...k, regions: k.regions.map(f) })) } })
  }

const isZero = (v: Value): boolean => v._tag === 'lanes' && v.words.every((w) => w === 0)

const isProduct = (v: Value | undefined): v is Extract<Value, { _tag: 'op' }> =>
  v?._tag === 'op' && v.name === 'f32x4.mul'

const toPanel = (at: Value): boolean => at._tag === 'get' && at.local.name.includes('(panel')

/** The loop one number shorter, where it has more than the lanes need. */
const shorter =
  (loop: 'lanes' | 'rows') =>
  ({ region, nest }: ScheduledRegion): ScheduledRegion => {
    const least = loop === 'lanes' ? 4 : nest.height
    const loops = region.loops.map((l) => (l.name === nest[loop] && l.size > least ? { ...l, size: l.size - 1 } : l))
    return { region: { ...region, loops }, nest }
  }

/** The last bit of the exponents of four f32. */
const inExponent = ints(2 ** 23, 2 ** 23, 2 ** 23, 2 ** 23)

const faults: Readonly<Record<string, (plan: Plan) => WasmProgram>> = {
  'tiles end one column early': inSchedule(shorter('lanes')),
  'tiles end one row early': inSchedule(shorter('rows')),
  'panels are packed one number to the side': inCode((part) =>
    part._tag === 'store' && toPanel(part.at) ? { ...part, offset: part.offset + 4 } : part
  ),
  'panels are filled once, for the first columns': inCode((part) =>
    part._tag === 'store' && toPanel(part.at) ? { ...part, offset: 0 } : part
  ),
  'accumulators keep what the last tile left': inCode((part) =>
    part._tag === 'set' && isZero(part.value) ? [] : part
  ),
  'the tail of a sum in lanes counts some lanes twice': inCode((part) =>
    part._tag === 'op' && part.name === 'v128.and' ? part.args[0] : part
  ),
  'lanes are added up crosswise in the wrong order': inCode((part) =>
    part._tag === 'shuffle' && part.bytes[0] === 0 && part.bytes[4] === 16
      ? { ...part, bytes: part.bytes.map((b) => (b + 16) % 32) }
      : part
  ),
  'a joined sum subtracts its product': inCode((part) =>
    part._tag === 'op' && part.name === 'f32x4.add' && isProduct(part.args[1])
      ? { ...part, name: 'f32x4.relaxed_nmadd', args: [...part.args[1].args, part.args[0]] }
      : part
  ),
  'a launch reads a stale array': (plan) => print(stale(plan)),
  'two living arrays share memory': (plan) => print(sharedSlot(plan)),
  'the power of two of exp is one too large': inCode((part) =>
    part._tag === 'op' && part.name === 'i32x4.add' ? { ...part, args: [part, inExponent] } : part
  )
}

test('faults of schedules and of printed modules', async (t) => {
  const opened = await open('wasm', { threads: 1 })()
  if (E.isLeft(opened)) return t.fail(opened.left.message)
  const device = deviceOf(opened.right)
  const cases = [
    { name: 'transformer-1-causal', sizes: [9], batches: [2] },
    { name: 'block-linear-2', sizes: [9], batches: [3] }
  ] as const
  const climb = async (wasm: (plan: Plan) => WasmProgram): Promise<readonly string[]> => {
    const failed: string[] = []
    for (const { name, sizes, batches } of cases) {
      const climber = { typed: (n: number) => right(infer(catalogue[name]?.model(n) as never)), weights: null }
      const rows = await check(climber, device, {
        sizes,
        batches,
        only: ['forward', 'kernels'],
        compiler: { ...compiler, printers: { wasm } }
      })
      failed.push(...rows.filter((r) => !r.ok).map((r) => r.rung))
    }
    return [...new Set(failed)]
  }
  t.deepEqual(await climb((plan) => print(plan)), [], 'without a fault every rung holds')
  for (const [name, fault] of Object.entries(faults)) {
    if (name.includes('joined') && !canFuse()) continue
    const failed = await climb(fault)
    t.ok(failed.length > 0, `${name}: caught by ${failed.join(', ') || 'nothing'}`)
  }
  await opened.right.close()
  t.end()
})
