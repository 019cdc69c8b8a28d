/** The functions of a module of small systems: its kernels, the ways into lanes and out, and the three that are called. */
import type { Plan } from '../../../plan'
import {
  call,
  copy,
  count,
  fill,
  get,
  int,
  load,
  local,
  op,
  plus,
  type Statement,
  select,
  set,
  shuffle32,
  store,
  times,
  type Value
} from '../code'
import { type Func, func } from '../module'
import { intoLanes, outOfLanes } from './convert'
import { type LanesPort, type Layout, lanes } from './layout'
import type { Stage } from './stages'
import type { LanesKernel } from './tile'

interface Parts {
  readonly plan: Plan
  readonly stages: readonly Stage[]
  readonly layout: Layout
  readonly inputs: readonly LanesPort[]
  readonly outputs: readonly LanesPort[]
  readonly kernels: readonly LanesKernel[]
}

const systems = local('systems', 'i32')
const s = local('s', 'i32')
const last = local('last', 'i32')
const places = [0, 1, 2, 3].map((k) => local(`s${k}`, 'i32'))

const addressIn = ({ addresses }: Layout, name: string): Value<'i32'> => {
  const address = addresses.get(name)
  if (address === undefined || Number.isNaN(address)) throw new Error(`internal: ${name} has no place in memory`)
  return int(address)
}

const launch = ({ plan, stages, layout }: Parts, at: number): Statement => {
  const { output, inputs, kernel } = plan.launches[at] as Plan['launches'][number]
  const given = inputs.map((name) => addressIn(layout, name))
  const total = layout.totals.get(output)
  const out =
    stages[at] === 'total' && total !== undefined ? [int(total.address), int(layout.mask)] : [addressIn(layout, output)]
  return call((plan.kernels[kernel] as Plan['kernels'][number]).name, ...out, ...given)
}

const launches = (parts: Parts, ...wanted: readonly Stage[]): readonly Statement[] =>
  parts.stages.flatMap((stage, at) => (wanted.includes(stage) ? [launch(parts, at)] : []))

const i = local('i', 'i32')
const v = local('v', 'v128')

/** A total in lanes, its four lanes added. */
const gather = (from: number, to: Value<'i32'>, elements: number): Statement =>
  count(i, int(0), int(4 * elements), 4, [
    set(v, load('v128.load', times(get(i), 4), from)),
    set(v, op('f32x4.add', get(v), shuffle32([2, 3, 0, 1], get(v), get(v)))),
    {
      _tag: 'storeLane',
      lane: 0,
      at: plus(get(i), to),
      offset: 0,
      value: op('f32x4.add', get(v), shuffle32([1, 0, 3, 2], get(v), get(v)))
    }
  ])

/** The lanes of the systems from s on that there are. */
const setMask = (layout: Layout): Statement =>
  store(
    'v128.store',
    int(layout.mask),
    op('i32x4.lt_s', lanesOf(), op('i32x4.splat', op('i32.sub', get(systems), get(s))))
  )

const lanesOf = (): Value<'v128'> => ({ _tag: 'lanes', type: 'v128', words: [0, 1, 2, 3] })

/** For every four systems: into lanes, all launches, out of lanes. Where fewer are left, the last one is repeated. */
const runBody = (parts: Parts): readonly Statement[] => {
  const { layout, inputs, outputs } = parts
  const row = (port: LanesPort, k: number): Value<'i32'> =>
    plus(times(get(places[k] as (typeof places)[number]), 4 * port.elements), int(port.address))
  const rows = (port: LanesPort): readonly Value<'i32'>[] => [0, 1, 2, 3].map((k) => row(port, k))
  const clamped = (k: number): Value<'i32'> => {
    const own = plus(get(s), int(k))
    return select(op('i32.lt_u', own, get(last)), own, get(last))
  }
  return [
    set(last, op('i32.sub', get(systems), int(1))),
    count(s, int(0), get(systems), lanes, [
      ...places.map((p, k) => set(p, clamped(k))),
      ...(layout.totals.size === 0 ? [] : [setMask(layout)]),
      ...inputs
        .filter((p) => p.batched)
        .map((p) => call(`lanes_in_${p.elements}`, ...rows(p), addressIn(layout, p.name))),
      ...launches(parts, 'systems', 'total'),
      ...outputs
        .filter((p) => p.batched)
        .map((p) => call(`lanes_out_${p.elements}`, addressIn(layout, p.name), ...rows(p)))
    ])
  ]
}

export const functionsOf = (parts: Parts): readonly Func[] => {
  const { plan, layout, inputs, outputs, kernels } = parts
  const totals = [...layout.totals]
  const lengths = (ports: readonly LanesPort[]): readonly number[] => [
    ...new Set(ports.filter((p) => p.batched).map((p) => p.elements))
  ]
  const updates = plan.updates.map(({ input, output }) => {
    const elements = inputs.find((p) => p.name === input)?.elements ?? 0
    return copy(addressIn(layout, input), addressIn(layout, output), int(4 * elements))
  })
  return [
    ...kernels.map((k) => func(k.name, k.params, null, k.body, false)),
    ...lengths(inputs).map(intoLanes),
    ...lengths(outputs).map(outOfLanes),
    func('begin', [], null, [
      ...totals.map(([, { address, elements }]) => fill(int(address), int(0), int(16 * elements))),
      ...launches(parts, 'before')
    ]),
    func('run', [systems], null, runBody(parts)),
    func('end', [], null, [
      ...totals.map(([name, { address, elements }]) => gather(address, addressIn(layout, name), elements)),
      ...launches(parts, 'after'),
      ...updates
    ])
  ]
}
