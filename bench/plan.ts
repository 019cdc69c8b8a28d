/**
 * How many systems a call takes: as many as asked for, unless five calls and their warm-up would pass the time for a cell;
 * then a tenth, and so on. A trial at a tenth of what is asked for says how long a system takes.
 */
import { leastSamples } from './measure'

export interface Trial {
  /** Milliseconds of one warm call of `batch` systems. */
  readonly milliseconds: number
  readonly batch: number
}

/** The batches to choose from, largest first: `wanted`, a tenth, a hundredth ... of it. */
export const batches = (wanted: number): readonly number[] => {
  const all: number[] = []
  for (let batch = wanted; batch >= 1; batch = Math.floor(batch / 10)) all.push(batch)
  return all
}

/** The largest batch whose samples fit into `seconds` by the trial, or the smallest. */
export const choose = (wanted: number, trial: Trial, seconds: number): number => {
  const each = trial.milliseconds / trial.batch
  const all = batches(wanted)
  return all.find((batch) => each * batch * (leastSamples + 2) <= 1000 * seconds) ?? all.at(-1)!
}
