/**
 * Datasets on disk: opened by their manifest, read system by system, never whole.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as TE from 'fp-ts/TaskEither'

import { show as showDecode } from '../../spec/decoder'
import { type InputError, inputError, refuse } from '../io/errors'
import * as npy from '../io/npy'
import { readBytes, systemError } from '../io/source'
import type { Sample } from '../sample/sample'
import { decode, type FileName, fileNames, type Manifest, manifestName, shapeOf, widthOf } from './manifest'

// --- model -----------------------------------------------------------------------------------------------------------

export interface Dataset {
  readonly folder: string
  /** SHA-256 of the manifest, which holds the checksums of all files: what was drawn in the same way has the same. */
  readonly id: string
  readonly manifest: Manifest
  readonly count: number
  readonly n: number
  /** The systems of these numbers, from 0 to count - 1, in this order, as float64; a Left where a file fails. */
  readonly read: (indices: readonly number[]) => TE.TaskEither<InputError, Sample>
  readonly close: () => Promise<void>
}

/** An open file of rows that are all of one length. */
interface Rows {
  readonly file: string
  readonly handle: FileHandle
  /** Where the first row begins. */
  readonly start: number
  /** Numbers of a row, and the bytes of one. */
  readonly length: number
  readonly width: 4 | 8
}

type Result<A> = E.Either<InputError, A>

const mostManifest = 2 ** 20

// --- opening ---------------------------------------------------------------------------------------------------------

/** The manifest, and the SHA-256 of its text. */
interface Found {
  readonly manifest: Manifest
  readonly id: string
}

const readManifest = async (folder: string): Promise<Result<Found>> => {
  const file = path.join(folder, manifestName)
  const bytes = await readBytes(file, mostManifest)()
  if (E.isLeft(bytes)) {
    return bytes.left.reason === 'there is no such file'
      ? refuse(
          folder,
          null,
          `holds no ${manifestName}`,
          'ansatz sample writes datasets; one that was cut short has none'
        )
      : bytes
  }
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes.right))
  } catch {
    return refuse(file, null, 'is not JSON')
  }
  return pipe(
    decode(value),
    E.bimap(
      (error) => inputError(file, null, showDecode(error)),
      (manifest) => ({ manifest, id: createHash('sha256').update(bytes.right).digest('hex') })
    )
  )
}

/** Fills `into` from a place in a file; false where the file ends before. */
const readFully = async (handle: FileHandle, into: Uint8Array, place: number): Promise<boolean> => {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, into.length - at, place + at)
    if (bytesRead === 0) return false
    at += bytesRead
  }
  return true
}

const openRows = async (folder: string, name: FileName, manifest: Manifest): Promise<Result<Rows>> => {
  const file = path.join(folder, name)
  const shape = shapeOf(name, manifest)
  const width = widthOf(name, manifest.dtype)
  const expected = npy.header(shape, width)
  let handle: FileHandle | undefined
  const end = async (error: E.Either<InputError, never>): Promise<Result<Rows>> => {
    await handle?.close().catch(() => undefined)
    return error
  }
  try {
    handle = await open(file, 'r')
    const { size } = await handle.stat()
    const { bytes } = manifest.files[name]
    if (size !== bytes) {
      const how = size < bytes ? 'is cut off' : 'is too long'
      return end(refuse(file, null, `${how}: it has ${size} bytes, and ${bytes} by ${manifestName}`))
    }
    const head = new Uint8Array(expected.length)
    if (!(await readFully(handle, head, 0)) || Buffer.compare(head, expected) !== 0) {
      const what = `float${8 * width} of shape (${shape.join(', ')})`
      return end(refuse(file, null, `does not begin as a .npy file of ${what}, which ${manifestName} says it is`))
    }
    const length = shape.slice(1).reduce((p, s) => p * s, 1)
    if (size !== expected.length + manifest.count * length * width) {
      return end(refuse(file, null, `its ${size} bytes are not those of ${manifest.count} systems`))
    }
    return E.right({ file, handle, start: expected.length, length, width })
  } catch (cause) {
    return end(E.left(systemError(file, cause, 'read')))
  }
}

// --- reading ---------------------------------------------------------------------------------------------------------

/** Runs of consecutive indices, as `[where in the list, first index, how many]`: each is one read. */
const runsOf = (indices: readonly number[]): readonly (readonly [at: number, first: number, many: number])[] => {
  const runs: [number, number, number][] = []
  for (const [at, index] of indices.entries()) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] + last[2] === index) last[2]++
    else runs.push([at, index, 1])
  }
  return runs
}

const readRows = async (rows: Rows, indices: readonly number[]): Promise<Result<Float64Array>> => {
  const { file, handle, start, length, width } = rows
  const out = width === 8 ? new Float64Array(indices.length * length) : new Float32Array(indices.length * length)
  const bytes = new Uint8Array(out.buffer)
  const row = length * width
  try {
    for (const [at, first, many] of runsOf(indices)) {
      const into = bytes.subarray(at * row, (at + many) * row)
      if (!(await readFully(handle, into, start + first * row)))
        return refuse(file, null, 'was cut off while it was read')
    }
  } catch (cause) {
    return E.left(systemError(file, cause, 'read'))
  }
  return E.right(out instanceof Float64Array ? out : Float64Array.from(out))
}

const closeAll = async (files: readonly Rows[]): Promise<void> => {
  for (const { handle } of files) await handle.close().catch(() => undefined)
}

/**
 * Opens the dataset in a folder. A Left names the folder that holds none, or the file that is missing, cut off, of another
 * shape than the manifest says, or no `.npy` file; `verify` also compares what is in them.
 */
export const openDataset =
  (folder: string): TE.TaskEither<InputError, Dataset> =>
  async () => {
    const found = await readManifest(folder)
    if (E.isLeft(found)) return found
    const { manifest, id } = found.right
    const { count, n } = manifest
    const files: Rows[] = []
    for (const name of fileNames) {
      const rows = await openRows(folder, name, manifest)
      if (E.isLeft(rows)) {
        await closeAll(files)
        return rows
      }
      files.push(rows.right)
    }
    const read: Dataset['read'] = (indices) => async () => {
      const wrong = indices.find((index) => !(Number.isSafeInteger(index) && index >= 0 && index < count))
      if (wrong !== undefined) throw new Error(`internal: system ${wrong} of a dataset of ${count}`)
      const parts: Float64Array[] = []
      for (const rows of files) {
        const part = await readRows(rows, indices)
        if (E.isLeft(part)) return part
        parts.push(part.right)
      }
      const [A, b, x, coefficients] = parts as [Float64Array, Float64Array, Float64Array, Float64Array]
      return E.right({ n, batch: indices.length, A, b, x, coefficients })
    }
    return E.right({ folder, id, manifest, count, n, read, close: () => closeAll(files) })
  }

// --- verifying -------------------------------------------------------------------------------------------------------

const stretch = 2 ** 22

/** Reads every file of an open dataset once and compares its SHA-256 with the manifest's; a Left names the first that differs. */
export const verify =
  (dataset: Dataset, onProgress: (done: number, total: number) => void = () => {}): TE.TaskEither<InputError, void> =>
  async () => {
    const { folder, manifest } = dataset
    const total = fileNames.reduce((sum, name) => sum + manifest.files[name].bytes, 0)
    const buffer = new Uint8Array(stretch)
    let done = 0
    for (const name of fileNames) {
      const file = path.join(folder, name)
      const { bytes, sha256 } = manifest.files[name]
      const hash = createHash('sha256')
      let handle: FileHandle | undefined
      try {
        handle = await open(file, 'r')
        for (let at = 0; at < bytes; ) {
          const { bytesRead } = await handle.read(buffer, 0, Math.min(stretch, bytes - at), at)
          if (bytesRead === 0) return refuse(file, null, 'was cut off while it was read')
          hash.update(buffer.subarray(0, bytesRead))
          at += bytesRead
          done += bytesRead
          onProgress(done, total)
        }
      } catch (cause) {
        return E.left(systemError(file, cause, 'read'))
      } finally {
        await handle?.close().catch(() => undefined)
      }
      if (hash.digest('hex') !== sha256) {
        return refuse(file, null, `its checksum is not the one in ${manifestName}: it was changed or damaged`)
      }
    }
    return E.right(undefined)
  }
