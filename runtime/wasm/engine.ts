/** One thread's engine: the module's memory holds every array, and a call of the program is one call of the module. */
import type { WasmProgram } from '../../codegen/targets/wasm/print'
import { type ResidentEngine, sizeOf } from '../backends/resident'
import type { Arrays } from '../backends/runtime'

interface Exports {
  readonly memory: WebAssembly.Memory
  readonly run: () => void
}

type Region = (...places: readonly number[]) => void

const pageBytes = 65536

/** A stretch of the memory as numbers. */
const stretch = (memory: WebAssembly.Memory, at: number, elements: number): Float32Array =>
  new Float32Array(memory.buffer, at, elements)

/** Runs single launches in a memory of their own, so that no array of the program is touched. */
const launcher = (program: WasmProgram, module: WebAssembly.Module) => {
  let own: WebAssembly.Instance | null = null
  return (index: number, inputs: readonly Float32Array[]): Float32Array => {
    const { plan } = program
    const launch = plan.launches[index]
    const regions = launch === undefined ? undefined : program.regions[launch.kernel]
    if (launch === undefined || regions === undefined) throw new Error(`internal: ${plan.name} has no launch ${index}`)
    own ??= new WebAssembly.Instance(module)
    const { memory } = own.exports as unknown as Exports
    const elements = [sizeOf(plan, launch.output), ...inputs.map((array) => array.length)]
    let end = 64
    const places = elements.map((length) => {
      const at = end
      end += Math.ceil((4 * length) / 64) * 64
      return at
    })
    const needed = end + program.panel.bytes - memory.buffer.byteLength
    if (needed > 0) memory.grow(Math.ceil(needed / pageBytes))
    for (const [k, array] of inputs.entries()) stretch(memory, places[k + 1] ?? 0, array.length).set(array)
    const out = stretch(memory, places[0] ?? 0, elements[0] ?? 0)
    // What a kernel does not write must not pass for what an earlier launch wrote.
    out.fill(Number.NaN)
    for (const { name, units } of regions) (own.exports[name] as Region)(...places, end, 0, units)
    return stretch(memory, places[0] ?? 0, elements[0] ?? 0).slice()
  }
}

export const singleThread = (program: WasmProgram, module: WebAssembly.Module): ResidentEngine => {
  const { plan, places } = program
  const instance = new WebAssembly.Instance(module)
  const { memory, run } = instance.exports as unknown as Exports
  const placeOf = (name: string): number => {
    const at = places[name]
    if (at === undefined) throw new Error(`internal: ${name} of ${plan.name} has no place`)
    return at
  }
  const values = (name: string): Float32Array => stretch(memory, placeOf(name), sizeOf(plan, name))
  const launch = launcher(program, module)
  const copies = (names: readonly string[]): Arrays => Object.fromEntries(names.map((n) => [n, values(n).slice()]))
  return {
    kind: 'simd',
    write: (input, array) => values(input).set(array),
    run: async (want) => {
      run()
      const answer = copies(want)
      // An update may read what another one writes: all are read before any is written.
      const next = plan.updates.map(({ input, output }) => [input, output] as const)
      const passed = new Map(
        next.filter(([, output]) => plan.inputs.some((i) => i.name === output)).map(([, o]) => [o, values(o).slice()])
      )
      for (const [input, output] of next) values(input).set(passed.get(output) ?? values(output))
      return answer
    },
    read: async (inputs) => copies(inputs),
    launch: async (index, inputs) => launch(index, inputs),
    destroy: async () => {}
  }
}
