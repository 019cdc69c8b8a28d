/**
 * Writes a solution as `.npy`, `.mtx`, `.csv` or `.json`; a reader sees the whole file or none of it.
 */
import { type FileHandle, open, rename, stat, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { type InputError, inputError, refuse } from './errors'
import * as npy from './npy'
import { type Format, formatByName } from './read'
import { systemError } from './source'

/** The shortest decimal number that reads back as the same float64; -0 keeps its sign. */
const print = (value: number): string =>
  Object.is(value, -0) ? '-0' : Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'nan' : word(value)

const word = (value: number): string => (value > 0 ? 'inf' : '-inf')

const rowsOf = (shape: readonly number[]): readonly [number, number] =>
  shape.length === 1 ? [shape[0]!, 1] : [shape[0]!, shape[1]!]

const row = (data: Float64Array, i: number, columns: number): readonly string[] =>
  Array.from(data.subarray(i * columns, (i + 1) * columns), print)

const matrixMarket = (shape: readonly number[], data: Float64Array): string => {
  const [rows, columns] = rowsOf(shape)
  const out = ['%%MatrixMarket matrix array real general', `${rows} ${columns}`]
  for (let k = 0; k < columns; k++) for (let i = 0; i < rows; i++) out.push(print(data[i * columns + k]!))
  return `${out.join('\n')}\n`
}

const csv = (shape: readonly number[], data: Float64Array): string => {
  const [rows, columns] = rowsOf(shape)
  return `${Array.from({ length: rows }, (_, i) => row(data, i, columns).join(',')).join('\n')}\n`
}

const json = (shape: readonly number[], data: Float64Array): string => {
  if (shape.length === 1) return `[${row(data, 0, data.length).join(', ')}]\n`
  const [rows, columns] = rowsOf(shape)
  return `[\n${Array.from({ length: rows }, (_, i) => `  [${row(data, i, columns).join(', ')}]`).join(',\n')}\n]\n`
}

const printers: Readonly<Record<Format, (shape: readonly number[], data: Float64Array) => string | Uint8Array>> = {
  npy: npy.write,
  mtx: matrixMarket,
  csv,
  json
}

/**
 * The bytes of a file: `x` of shape `[n]` or `[batch, n]` (a matrix of one row per system, or n x 1 for one alone).
 *
 * Errors: a format that is not known; a NaN or infinity as JSON, which has none.
 */
export const encode = (
  file: string,
  shape: readonly number[],
  data: Float64Array
): E.Either<InputError, string | Uint8Array> => {
  const format = formatByName(file)
  if (shape.length < 1 || shape.length > 2) throw new Error(`internal: rank ${shape.length}, expected 1 or 2`)
  if (shape.reduce((p, s) => p * s, 1) !== data.length) throw new Error('internal: shape and data differ in size')
  if (format === undefined) {
    return refuse(file, null, 'the extension says no known format', 'use .npy, .mtx, .csv or .json')
  }
  if (format === 'json' && !data.every(Number.isFinite)) {
    return refuse(file, null, 'JSON has no NaN or infinity', 'use .npy, .mtx or .csv')
  }
  try {
    return E.right(printers[format](shape, data))
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    return refuse(file, null, `${data.length} numbers are too many for one .${format} file`, 'use .npy')
  }
}

/** A device or pipe is written in place: a rename would replace it by a file. */
const isSpecial = async (file: string): Promise<boolean> => {
  try {
    return !(await stat(file)).isFile()
  } catch {
    return false
  }
}

const replace = async (file: string, content: string | Uint8Array): Promise<void> => {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}-${process.hrtime.bigint()}`)
  let handle: FileHandle | undefined
  try {
    handle = await open(temporary, 'wx')
    await handle.writeFile(content)
    await handle.sync()
    await handle.close()
    handle = undefined
    await rename(temporary, file)
  } catch (cause) {
    await handle?.close().catch(() => undefined)
    await unlink(temporary).catch(() => undefined)
    throw cause
  }
}

/** Writes `x` (shape `[n]` or `[batch, n]`) in the format of the extension, by a temporary file and a rename. */
export const writeArray =
  (file: string, shape: readonly number[], data: Float64Array): TE.TaskEither<InputError, void> =>
  async () => {
    const content = encode(file, shape, data)
    if (E.isLeft(content)) return content
    try {
      await ((await isSpecial(file)) ? writeFile(file, content.right) : replace(file, content.right))
      return E.right(undefined)
    } catch (cause) {
      const { reason } = systemError(file, cause, 'write')
      const missing = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ENOENT'
      return E.left(
        inputError(file, null, missing ? 'its folder does not exist' : reason.replace('to read', 'to write'))
      )
    }
  }
