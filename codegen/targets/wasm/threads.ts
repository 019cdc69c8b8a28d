/**
 * Programs for several threads over one memory: big regions are dealt out by their units, small ones belong to thread 0,
 * and threads meet where a launch reads or overwrites what another one touches.
 */
import type { Plan } from '../../plan'
import { collide, memoryOf, type Touches, touches } from '../../schedules/work'
import * as W from './code'
import { type Func, func } from './module'

/** Words at the start of the memory: how many threads have come, how often all had, and what the runtime uses. */
export const words = { arrived: 0, met: 1, call: 2, stop: 3, failed: 4 } as const

/** Looks before a thread that waits goes to sleep. */
const patience = 4000

const [threads, before, looks] = [W.local('threads', 'i32'), W.local('before', 'i32'), W.local('looks', 'i32')]

/** All threads come, then all go on. */
const meet: Func = func(
  'meet',
  [threads],
  null,
  [
    W.set(before, W.atomicLoad(W.int(4 * words.met))),
    W.branch(
      W.op('i32.eq', W.atomicAdd(W.int(4 * words.arrived), W.int(1)), W.op('i32.sub', W.get(threads), W.int(1))),
      [
        W.atomicStore(W.int(4 * words.arrived), W.int(0)),
        W.atomicStore(W.int(4 * words.met), W.op('i32.add', W.get(before), W.int(1))),
        W.notify(W.int(4 * words.met))
      ],
      [
        W.block('on', [
          W.loop('look', [
            W.br('on', W.op('i32.ne', W.atomicLoad(W.int(4 * words.met)), W.get(before))),
            W.br('on', W.atomicLoad(W.int(4 * words.failed))),
            W.br('look', W.op('i32.lt_u', W.tee(looks, W.plus(W.get(looks), W.int(1))), W.int(patience))),
            W.wait(W.int(4 * words.met), W.get(before)),
            W.br('look')
          ])
        ]),
        // Let go, and perhaps not met: a thread that others wait for will never come.
        W.branch(W.atomicLoad(W.int(4 * words.failed)), [W.trap])
      ]
    )
  ],
  false
)

/** A launch of one region: the function, its places, and whether threads share it. */
export interface Call {
  readonly name: string
  readonly places: readonly W.Value<'i32'>[]
  readonly units: number
  readonly shared: boolean
}

/** Launches after which the threads must meet before the given ones go on: for every launch, whether they meet first. */
export const meetings = (plan: Plan, shared: readonly boolean[]): readonly boolean[] => {
  const memory = memoryOf(plan)
  let open: { readonly touches: Touches; readonly shared: boolean }[] = []
  return plan.launches.map((l, at) => {
    const own = { touches: touches(l, memory), shared: shared[at] ?? false }
    const waits = open.some((o) => (o.shared || own.shared) && collide(o.touches, own.touches))
    open = waits ? [own] : [...open, own]
    return waits
  })
}

/** `run(thread, threads)` on every thread makes one call; all have met at its end. */
export const shareOut = (
  calls: readonly (readonly Call[])[],
  meetFirst: readonly boolean[],
  panel: { readonly at: number; readonly bytes: number }
): readonly Func[] => {
  const thread = W.local('thread', 'i32')
  const own = W.local('panel of thread', 'i32')
  const bound = (units: number, which: W.Value<'i32'>): W.Value<'i32'> =>
    W.op('i32.div_u', W.times(which, units), W.get(threads))
  const callOf = ({ name, places, units, shared }: Call): W.Statement =>
    shared
      ? W.call(name, ...places, W.get(own), bound(units, W.get(thread)), bound(units, W.plus(W.get(thread), W.int(1))))
      : W.branch(W.op('i32.eqz', W.get(thread)), [W.call(name, ...places, W.get(own), W.int(0), W.int(units))])
  const run = func('run', [thread, threads], null, [
    W.set(own, W.plus(W.int(panel.at), W.times(W.get(thread), panel.bytes))),
    ...calls.flatMap((launch, at) => [
      ...(meetFirst[at] === true ? [W.call(meet.name, W.get(threads))] : []),
      ...launch.map(callOf)
    ]),
    W.call(meet.name, W.get(threads))
  ])
  return [meet, run]
}
