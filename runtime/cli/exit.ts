/**
 * Exit codes, the same for every command, and how a failure becomes one of them and a sentence.
 */
import * as E from 'fp-ts/Either'

// --- model -----------------------------------------------------------------------------------------------------------

/** The one table of exit codes: `ansatz --help` and docs/commands.md show it. */
export const exits = {
  done: { code: 0, about: 'done: every answer is certified, every rung of the ladder holds' },
  internal: { code: 1, about: 'a fault of ansatz itself' },
  usage: { code: 2, about: 'a command, option or argument that does not exist or does not fit' },
  input: { code: 3, about: 'an input file that cannot be used, or an output file that cannot be written' },
  uncertified: { code: 4, about: 'an answer that is not certified' },
  backend: { code: 5, about: 'a backend or a drawing library that cannot run here, or that failed' },
  model: { code: 6, about: 'a model, checkpoint or recipe that is unknown, damaged or does not fit' },
  rung: {
    code: 7,
    about:
      'a rung of the agreement ladder that does not hold, an accuracy out of bounds, a guarantee that is violated, or a row of a report that failed'
  },
  interrupted: { code: 130, about: 'interrupted; training keeps a checkpoint to go on from' }
} as const

export type Exit = keyof typeof exits

/** Why a command ends early: an exit code and one sentence for people. */
export interface Failure {
  readonly _tag: 'Failure'
  readonly exit: Exit
  readonly message: string
}

/** What every command gives: how it ended, or why it failed. */
export type Outcome = E.Either<Failure, Exit>

// --- constructors ----------------------------------------------------------------------------------------------------

export const failure = (exit: Exit, message: string): Failure => ({ _tag: 'Failure', exit, message })

export const fail = (exit: Exit, message: string): E.Either<Failure, never> => E.left(failure(exit, message))

/** The error of a lower layer with the exit code that it stands for. */
export const failing =
  <A>(exit: Exit, sentence: (error: A) => string) =>
  (error: A): Failure =>
    failure(exit, sentence(error))

// --- destructors -----------------------------------------------------------------------------------------------------

/** The table as text. */
export const showExits = (): string =>
  Object.values(exits)
    .map(({ code, about }) => `  ${String(code).padStart(3)}  ${about}`)
    .join('\n')
