/**
 * Arrays and linear systems from files, folders and standard input.
 */
import path from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as csv from './csv'
import { byte, type InputError, inputError, line, refuse } from './errors'
import * as json from './json'
import * as matrixMarket from './matrix-market'
import * as npy from './npy'
import { isBlank, markLength, NEWLINE, text } from './scan'
import { fileNames, isFolder, MAX_BYTES, readBytes, STDIN } from './source'
import { type Limits, NO_LIMITS_GIVEN, type SystemFile, system } from './system'
import type { NdTable, Table } from './table'

// --- model -----------------------------------------------------------------------------------------------------------

export type Format = 'mtx' | 'npy' | 'csv' | 'json'

/** What one file holds: a matrix or array, and for JSON perhaps a right-hand side. */
export interface ArrayFile {
  readonly _tag: 'ArrayFile'
  readonly name: string
  readonly format: Format
  readonly A: Table | NdTable
  readonly b: NdTable | null
}

// --- one file --------------------------------------------------------------------------------------------------------

const EXTENSIONS: Readonly<Record<string, Format>> = {
  '.mtx': 'mtx',
  '.mm': 'mtx',
  '.npy': 'npy',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.json': 'json'
}

/** The format that a file name says by its extension. */
export const formatByName = (name: string): Format | undefined => {
  const extension = path.extname(name).toLowerCase()
  return Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined
}

const CSV_BEGINS = new Set([...'0123456789+-.#nNiI'])

/** The format that the first bytes say. */
export const formatByContent = (bytes: Uint8Array): Format | undefined => {
  let at = markLength(bytes)
  while (at < bytes.length && (isBlank(bytes[at]!) || bytes[at] === NEWLINE)) at++
  const begin = text(bytes, at, at + 14)
  if (begin.toLowerCase() === '%%matrixmarket') return 'mtx'
  if (begin.startsWith('\x93NUMPY')) return 'npy'
  if (begin.startsWith('{') || begin.startsWith('[')) return 'json'
  return CSV_BEGINS.has(begin.slice(0, 1)) ? 'csv' : undefined
}

const FORMATS = 'expected Matrix Market (.mtx), .npy, .csv or .json'

const parsers: Readonly<Record<Format, (name: string, bytes: Uint8Array) => E.Either<InputError, ArrayFile>>> = {
  mtx: (name, bytes) => E.map((A: Table) => arrayFile(name, 'mtx', A))(matrixMarket.parse(name, bytes)),
  npy: (name, bytes) => E.map((A: NdTable) => arrayFile(name, 'npy', A))(npy.parse(name, bytes)),
  csv: (name, bytes) => E.map((A: Table) => arrayFile(name, 'csv', A))(csv.parse(name, bytes)),
  json: (name, bytes) => E.map((s: json.JsonSystem) => arrayFile(name, 'json', s.A, s.b))(json.parse(name, bytes))
}

const arrayFile = (name: string, format: Format, A: Table | NdTable, b: NdTable | null = null): ArrayFile => ({
  _tag: 'ArrayFile',
  name,
  format,
  A,
  b
})

const unknown = (name: string, bytes: Uint8Array): E.Either<InputError, never> =>
  text(bytes, 0, 2) === 'PK'
    ? refuse(name, byte(0), 'is an archive (.npz or .zip), which is not read', 'unpack it and give one .npy of it')
    : refuse(name, line(1), 'neither the extension nor the first line says a known format', FORMATS)

/** Where a bare list of numbers is taken for a table; elsewhere it might be any format's. */
const mayBeTable = (name: string): boolean =>
  name === STDIN || ['.txt', '.dat'].includes(path.extname(name).toLowerCase())

/** Parses bytes by the extension of `name`, else by their first characters. */
export const parseArray = (name: string, bytes: Uint8Array): E.Either<InputError, ArrayFile> => {
  const content = formatByContent(bytes)
  const format = formatByName(name) ?? (content === 'csv' && !mayBeTable(name) ? undefined : content)
  if (format === undefined) return unknown(name, bytes)
  const parsed = parsers[format](name, bytes)
  if (E.isRight(parsed) || content === undefined || content === format || content === 'csv') return parsed
  return E.left(inputError(name, parsed.left.place, parsed.left.reason, `its content looks like .${content}`))
}

/** Reads one file, or standard input for `-`. */
export const readArray = (file: string, maxBytes: number = MAX_BYTES): TE.TaskEither<InputError, ArrayFile> =>
  pipe(
    readBytes(file, maxBytes),
    TE.flatMapEither((bytes) => parseArray(file === '-' ? STDIN : file, bytes))
  )

// --- systems ---------------------------------------------------------------------------------------------------------

/**
 * Reads `A x = b`: one system, or a batch of one size where `A` has the shape `[batch, n, n]`.
 *
 * Without a right-hand side, `b = A * ones` (see `system`).
 */
export const readSystem = (
  aPath: string,
  bPath?: string,
  limits: Limits = NO_LIMITS_GIVEN
): TE.TaskEither<InputError, SystemFile> => {
  if (aPath === '-' && bPath === '-') {
    return TE.left(inputError(STDIN, null, 'only one of A and b can come from standard input'))
  }
  return pipe(
    readArray(aPath, limits.maxBytes),
    TE.flatMap((a) => {
      if (bPath === undefined) return TE.fromEither(system(a.name, a.A, a.b, limits))
      if (a.b !== null) {
        return TE.left(inputError(a.name, null, `holds a right-hand side, and ${bPath} is another`, 'give only one'))
      }
      return pipe(
        readArray(bPath, limits.maxBytes),
        TE.flatMapEither((b) => (b.b === null ? E.right(b.A) : refuse(b.name, null, 'is a system, expected only b'))),
        TE.flatMapEither((b) => system(a.name, a.A, b, limits))
      )
    })
  )
}

/** One matrix of a folder and its right-hand side. */
export interface FolderEntry {
  readonly a: string
  readonly b: string | undefined
}

const RIGHT_HAND_SIDE = ['.rhs', '.b'] as const

const stem = (name: string): string => name.slice(0, name.length - path.extname(name).length)

/** The matrices of a folder, sorted by name: `NAME.rhs.EXT` or `NAME.b.EXT` is the right-hand side of `NAME.EXT`. */
export const listFolder = (folder: string): TE.TaskEither<InputError, readonly FolderEntry[]> =>
  pipe(
    fileNames(folder),
    TE.flatMapEither((names) => {
      const known = names.filter((name) => formatByName(name) !== undefined)
      const isSide = (name: string): boolean => RIGHT_HAND_SIDE.some((mark) => stem(name).endsWith(mark))
      const entries: FolderEntry[] = []
      for (const name of known.filter((n) => !isSide(n))) {
        const sides = known.filter((n) => RIGHT_HAND_SIDE.some((mark) => stem(n) === `${stem(name)}${mark}`))
        const same = sides.filter((n) => path.extname(n) === path.extname(name))
        const chosen = same.length > 0 ? same : sides
        if (chosen.length > 1) {
          return refuse(path.join(folder, name), null, `has two right-hand sides: ${chosen.join(' and ')}`)
        }
        const b = chosen[0] === undefined ? undefined : path.join(folder, chosen[0])
        entries.push({ a: path.join(folder, name), b })
      }
      return entries.length === 0 ? refuse(folder, null, 'the folder holds no matrix', FORMATS) : E.right(entries)
    })
  )

/** Reads a file as one system and a folder as one for each of its matrices; the first that fails ends it. */
export const readSystems =
  (aPath: string, bPath?: string, limits: Limits = NO_LIMITS_GIVEN): TE.TaskEither<InputError, readonly SystemFile[]> =>
  async () => {
    if (!(await isFolder(aPath))) return TE.map((s: SystemFile) => [s])(readSystem(aPath, bPath, limits))()
    if (bPath !== undefined) {
      return refuse(aPath, null, `is a folder, so ${bPath} cannot be its b`, 'name the right-hand sides NAME.rhs.EXT')
    }
    return pipe(listFolder(aPath), TE.flatMap(TE.traverseSeqArray(({ a, b }) => readSystem(a, b, limits))))()
  }
