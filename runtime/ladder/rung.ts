/** What a rung of the ladder reports. */

/** The rungs, each guarding one arrow of the compiler. */
export const rungs = {
  lowering: 'layer interpreter = lowered equations, to 1e-12',
  optimisation:
    'lowered equations = optimised equations, to 1e-12 (or 100 times what float64 rounding of the inputs does)',
  differences: 'every VJP = central differences in float64, to 1e-6',
  adjoint: '<v, J u> = <J^T v, u>, to 1e-6',
  gradient: 'derivative of the loss along u = <gradient, u>, to 1e-6',
  optimiser: 'optimiser equations = the step as its paper states it, to 1e-12',
  javascript: 'plain JavaScript float64 = equations, to 1e-12 (likewise)',
  lazy: 'cheap form of a frozen network = its tokens, normwise to 1e-12 in its interval, by the products printed',
  kernels: 'each kernel on its own inputs, within (8 + 1.5 sqrt K) u absgraph',
  forward: 'whole forward, within 32 times float32 rounding',
  vjp: 'whole VJP, within 32 times float32 rounding',
  update: 'optimiser step on given gradients and state, within 32 times float32 rounding',
  step: 'whole training step, within 32 times float32 rounding',
  batchOrder: 'systems do not see each other: reversed batch, to rounding',
  equivariance: 'permuted equations give the permuted answer, to rounding'
} as const

export type RungName = keyof typeof rungs

export interface Row {
  readonly model: string
  readonly n: number
  readonly batch: number
  readonly rung: RungName
  /** What was worst: an output, a parameter, a kernel. */
  readonly what: string
  readonly error: number
  readonly bound: number
  readonly ok: boolean
  /** Set when the rung could not be climbed at all: the sentence that says why. */
  readonly fault?: string
}
