/**
 * Running a loop over groups of systems: each group's arrays are copied in, computed with all launches, and copied out, so
 * that memory holds one group whatever the batch.
 */
import { encode } from '../../codegen/targets/wasm/encode'
import type { GroupProgram, LanesPort } from '../../codegen/targets/wasm/lanes/group'

/** Arrays by name, C order; what is float64 is rounded to float32 on its way in. */
export type Given = Readonly<Record<string, Float32Array | Float64Array>>

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
  readonly run: (
    data: Given,
    want?: readonly string[],
    into?: Readonly<Record<string, Float32Array>>
  ) => Readonly<Record<string, Float32Array>>
  /** The present value of a parameter or of state. */
  readonly read: (name: string) => Float32Array
}

interface Exports {
  readonly memory: WebAssembly.Memory
  readonly begin: () => void
  readonly run: (systems: number) => void
  readonly end: () => void
}

const wrong = (what: string): Error => new Error(`internal: ${what}`)

/** Compile a program of groups and give it memory. Arrays of wrong lengths and names are bugs of the caller. */
export const groups = (program: GroupProgram): Groups => {
  const { name: title, inputs, outputs } = program
  const instance = new WebAssembly.Instance(new WebAssembly.Module(encode(program.module)))
  const { memory, begin, run, end } = instance.exports as unknown as Exports
  const numbers = new Float32Array(memory.buffer)
  const byName = new Map(inputs.map((p) => [p.name, p]))

  const portOf = (name: string): LanesPort => {
    const found = byName.get(name)
    if (found === undefined) throw wrong(`${title} has no input ${name}`)
    return found
  }
  const load = (values: Given): void => {
    for (const [name, array] of Object.entries(values)) {
      const { address, elements, batched } = portOf(name)
      if (batched) throw wrong(`input ${name} is a batch, which is given with every call`)
      if (array.length !== elements) throw wrong(`input ${name} needs ${elements} numbers, got ${array.length}`)
      numbers.set(array, address / 4)
    }
  }
  const batchOf = (data: Given): number => {
    const sizes = inputs.filter((p) => p.batched).map((p) => (data[p.name]?.length ?? Number.NaN) / p.elements)
    const batch = sizes[0] ?? program.batch ?? 1
    if (!Number.isInteger(batch) || sizes.some((size) => size !== batch)) {
      throw wrong(`inputs of ${title} are of ${sizes.join(', ')} systems`)
    }
    if (program.batch !== null && batch !== program.batch) {
      throw wrong(`${title} is made for ${program.batch} systems, not ${batch}`)
    }
    return batch
  }

  return {
    program,
    bytes: memory.buffer.byteLength,
    load,
    run: (data, want = outputs.map((o) => o.name), into = {}) => {
      const once = Object.entries(data).filter(([name]) => !portOf(name).batched)
      load(Object.fromEntries(once))
      const batch = batchOf(data)
      const given = inputs.filter((p) => p.batched)
      const wanted = outputs.filter((p) => want.includes(p.name))
      const made = new Map(
        wanted.map((p) => [p.name, into[p.name] ?? new Float32Array(p.elements * (p.batched ? batch : 1))])
      )
      begin()
      for (let from = 0; from < batch; from += program.group) {
        const systems = Math.min(program.group, batch - from)
        for (const p of given) {
          const whole = data[p.name] as Float32Array
          numbers.set(whole.subarray(from * p.elements, (from + systems) * p.elements), p.address / 4)
        }
        run(systems)
        for (const p of wanted) {
          if (!p.batched) continue
          const at = p.address / 4
          made.get(p.name)?.set(numbers.subarray(at, at + systems * p.elements), from * p.elements)
        }
      }
      end()
      for (const p of wanted) {
        if (!p.batched) made.get(p.name)?.set(numbers.subarray(p.address / 4, p.address / 4 + p.elements))
      }
      return Object.fromEntries(made)
    },
    read: (name) => {
      const { address, elements } = portOf(name)
      return numbers.slice(address / 4, address / 4 + elements)
    }
  }
}
