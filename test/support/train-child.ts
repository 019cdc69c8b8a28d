/**
 * A process that trains, keeping its state in a file after every other iteration, and goes on from that file if it is there:
 * `train-child.ts STATE RESULT`. It prints a dot before each state that it keeps.
 */
import { existsSync } from 'node:fs'
import * as TE from 'fp-ts/TaskEither'

import { read, show, write } from '../../runtime/checkpoint/checkpoint'
import { ofState } from '../../runtime/checkpoint/trained'
import { follow } from '../../runtime/train/train'
import { Family, Recipe, Zoo } from '../../spec'
import { right } from './right'

const family = Family.spd({ kappa: 5, sizes: { low: 2, high: 5 } })

/** Three stages, about a second and a half. */
const recipe = Recipe.make({
  name: 'killed',
  model: Zoo.blockLinear({ layers: 2, identityBlocks: 1 }),
  start: Recipe.random(),
  stages: [
    Recipe.scalarNodes({ kappas: [5], nodes: 40, iterations: 60, starts: 3 }),
    Recipe.levenbergMarquardt({ family, systems: 8, iterations: 60, redraw: 5 }),
    Recipe.adam({ family, steps: 150, batch: 16, rate: { peak: 1e-3, warmup: 5, decay: 'cosine' } })
  ],
  seed: 1,
  valid: family
})

const [stateFile, resultFile] = process.argv.slice(2) as [string, string]

const main = async (): Promise<void> => {
  const resume = existsSync(stateFile) ? right(await read(stateFile)()).state : null
  const result = await follow(recipe, {
    ...(resume === null ? {} : { resume }),
    checkpointEvery: 2,
    onState: (state) => {
      process.stdout.write('.')
      return TE.mapLeft(show)(write(stateFile, ofState(recipe, state)))
    }
  })()
  right(await write(resultFile, { ...ofState(recipe, right(result).state), state: null })())
}

void main()
