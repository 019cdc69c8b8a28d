/** Runs every case on the `wgsl` backend and measures it against the device's own limits. */
import * as E from 'fp-ts/Either'

import type { BackendError } from '../../runtime/backends/error'
import type { WgslRuntime } from '../../runtime/wgsl/runtime'
import { type Case, casesOf, hardwareSizes, lazyOf, type Network, type Sizes, softwareSizes } from './cases'
import { measureLimits } from './limits'
import type { GpuResults, GpuRow, Peer } from './result'

export interface RunOptions {
  readonly runtime: WgslRuntime
  readonly network: Network
  /** Seconds for the samples of one case. */
  readonly seconds: number
  /** Small sizes, whatever the device. */
  readonly small: boolean
  readonly say: (line: string) => void
  readonly peer: (sizes: Sizes) => Promise<Peer>
}

const must = <A>(made: E.Either<BackendError, A>): A => {
  if (E.isLeft(made)) throw new Error(made.left.message)
  return made.right
}

const sorted = (values: readonly number[]): readonly number[] => [...values].sort((p, q) => p - q)

const at = (values: readonly number[], share: number): number =>
  values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN

const least = 5
const most = 50

const measure = async (one: Case, { runtime, seconds }: RunOptions): Promise<GpuRow> => {
  const plan = one.plan()
  const program = must(await runtime.compile(plan, undefined, one.wishes)())
  try {
    must(program.load(one.kept(plan)))
    const data = one.data(plan)
    const error = one.error(must(await program.run(data, one.wanted)()))
    const calls: number[] = []
    for (let k = 0; k < least; k++) {
      const start = performance.now()
      must(await program.run(data, one.wanted)())
      calls.push((performance.now() - start) / 1000)
    }
    const first = await program.time(1)
    const together = Math.max(1, Math.min(1000, Math.round(seconds / 10 / first.seconds)))
    const samples: number[] = []
    const until = performance.now() + 1000 * seconds
    while (samples.length < least || (performance.now() < until && samples.length < most)) {
      samples.push((await program.time(together)).seconds)
    }
    const all = sorted(samples)
    return {
      what: one.what,
      seconds: at(all, 0.5),
      lower: at(all, 0.25),
      upper: at(all, 0.75),
      clock: first.clock,
      call: at(sorted(calls), 0.5),
      dispatches: program.program.dispatches.length,
      operations: one.operations(plan),
      bytes: one.bytes(plan),
      ...program.memory(),
      error
    }
  } finally {
    await program.dispose()
  }
}

export const run = async (options: RunOptions): Promise<GpuResults> => {
  const { runtime, network, say } = options
  const { adapter, hardware } = runtime
  say(`device: ${adapter}`)
  const limits = await measureLimits(runtime.graphics, hardware && !options.small)
  const sizes = hardware && !options.small ? hardwareSizes : softwareSizes
  const rows: GpuRow[] = []
  const gaps: { what: string; why: string }[] = []
  for (const one of casesOf(sizes, network)) {
    say(one.what)
    try {
      rows.push(await measure(one, options))
    } catch (cause) {
      gaps.push({ what: one.what, why: cause instanceof Error ? cause.message : String(cause) })
    }
  }
  return { adapter, hardware, limits, products: lazyOf(network).products, rows, gaps, peer: await options.peer(sizes) }
}
