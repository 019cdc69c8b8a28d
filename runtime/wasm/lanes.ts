/**
 * Running a loop over groups of systems: each group's arrays are copied in, computed with all launches, and copied out, so
 * that memory holds one group whatever the batch.
 */
import type { GroupProgram, LanesPort } from '../../codegen/targets/wasm/lanes/group'
import { compiled } from './compile'

/** Arrays by name, C order; what is float64 is rounded to float32 on its way in. */
export type Given = Readonly<Record<string, Float32Array | Float64Array>>
export type Singles = Readonly<Record<string, Float32Array>>

export interface Groups {
  readonly program: GroupProgram
  /** Bytes of WebAssembly memory. */
  readonly bytes: number
  /** Sets parameters, state, or data that is the same for all systems; it stays until it is set anew. */
  readonly load: (values: Given) => void
  /**
   * One call on a batch of any size, unless the program adds systems up: then of the size it was planned for. Gives the
   * outputs in `want` (all, if left out), written to arrays of `into` where it has them.
   */
  readonly run: (data: Given, want?: readonly string[], into?: Singles) => Singles
  /** The present value of a parameter or of state. */
  readonly read: (name: string) => Float32Array
}

const wrong = (what: string): Error => new Error(`internal: ${what}`)

// --- arrays ----------------------------------------------------------------------------------------------------------

export const portOf = ({ name: title, inputs }: GroupProgram, name: string): LanesPort => {
  const found = inputs.find((p) => p.name === name)
  if (found === undefined) throw wrong(`${title} has no input ${name}`)
  return found
}

/** What is the same for all systems goes to its place. */
export const loadInto = (program: GroupProgram, numbers: Float32Array, values: Given): void => {
  for (const [name, array] of Object.entries(values)) {
    const { address, elements, batched } = portOf(program, name)
    if (batched) throw wrong(`input ${name} is a batch, which is given with every call`)
    if (array.length !== elements) throw wrong(`input ${name} needs ${elements} numbers, got ${array.length}`)
    numbers.set(array, address / 4)
  }
}

/** The systems of a call, by the lengths of its arrays. */
export const batchOf = (program: GroupProgram, data: Given): number => {
  const { name, inputs } = program
  const sizes = inputs.filter((p) => p.batched).map((p) => (data[p.name]?.length ?? Number.NaN) / p.elements)
  const batch = sizes[0] ?? program.batch ?? 1
  if (!Number.isInteger(batch) || sizes.some((size) => size !== batch)) {
    throw wrong(`inputs of ${name} are of ${sizes.join(', ')} systems`)
  }
  if (program.batch !== null && batch !== program.batch) {
    throw wrong(`${name} is made for ${program.batch} systems, not ${batch}`)
  }
  return batch
}

/** Numbers of a port's systems, the port standing so many bytes further on. */
export const copyIn = (
  ports: readonly LanesPort[],
  numbers: Float32Array,
  data: Given,
  from: number,
  systems: number,
  offset = 0
) => {
  for (const p of ports) {
    const whole = data[p.name] as Float32Array
    numbers.set(whole.subarray(from * p.elements, (from + systems) * p.elements), (p.address + offset) / 4)
  }
}

export const copyOut = (
  ports: readonly LanesPort[],
  numbers: Float32Array,
  made: Singles,
  from: number,
  systems: number,
  offset = 0
) => {
  for (const p of ports) {
    const at = (p.address + offset) / 4
    made[p.name]?.set(numbers.subarray(at, at + systems * p.elements), from * p.elements)
  }
}

/** Arrays for the outputs in `want`: the caller's, or new ones. */
export const outputsFor = ({ outputs }: GroupProgram, want: readonly string[], batch: number, into: Singles) => {
  const wanted = outputs.filter((p) => want.includes(p.name))
  const made: Singles = Object.fromEntries(
    wanted.map((p) => [p.name, into[p.name] ?? new Float32Array(p.elements * (p.batched ? batch : 1))])
  )
  return { made, each: wanted.filter((p) => p.batched), once: wanted.filter((p) => !p.batched) }
}

export const split = (
  program: GroupProgram,
  data: Given
): { readonly once: Given; readonly each: readonly LanesPort[] } => ({
  once: Object.fromEntries(Object.entries(data).filter(([name]) => !portOf(program, name).batched)),
  each: program.inputs.filter((p) => p.batched)
})

// --- one thread ------------------------------------------------------------------------------------------------------

export interface GroupExports {
  readonly begin: () => void
  readonly run: (systems: number, offset: number) => void
  readonly end: () => void
}

/** Compile a program of groups and give it memory; `fused` as of `compiled`. Arrays of wrong lengths and names are bugs of the caller. */
export const groups = (program: GroupProgram, fused = true): Groups => {
  const instance = new WebAssembly.Instance(compiled(program.module, fused))
  const { begin, run, end, memory } = instance.exports as unknown as GroupExports & {
    readonly memory: WebAssembly.Memory
  }
  const numbers = new Float32Array(memory.buffer)
  return {
    program,
    bytes: memory.buffer.byteLength,
    load: (values) => loadInto(program, numbers, values),
    run: (data, want = program.outputs.map((o) => o.name), into = {}) => {
      const given = split(program, data)
      const batch = batchOf(program, data)
      const { made, each, once } = outputsFor(program, want, batch, into)
      loadInto(program, numbers, given.once)
      begin()
      for (let from = 0; from < batch; from += program.group) {
        const systems = Math.min(program.group, batch - from)
        copyIn(given.each, numbers, data, from, systems)
        run(systems, 0)
        copyOut(each, numbers, made, from, systems)
      }
      end()
      copyOut(once, numbers, made, 0, 1)
      return made
    },
    read: (name) => {
      const { address, elements } = portOf(program, name)
      return numbers.slice(address / 4, address / 4 + elements)
    }
  }
}
