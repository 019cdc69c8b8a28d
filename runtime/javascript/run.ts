/**
 * Running the plain JavaScript target: float64, in this process, no device. Arrays between kernels share memory by the
 * plan's slots.
 */
import type { JavaScriptProgram } from '../../codegen/targets/javascript'

export type Arrays = Readonly<Record<string, Float64Array>>

export interface Float64Executable {
  /**
   * All outputs for the given parameters, state and data. The arrays belong to the program and are overwritten by its next
   * call: copy what must last.
   */
  readonly run: (inputs: Arrays) => Readonly<Record<string, Float64Array>>
}

type Kernel = (out: Float64Array, ...inputs: readonly Float64Array[]) => void

/** Texts of the compiler's own making become functions; no other text reaches this line. */
const load = (source: string): Kernel => new Function(`return (${source})`)() as Kernel

export const load64 = (program: JavaScriptProgram): Float64Executable => {
  const { plan } = program
  const kernels = program.functions.map(load)
  const memory = plan.slots.map((elements) => new Float64Array(elements))
  const arrays: Record<string, Float64Array> = {}
  for (const b of plan.buffers) arrays[b.name] = (memory[b.slot] as Float64Array).subarray(0, b.elements)
  const lengths = plan.inputs.map((i) => [i.name, i.dims.reduce((p, q) => p * q, 1)] as const)
  const calls = plan.launches.map((l) => ({ kernel: kernels[l.kernel] as Kernel, inputs: l.inputs, output: l.output }))
  return {
    run: (inputs) => {
      for (const [name, length] of lengths) {
        const given = inputs[name]
        if (given === undefined || given.length !== length) {
          throw new Error(`internal: input ${name} needs ${length} numbers, got ${given?.length ?? 'none'}`)
        }
        arrays[name] = given
      }
      for (const v of plan.views) {
        const length = v.dims.reduce((p, q) => p * q, 1)
        arrays[v.name] = (arrays[v.of] as Float64Array).subarray(v.offset, v.offset + length)
      }
      for (const c of calls)
        c.kernel(arrays[c.output] as Float64Array, ...c.inputs.map((i) => arrays[i] as Float64Array))
      return Object.fromEntries(plan.outputs.map((o) => [o.name, arrays[o.name] as Float64Array]))
    }
  }
}
