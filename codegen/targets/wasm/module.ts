/** A WebAssembly module: a memory, functions over it, and what the outside may call. */
import type { ValueType } from './operations'
import type { Local, Statement } from './tree'

export interface Func {
  readonly name: string
  readonly params: readonly Local[]
  readonly result: ValueType | null
  /** With a result, every path ends in `giveBack(value)`. */
  readonly body: readonly Statement[]
  /** Whether the outside may call it, by its name. */
  readonly exported: boolean
}

/** Linear memory in pages of 64 KiB. An imported one comes as `env.memory`; any other is exported as `memory`. */
export interface Memory {
  readonly pages: number
  readonly most: number | null
  readonly imported: boolean
  /** Shared among threads; needs `most`. */
  readonly shared: boolean
}

export interface Module {
  readonly memory: Memory
  readonly functions: readonly Func[]
}

export const pageBytes = 65536

export const func = (
  name: string,
  params: readonly Local[],
  result: ValueType | null,
  body: readonly Statement[],
  exported = true
): Func => ({ name, params, result, body, exported })

export const module = (memory: Memory, functions: readonly Func[]): Module => ({ memory, functions })
