/**
 * Whole files or none: a temporary file beside the target, flushed to the disk, then renamed over it.
 */
import { type FileHandle, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { type CheckpointError, refuse } from './error'

/** The largest file that is read. */
const mostBytes = 2 ** 30

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'is a folder, expected a file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EFBIG: 'the file would be too large',
  ENAMETOOLONG: 'the path is too long',
  ERR_INVALID_ARG_VALUE: 'the path holds a character that no path can hold'
}

/** What the file system says of a failure, in words. */
export const sentence = (cause: unknown): string => {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown cause'
  return Object.hasOwn(sentences, code) ? sentences[code]! : code
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EPERM'
  }
}

/** Temporary files that killed processes left beside a target. */
const sweep = async (file: string): Promise<void> => {
  const folder = path.dirname(file)
  const before = `.${path.basename(file)}.`
  for (const name of await readdir(folder)) {
    if (!name.startsWith(before) || !name.endsWith('.tmp')) continue
    const pid = name.slice(before.length, -4)
    if (!/^[0-9]{1,10}$/.test(pid) || (Number(pid) !== process.pid && isRunning(Number(pid)))) continue
    await unlink(path.join(folder, name)).catch(() => undefined)
  }
}

/** Makes the new name itself last, where the system lets folders be flushed. */
const flushFolder = async (folder: string): Promise<void> => {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    // some systems cannot open folders
  }
}

/** Replace a file by these bytes; a reader, or a crash, sees the old file or the new one. */
export const writeWhole =
  (file: string, bytes: Uint8Array): TE.TaskEither<CheckpointError, void> =>
  async () => {
    const folder = path.dirname(file)
    const temporary = path.join(folder, `.${path.basename(file)}.${process.pid}.tmp`)
    let handle: FileHandle | undefined
    try {
      await sweep(file)
      handle = await open(temporary, 'wx')
      await handle.writeFile(bytes)
      await handle.sync()
      await handle.close()
      handle = undefined
      await rename(temporary, file)
      await flushFolder(folder)
      return E.right(undefined)
    } catch (cause) {
      await handle?.close().catch(() => undefined)
      await unlink(temporary).catch(() => undefined)
      return refuse(file, 'io', `cannot write it: ${sentence(cause)}`)
    }
  }

export const readWhole =
  (file: string): TE.TaskEither<CheckpointError, Uint8Array> =>
  async () => {
    try {
      const { size } = await stat(file)
      if (size > mostBytes) return refuse(file, 'foreign', `has ${size} bytes, above the limit of ${mostBytes}`)
      return E.right(await readFile(file))
    } catch (cause) {
      return refuse(file, 'io', `cannot read it: ${sentence(cause)}`)
    }
  }
