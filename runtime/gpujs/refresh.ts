/** Which copies bring kept inputs up to date after a call. Pure. */
import type { Wiring } from './wiring'

/** An array that an update writes, and where its new value comes from. */
export interface Refresh {
  readonly leaf: number
  readonly step: number
  /** First element of the step's output that this leaf holds. */
  readonly offset: number
  readonly size: number
}

/** For every leaf of an updated input: the copy that brings it up to date. Null if an update's source is an input. */
export const refreshes = (wiring: Wiring): readonly Refresh[] | null => {
  const copies: Refresh[] = []
  for (const update of wiring.program.updates) {
    const result = wiring.results.get(update.output)
    if (result?._tag !== 'step') return null
    for (const [index, leaf] of wiring.leaves.entries()) {
      if (leaf.input === update.input) {
        copies.push({ leaf: index, step: result.step, offset: leaf.offset, size: leaf.size })
      }
    }
  }
  return copies
}
