/** Equations put in the place of others, as a schedule does that computes something in several steps. */
import type { Equation, Equations, Tensor } from './equation'

/**
 * Every equation for which `steps` gives some replaced by those, of which the last defines what it defined and the others values
 * of their own; `null` leaves it. The same object where all are left.
 */
export const replaced = (e: Equations, steps: (eq: Equation) => readonly Equation[] | null): Equations => {
  const tensors: Record<string, Tensor> = { ...e.tensors }
  let changed = false
  const equations = e.equations.flatMap((eq): readonly Equation[] => {
    const made = steps(eq)
    if (made === null) return [eq]
    changed = true
    for (const { defines, over } of made.slice(0, -1)) {
      tensors[defines] = { name: defines, role: 'value', dims: over.map((i) => i.dim) }
    }
    return made
  })
  return changed ? { ...e, tensors, equations } : e
}
