/** The memory that a plan takes, known before anything runs. */
import type { Plan } from './plan'

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

const total = (sizes: readonly number[]): number => sizes.reduce((p, q) => p + q, 0)

/**
 * Bytes of float32 that a plan's arrays take while it runs: its inputs, the slots that its values share by lifetime, and the
 * outputs that are handed out. What a target adds is small: panels of its matrix products, the module, whole pages.
 */
export const peakBytes = ({ inputs, slots, outputs }: Plan): number =>
  4 * (total(inputs.map(({ dims }) => product(dims))) + total(slots) + total(outputs.map(({ dims }) => product(dims))))
