/** One launch of a plan as a plan of its own, to run a kernel by itself. */

import type { Plan, PlanKernel } from '../../codegen/plan'
import * as Dim from '../../spec/dim'

const product = (dims: readonly number[]): number => dims.reduce((p, q) => p * q, 1)

/** The kernel of launch number `at`: its parameters, by label, are data, and its result is the output `label`. */
export const alone = (plan: Plan, at: number): Plan => {
  const kernel = plan.kernels[plan.launches[at]?.kernel ?? -1] as PlanKernel
  const sizes = (dims: readonly Dim.Dim[]): readonly number[] =>
    dims.map((d) => {
      const value = Dim.evaluate(plan.sizes)(d)
      if (value._tag === 'Left') throw new Error(`internal: the size ${value.left} has no value`)
      return value.right
    })
  const dims = sizes(kernel.over.map((i) => i.dim))
  const name = `${kernel.name} result`
  const labels = kernel.parameters.map((p) => p.label)
  return {
    ...plan,
    name: kernel.name,
    inputs: kernel.parameters.map((p) => ({ name: p.label, role: 'data', dims: sizes(p.axes) })),
    views: [],
    kernels: [kernel],
    launches: [{ kernel: 0, inputs: labels, output: name }],
    buffers: [{ name, dims, elements: product(dims), first: 0, last: 1, slot: 0 }],
    slots: [product(dims)],
    outputs: [{ name, dims }],
    updates: []
  }
}
