/** Memory by lifetime: arrays that never live at the same time share a slot. */

export interface Life {
  readonly elements: number
  /** The step that writes the array, and the last that reads it. */
  readonly first: number
  readonly last: number
}

export interface Slots {
  /** The slot of every array, in their order. */
  readonly of: readonly number[]
  /** Elements of every slot; their sum is the memory that the arrays need. */
  readonly elements: readonly number[]
}

interface Slot {
  readonly elements: number
  /** The last step that needs what it holds. */
  readonly freeFrom: number
}

/**
 * A slot for every array, given in the order of their first steps: the smallest free one that is large enough, else the
 * largest free one, grown, else a new one. An array that a step reads never shares a slot with one that it writes.
 */
export const allot = (lives: readonly Life[]): Slots => {
  const slots: Slot[] = []
  // Those that are free again before the end: outputs keep theirs.
  const passing: number[] = []
  const end = lives.reduce((most, { last }) => Math.max(most, last), 0)
  const room = (k: number): number => slots[k]?.elements ?? 0
  const of = lives.map(({ elements, first, last }) => {
    let [fits, largest] = [-1, -1]
    for (const k of passing) {
      const own = slots[k] as Slot
      if (own.freeFrom >= first) continue
      if (own.elements >= elements && (fits < 0 || own.elements < room(fits))) fits = k
      if (largest < 0 || own.elements > room(largest)) largest = k
    }
    const slot = fits >= 0 ? fits : largest >= 0 ? largest : slots.length
    if (slot === slots.length && last < end) passing.push(slot)
    slots[slot] = { elements: Math.max(elements, room(slot)), freeFrom: last }
    return slot
  })
  return { of, elements: slots.map((s) => s.elements) }
}
