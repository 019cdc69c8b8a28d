/**
 * A process that trains one of the cases to be killed, keeping its state in FOLDER/state at least every third iteration, and
 * goes on from that file if it is there: `train-child NUMBER FOLDER`. It prints `+` for every iteration, `=` before it keeps
 * a state, or `|` where that is the end of a stage, and `.` when the state is kept. The result goes to FOLDER/result;
 * interrupts end it as they end `ansatz train`.
 */
import { existsSync, writeSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

import { read, show, write } from '../../runtime/checkpoint/checkpoint'
import { ofState } from '../../runtime/checkpoint/trained'
import { exits } from '../../runtime/cli/exit'
import { interruptible } from '../../runtime/cli/interrupt'
import { openDataset } from '../../runtime/data/dataset'
import { follow } from '../../runtime/train/train'
import { interval, killCases } from './kill-cases'
import { right } from './right'

const [number, folder] = process.argv.slice(2) as [string, string]
const { recipe, place, stored } = killCases[Number(number)]!
const at = (name: string): string => path.join(folder, name)
/** At once, so that nothing that was said is lost with the process. */
const say = (mark: string): void => void writeSync(1, mark)

const main = async (): Promise<void> => {
  const state = existsSync(at('state')) ? right(await read(at('state'))()).state : null
  const dataset = stored === null ? null : right(await openDataset(at('data'))())
  const { signal, release } = interruptible('')
  const trained = right(
    await follow(recipe, {
      ...(state === null ? place : { resume: state }),
      ...(dataset === null ? {} : { dataset }),
      signal,
      checkpointEvery: interval,
      onProgress: () => say('+'),
      onState: (now) => {
        say(now.iteration === 0 ? '|' : '=')
        return pipe(
          write(at('state'), ofState(recipe, now)),
          TE.mapLeft(show),
          TE.chainFirstIOK(() => () => say('.')),
          // So that a signal meets the run, and not its end.
          TE.chain(() => TE.fromTask(() => pause(2)))
        )
      }
    })()
  )
  release()
  await dataset?.close()
  if (trained._tag === 'interrupted') {
    process.exitCode = exits.interrupted.code
    return
  }
  right(await write(at('result'), { ...ofState(recipe, trained.state), state: null })())
}

void main()
