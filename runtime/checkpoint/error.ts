/**
 * What is wrong with a checkpoint, in one sentence that names the file.
 */
import * as E from 'fp-ts/Either'

/** `damaged`: not the bytes that were written; `foreign`: another format or version; `io`: the file system refused. */
export type CheckpointReason = 'damaged' | 'foreign' | 'io'

export interface CheckpointError {
  readonly _tag: 'CheckpointError'
  readonly file: string
  readonly reason: CheckpointReason
  /** One sentence without the file's name. */
  readonly cause: string
}

export const checkpointError = (file: string, reason: CheckpointReason, cause: string): CheckpointError => ({
  _tag: 'CheckpointError',
  file,
  reason,
  cause
})

export const refuse = (file: string, reason: CheckpointReason, cause: string): E.Either<CheckpointError, never> =>
  E.left(checkpointError(file, reason, cause))

/** Control characters and whatever else is not printing ASCII would spoil a terminal. */
const safe = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')

/** `FILE: CAUSE`. */
export const show = (e: CheckpointError): string => safe(`${e.file}: ${e.cause}`)
