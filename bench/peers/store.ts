/** Operands and references as files, made once for each case: contestants read the former, the check the latter. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import type { StoredArray } from './contestant'
import type { Case, Stored } from './workload'

export interface Kept {
  readonly arrays: Readonly<Record<string, StoredArray>>
  readonly references: Readonly<Record<string, Stored>>
}

type View = Float32Array | Float64Array

const bytesOf = (values: View): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

export const readDoubles = (file: string): Float64Array => {
  const bytes = readFileSync(file)
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

export const readSingles = (file: string): Float32Array => {
  const bytes = readFileSync(file)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

/** A name for a case that changes with anything that its arrays depend on; `sources` are the texts that compute them. */
export const keyOf = ({ workload, sizes }: Case, sources: readonly string[]): string => {
  const hash = createHash('sha256').update(JSON.stringify({ workload, sizes }))
  for (const text of sources) hash.update(text)
  return `${workload}-${hash.digest('hex').slice(0, 16)}`
}

/** The case's files in `folder`, made if they are not there yet; an interrupted making leaves nothing that counts. */
export const keep = (of: Case, folder: string, sources: readonly string[]): Kept => {
  const home = path.join(folder, keyOf(of, sources))
  const index = path.join(home, 'index.json')
  if (existsSync(index)) return JSON.parse(readFileSync(index, 'utf8')) as Kept
  mkdirSync(home, { recursive: true })
  const { operands, references } = of.make()
  let count = 0
  const write = (values: View, kind: string): string => {
    const file = path.join(home, `${count++}.${kind}`)
    writeFileSync(file, bytesOf(values))
    return file
  }
  const entries = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Readonly<Record<string, B>> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]))
  const kept: Kept = {
    arrays: entries(operands, ({ values, dims }) => ({ file: write(values, 'f32'), dims })),
    references: entries(references, ({ values, tolerance }) => ({ file: write(values, 'f64'), tolerance }))
  }
  writeFileSync(`${index}.part`, JSON.stringify(kept))
  renameSync(`${index}.part`, index)
  return kept
}
