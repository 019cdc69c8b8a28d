/**
 * Rounds: in each, every contestant has one turn, and each round begins with the next contestant, so that whatever slows the
 * machine for a while slows all of them. Ratios are taken within a round, then their median.
 */
import { leastSamples, type Timing, timingOf } from '../../runtime/reproduce/stopwatch'
import type { Clocked } from './protocol'

/** Somebody who can be timed. */
export interface Racer {
  readonly warm: (milliseconds: number) => Promise<Clocked>
  /** `again`: with an untimed call first. */
  readonly turn: (calls: number, again: boolean) => Promise<Clocked>
}

export interface Pace {
  /** Milliseconds before the first sample. */
  readonly warmUp: number
  /** Milliseconds that a turn takes at least. */
  readonly sample: number
  readonly rounds: number
  /** Milliseconds after which no round begins, once there were `leastSamples`. */
  readonly limit: number
}

/** Milliseconds of a call in which what the others left in the caches is no matter. */
const cold = 200

export const callsFor = (sample: number, each: number): number => Math.max(1, Math.ceil(sample / Math.max(each, 1e-4)))

/** Samples of every racer, by round. */
export const race = async (
  racers: readonly Racer[],
  { warmUp, sample, rounds, limit }: Pace,
  onRound: (done: number) => void = () => undefined
): Promise<readonly (readonly Clocked[])[]> => {
  const each: number[] = []
  for (const racer of racers) each.push((await racer.warm(warmUp)).wall)
  const samples: Clocked[][] = racers.map(() => [])
  const start = performance.now()
  for (let round = 0; round < Math.max(rounds, leastSamples); round++) {
    if (round >= leastSamples && performance.now() - start > limit) break
    for (let turn = 0; turn < racers.length; turn++) {
      const k = (round + turn) % racers.length
      samples[k]!.push(await racers[k]!.turn(callsFor(sample, each[k]!), each[k]! < cold))
    }
    onRound(round + 1)
  }
  return samples
}

const slowest = (all: readonly Clocked[]): Clocked => ({
  wall: Math.max(...all.map(({ wall }) => wall)),
  cpu: all.reduce((sum, { cpu }) => sum + cpu, 0)
})

/** Racers at once are one: a turn takes as long as the slowest of them, and the processors' time of all. */
export const together = (racers: readonly Racer[]): Racer => ({
  warm: async (milliseconds) => slowest(await Promise.all(racers.map((r) => r.warm(milliseconds)))),
  turn: async (calls, again) => slowest(await Promise.all(racers.map((r) => r.turn(calls, again))))
})

/** Median and quartiles of `samples / base`, round by round. */
export const ratioOf = (samples: readonly number[], base: readonly number[]): Timing =>
  timingOf(samples.map((value, round) => value / base[round]!))

export { type Timing, timingOf }
