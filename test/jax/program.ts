/** Small runs for the tests: a recipe, and the folder that `ansatz export` makes of it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { programFiles, stageOf, systemFiles } from '../../runtime/jax/files'
import { begin } from '../../runtime/train/train'
import { spd } from '../../spec/family'
import { infer } from '../../spec/infer'
import * as R from '../../spec/recipe'
import { catalogue } from '../../spec/zoo/catalogue'
import { right } from '../support/right'

const n = 4
const family = spd({ kappa: 5, sizes: n })

/** Every part of a stage takes part: warm-up, cosine, decay, clipping, epochs that batches do not divide, held-out systems. */
export const recipe = R.make({
  name: 'export-demo',
  model: catalogue['transformer-2']!.model(n),
  start: R.random(),
  stages: [
    R.epochs({
      family,
      batch: 8,
      systems: 20,
      epochs: 10,
      rate: { peak: 0.01, warmup: 5, decay: 'cosine' },
      weightDecay: 0.01,
      evaluation: { systems: 12, every: 10, patience: null }
    })
  ],
  seed: 3,
  valid: family
})

export const typed = right(infer(recipe.model))
export const stage = right(stageOf(recipe, typed))

/** The files of the program with those of its systems, in a folder that goes when `use` is done. */
export const inFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'jax-'))
  try {
    const state = right(await begin(recipe, { backend: 'javascript' })())
    const files = { ...right(programFiles(recipe, typed, state)), ...systemFiles(recipe, stage) }
    for (const [name, data] of Object.entries(files)) {
      const file = path.join(folder, name)
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, data)
    }
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
