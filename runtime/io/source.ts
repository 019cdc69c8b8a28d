/**
 * The bytes of a file, of standard input, and the names in a folder.
 */
import type { Dirent } from 'node:fs'
import * as fs from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { type InputError, inputError, refuse } from './errors'

/** Standard input's name in messages. */
export const STDIN = 'standard input'

/** Node reads no larger file in one piece. */
export const MAX_BYTES = 2 ** 31 - 1

const CODES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'is a folder, expected a file',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the path is too long',
  EMFILE: 'too many files are open',
  ERR_INVALID_ARG_VALUE: 'the path holds a character that no path can hold',
  ERR_FS_FILE_TOO_LARGE: 'the file is above 2 GiB'
}

const codeOf = (cause: unknown): string =>
  typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown cause'

/** A failed system call as one sentence about the file. */
export const systemError = (file: string, cause: unknown, verb: 'read' | 'write'): InputError => {
  const code = codeOf(cause)
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  return inputError(file, null, known === undefined ? `cannot ${verb} it (${code})` : known)
}

const standardInput = async (limit: number): Promise<E.Either<InputError, Uint8Array>> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    length += chunks.at(-1)!.length
    if (length > limit) return refuse(STDIN, null, `more than ${limit} bytes`)
  }
  return E.right(Buffer.concat(chunks))
}

/** The bytes of a file, or of standard input for `-`; at most `limit` of them, and at least one. */
export const readBytes =
  (path: string, limit: number = MAX_BYTES): TE.TaskEither<InputError, Uint8Array> =>
  async () => {
    const name = path === '-' ? STDIN : path
    try {
      if (path !== '-') {
        const stat = await fs.stat(path)
        if (stat.isDirectory()) return refuse(name, null, CODES['EISDIR']!)
        if (stat.size > limit) return refuse(name, null, `has ${stat.size} bytes, above the limit of ${limit}`)
      }
      const bytes = path === '-' ? await standardInput(limit) : E.right(await fs.readFile(path))
      return E.isRight(bytes) && bytes.right.length === 0 ? refuse(name, null, 'the file is empty') : bytes
    } catch (cause) {
      return E.left(systemError(name, cause, 'read'))
    }
  }

export const isFolder = async (path: string): Promise<boolean> => {
  try {
    return path !== '-' && (await fs.stat(path)).isDirectory()
  } catch {
    return false
  }
}

/** The names of the files in a folder, sorted by code unit. */
export const fileNames =
  (folder: string): TE.TaskEither<InputError, readonly string[]> =>
  async () => {
    try {
      const entries: Dirent[] = await fs.readdir(folder, { withFileTypes: true })
      return E.right(
        entries
          .filter((e) => !e.isDirectory() && !e.name.startsWith('.'))
          .map((e) => e.name)
          .sort()
      )
    } catch (cause) {
      return E.left(systemError(folder, cause, 'read'))
    }
  }
