/**
 * Writing datasets: systems are drawn and appended in chunks, so that memory does not grow with their number; the manifest
 * comes last, and without one a folder is no dataset.
 */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import type { Family } from '../../spec/family'
import { type InputError, inputError, refuse } from '../io/errors'
import * as npy from '../io/npy'
import { systemError } from '../io/source'
import { draw } from '../sample/draw'
import type { Sample } from '../sample/sample'
import {
  type Dtype,
  encode,
  type FileEntry,
  type FileName,
  fileNames,
  keyOf,
  type Manifest,
  manifestName,
  shapeOf,
  widthOf
} from './manifest'

// --- model -----------------------------------------------------------------------------------------------------------

export interface WriteOptions {
  readonly family: Family
  readonly seed: number
  readonly count: number
  readonly n: number
  readonly dtype: Dtype
  /** Replace what an earlier call wrote to the folder. */
  readonly force?: boolean
  /** Ends the work early; what was written goes. */
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

export type Written = { readonly _tag: 'written'; readonly manifest: Manifest } | { readonly _tag: 'interrupted' }

interface Growing {
  readonly file: string
  readonly handle: FileHandle
  readonly hash: Hash
  bytes: number
}

// --- files -----------------------------------------------------------------------------------------------------------

/** Numbers of A that are drawn at once: 4 MB. */
const chunkNumbers = 2 ** 19

const append = async (to: Growing, bytes: Uint8Array): Promise<void> => {
  to.hash.update(bytes)
  for (let at = 0; at < bytes.length; ) at += (await to.handle.write(bytes, at)).bytesWritten
  to.bytes += bytes.length
}

const bytesOf = (values: Float64Array, width: 4 | 8): Uint8Array => {
  const stored = width === 8 ? values : Float32Array.from(values)
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
}

const partOf = (name: FileName, sample: Sample): Float64Array => {
  switch (name) {
    case 'A.npy':
      return sample.A
    case 'b.npy':
      return sample.b
    case 'x.npy':
      return sample.x
    case 'coefficients.npy':
      return sample.coefficients ?? new Float64Array()
  }
}

const exists = async (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false
  )

/** What an earlier call left in the folder, or nothing. */
const present = async (folder: string): Promise<readonly string[]> => {
  const found: string[] = []
  for (const name of [manifestName, ...fileNames]) if (await exists(path.join(folder, name))) found.push(name)
  return found
}

const taken = (folder: string, names: readonly string[]): E.Either<InputError, never> =>
  names.includes(manifestName)
    ? refuse(folder, null, 'holds a dataset already', 'give another folder, or --force to replace it')
    : refuse(
        folder,
        null,
        `holds ${names[0]} but no ${manifestName}: an unfinished dataset, or files of another origin`,
        'give another folder, or --force to replace them'
      )

const clear = async (folder: string): Promise<void> => {
  // The manifest goes first: a folder without one does not open.
  for (const name of [manifestName, ...fileNames]) await rm(path.join(folder, name), { force: true })
}

const begin = async (folder: string, name: FileName, o: WriteOptions): Promise<Growing> => {
  const file = path.join(folder, name)
  const to = { file, handle: await open(file, 'wx'), hash: createHash('sha256'), bytes: 0 }
  await append(to, npy.header(shapeOf(name, o), widthOf(name, o.dtype)))
  return to
}

const finish = async (to: Growing): Promise<FileEntry> => {
  await to.handle.sync()
  return { bytes: to.bytes, sha256: to.hash.digest('hex') }
}

const writeManifest = async (folder: string, manifest: Manifest): Promise<void> => {
  const temporary = path.join(folder, `.${manifestName}.${process.pid}.tmp`)
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(encode(manifest))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path.join(folder, manifestName))
}

// --- writing ---------------------------------------------------------------------------------------------------------

const sentence = (folder: string, cause: unknown): InputError => {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  const own =
    code === 'ENOSPC'
      ? 'the disk is full'
      : code === 'ENOENT' || code === 'EEXIST' || code === 'ENOTDIR'
        ? 'a part of the path is a file, expected a folder'
        : systemError(folder, cause, 'write').reason.replace('to read', 'to write')
  return inputError(folder, null, own)
}

/** Whether it was written to the end, or a sentence on what is wrong with the systems. */
type Filled = E.Either<string, 'whole' | 'interrupted'>

/** Stored as float32, numbers beyond its range are infinite. */
const isFiniteIn =
  (dtype: Dtype) =>
  (value: number): boolean =>
    Number.isFinite(dtype === 'float32' ? Math.fround(value) : value)

/** The first system with a number that is not finite, counted in the sample, or -1. */
const overflown = ({ A, b, x, n, batch }: Sample, dtype: Dtype): number => {
  const sound = isFiniteIn(dtype)
  for (let s = 0; s < batch; s++) {
    const rows = [
      A.subarray(s * n * n, (s + 1) * n * n),
      b.subarray(s * n, (s + 1) * n),
      x.subarray(s * n, (s + 1) * n)
    ]
    if (!rows.every((row) => row.every(sound))) return s
  }
  return -1
}

/** Draws every chunk and appends it. */
const fill = async (files: Readonly<Record<FileName, Growing>>, o: WriteOptions): Promise<Filled> => {
  const { family, n, count } = o
  const chunk = Math.max(1, Math.floor(chunkNumbers / (n * n)))
  for (let from = 0; from < count; from += chunk) {
    const sample = draw(family, keyOf(o.seed), { n, batch: Math.min(chunk, count - from), from })
    const bad = overflown(sample, o.dtype)
    if (bad >= 0) return E.left(`system ${from + bad} overflows ${o.dtype}: the numbers of the family are too large`)
    for (const name of fileNames) await append(files[name], bytesOf(partOf(name, sample), widthOf(name, o.dtype)))
    o.onProgress?.(from + sample.batch, count)
    // Signals have their turn between two chunks.
    await new Promise((done) => setImmediate(done))
    if (o.signal?.aborted === true) return E.right('interrupted')
  }
  return E.right('whole')
}

/**
 * Draws systems of a family and writes them to a folder, which is made if it is not there: `A.npy` [count, n, n], `b.npy`
 * and `x.npy` [count, n], `coefficients.npy` [count, names], and `manifest.json` with the sizes and checksums of them.
 * The same options write the same bytes.
 *
 * A Left names the folder where it holds a dataset or an unfinished one (unless `force`), cannot be written, or would hold a
 * system that is not finite; what was written until then goes.
 */
export const writeDataset =
  (folder: string, o: WriteOptions): TE.TaskEither<InputError, Written> =>
  async () => {
    const growing: Growing[] = []
    let own = false
    try {
      await mkdir(folder, { recursive: true })
      const names = await present(folder)
      if (names.length > 0 && o.force !== true) return taken(folder, names)
      own = true
      await clear(folder)
      const made: Partial<Record<FileName, Growing>> = {}
      for (const name of fileNames) {
        const file = await begin(folder, name, o)
        growing.push(file)
        made[name] = file
      }
      const filled = await fill(made as Record<FileName, Growing>, o)
      const entries: Partial<Record<FileName, FileEntry>> = {}
      for (const name of fileNames) entries[name] = await finish(made[name]!)
      for (const { handle } of growing.splice(0)) await handle.close()
      if (E.isLeft(filled) || filled.right === 'interrupted' || o.signal?.aborted === true) {
        await clear(folder)
        return E.isLeft(filled) ? refuse(folder, null, filled.left) : E.right({ _tag: 'interrupted' })
      }
      const { family, seed, count, n, dtype } = o
      const manifest = { family, seed, count, n, dtype, files: entries as Record<FileName, FileEntry> }
      await writeManifest(folder, manifest)
      return E.right({ _tag: 'written', manifest })
    } catch (cause) {
      for (const { handle } of growing) await handle.close().catch(() => undefined)
      if (own) await clear(folder).catch(() => undefined)
      // A fault of our own is no fault of the folder's.
      if (cause instanceof Error && cause.message.startsWith('internal:')) throw cause
      return E.left(sentence(folder, cause))
    }
  }
