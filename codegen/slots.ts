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

/**
 * A slot for every array, given in the order of their first steps: the smallest free one that is large enough, else the
 * largest free one, grown, else a new one. An array that a step reads never shares a slot with one that it writes.
 */
export const allot = (lives: readonly Life[]): Slots => {
  const slots: { elements: number; freeFrom: number }[] = []
  const of = lives.map(({ elements, first, last }) => {
    const room = (k: number): number => slots[k]?.elements ?? 0
    const free = slots.map((_, k) => k).filter((k) => (slots[k]?.freeFrom ?? 0) < first)
    const fits = free.filter((k) => room(k) >= elements).sort((p, q) => room(p) - room(q))
    const slot = fits[0] ?? free.sort((p, q) => room(q) - room(p))[0] ?? slots.length
    slots[slot] = { elements: Math.max(elements, room(slot)), freeFrom: last }
    return slot
  })
  return { of, elements: slots.map((s) => s.elements) }
}
