/** The engine of a module: its memory holds every array, and a call of the program is one call of the module. */
import { print, type WasmProgram } from '../../codegen/targets/wasm/print'
import { type ProgramEngine, sizeOf } from '../backends/executable'
import type { Arrays } from '../backends/runtime'
import { compiled, compiling } from './compile'
import { team } from './team'

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
const launcher = (given: WasmProgram, fused: boolean) => {
  // One thread, so that the memory is the module's own and grows.
  const program = given.threads === 1 ? given : print(given.plan, { schedule: given.schedule })
  let own: WebAssembly.Instance | null = null
  return (index: number, inputs: readonly Float32Array[]): Float32Array => {
    const { plan } = program
    const launch = plan.launches[index]
    const regions = launch === undefined ? undefined : program.regions[launch.kernel]
    if (launch === undefined || regions === undefined) throw new Error(`internal: ${plan.name} has no launch ${index}`)
    own ??= new WebAssembly.Instance(compiled(program.module, fused))
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
    return out.slice()
  }
}

interface Running {
  readonly memory: WebAssembly.Memory
  readonly run: () => void | Promise<void>
  readonly close: () => Promise<void>
}

const started = async (program: WasmProgram, fused: boolean): Promise<Running> => {
  const module = await compiling(program.module, fused)
  if (program.threads === 1) {
    const { memory, run } = new WebAssembly.Instance(module).exports as unknown as Exports
    return { memory, run, close: async () => {} }
  }
  const pages = program.module.memory.pages
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  return { memory, ...(await team(module, memory, program.threads)) }
}

export const engine = async (program: WasmProgram, fused = true): Promise<ProgramEngine> => {
  const { plan, places } = program
  const { memory, run, close } = await started(program, fused)
  const placeOf = (name: string): number => {
    const at = places[name]
    if (at === undefined) throw new Error(`internal: ${name} of ${plan.name} has no place`)
    return at
  }
  const values = (name: string): Float32Array => stretch(memory, placeOf(name), sizeOf(plan, name))
  const copies = (names: readonly string[]): Arrays => Object.fromEntries(names.map((n) => [n, values(n).slice()]))
  const inputs = new Set(plan.inputs.map((i) => i.name))
  const elsewhere = plan.updates.filter(({ input, output }) => placeOf(input) !== placeOf(output))
  let launch: ReturnType<typeof launcher> | null = null
  return {
    resident: true,
    kind: program.threads === 1 ? 'simd' : `simd, ${program.threads} threads`,
    write: (input, array) => values(input).set(array),
    run: async (want) => {
      await run()
      const answer = copies(want)
      // An update may read what another one writes: what is passed on is read before anything is written.
      const passed = copies(elsewhere.flatMap(({ output }) => (inputs.has(output) ? [output] : [])))
      for (const { input, output } of elsewhere) values(input).set(passed[output] ?? values(output))
      return answer
    },
    read: async (names) => copies(names),
    launch: async (index, given) => {
      launch ??= launcher(program, fused)
      return launch(index, given)
    },
    destroy: close
  }
}
